"""What is not established of the tenant's log: ids that are gone, late events, and its search."""

import re

from source_auth0.commands.probe.client import Answer, ProbeClient
from source_auth0.commands.probe.findings import (
    Finding,
    Question,
    contradicted,
    decided,
    established,
    refusal,
    shown,
    unknown,
)
from source_auth0.records import PAGE_SIZE, Row

LOGS = frozenset({"read:logs"})
NEWEST = {"sort": "date:-1", "page": 0, "per_page": PAGE_SIZE}
#: A log id of today's form: 900, the time to the millisecond, and a number.
LOG_ID = re.compile(r"(900)\d{17}(\d+)")
LONG_AGO = "20150101000000000"
#: How long late events are waited for, and how far from the newest one on their ids are looked for.
LATE_SECONDS, LATE_EVENTS = 10, 50


def newest_events(client: ProbeClient) -> list[Row]:
    """The newest events; empty where they cannot be read."""
    return client.get("logs", **NEWEST).rows


def newest_writes(client: ProbeClient) -> Answer:
    """The newest writes of the Management API."""
    return client.get("logs", q="type:sapi", **NEWEST)


def log_from_id_that_is_gone(client: ProbeClient) -> Finding:
    """Ask for what follows an event of 2015."""
    newest = next(iter(newest_events(client)), None)
    parts = LOG_ID.fullmatch(str(newest.get("log_id"))) if newest else None
    if parts is None:
        answer = client.get("logs", **NEWEST)
        return refusal(answer) or unknown("the log is empty, or its ids have another form")
    after = client.get("logs", from_=f"{parts[1]}{LONG_AGO}{parts[2]}", take=1)
    oldest = client.get("logs", sort="date:1", page=0, per_page=PAGE_SIZE)
    made_up = client.get("logs", from_="900", take=1)
    if not after.is_served:
        return contradicted(f"{shown(after)}; for an id of another form {shown(made_up)}", after, made_up)
    ids = {row.get("log_id") for row in oldest.rows}
    kind = "no event" if not after.rows else "an old event" if after.rows[0].get("log_id") in ids else "a newer event"
    return decided(
        holds=kind == "an old event",
        evidence=f"{shown(after)}, {kind}; for an id of another form {shown(made_up)}",
        answers=[made_up],
    )


def log_late_events(client: ProbeClient) -> Finding:
    """Read the end of the log twice, some seconds apart, and look for an event between those of the first time."""
    ids = sorted(str(event["log_id"]) for event in newest_events(client) if event.get("log_id"))
    if not ids:
        return refusal(client.get("logs", **NEWEST)) or unknown("the log is empty")
    anchor = ids[-LATE_EVENTS:][0]
    before = _ids_after(client, anchor)
    client.pause(LATE_SECONDS)
    after = _ids_after(client, anchor)
    new = set(after) - set(before)
    if before and any(log_id < max(before) for log_id in new):
        return established(f"seen within {LATE_SECONDS} seconds")
    return unknown(f"not seen within {LATE_SECONDS} seconds, {len(new)} new events")


def _ids_after(client: ProbeClient, log_id: str) -> list[str]:
    page = client.get_again("logs", from_=log_id, take=PAGE_SIZE)
    return [str(row["log_id"]) for row in page.rows if row.get("log_id")]


def log_search_by_type(client: ProbeClient) -> Finding:
    """Ask for writes of the Management API alone."""
    writes = newest_writes(client)
    if found := refusal(writes):
        return found
    if not writes.is_served:
        return contradicted(shown(writes), writes)
    if not writes.rows:
        return unknown("no event of the type was found")
    return decided(
        holds=all(row.get("type") == "sapi" for row in writes.rows),
        evidence=f"{shown(writes)}, {len({row.get('type') for row in writes.rows})} types for one that was asked for",
    )


QUESTIONS = (
    Question(
        "log_from_id_that_is_gone",
        "From an id that is gone, the log continues at the oldest event that is kept.",
        log_from_id_that_is_gone,
        LOGS,
    ),
    Question("log_late_events", "A late event may get an id before one that was read.", log_late_events, LOGS),
    Question("log_search_by_type", "The log's search finds events by type.", log_search_by_type, LOGS),
)
