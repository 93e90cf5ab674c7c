"""How much of the tenant's log is still to be read: nobody counts it, but events are dense or sparse as they come."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any

from source_auth0.progress.advice import log_advice
from source_auth0.progress.expectation import ABOUT, Expectation
from source_auth0.retrievers.log_events.ordering import LogPosition, event_milliseconds
from source_auth0.retrievers.logs.range_reader import LogRange
from source_auth0.retrievers.logs.tenant_log import TenantLog
from source_auth0.timestamps import to_milliseconds

HOUR_MS = 3_600_000


def events_expected(ranges: Sequence[LogRange], config: Mapping[str, Any]) -> Expectation:
    """The events that ranges still have, each at the density of its last page, or that of the others before it has one.

    It looks at ranges that threads are reading, and waits for no lock.
    """
    reading = [log_range for log_range in ranges if log_range.being_read]
    paces = [max(pace, 1.0) for log_range in reading if (pace := log_range.ms_per_event) is not None]
    advice = log_advice(config)
    if not paces:
        return Expectation(left=0 if ranges and not reading else None, certainty=ABOUT, advice=advice)
    mean = len(paces) / sum(1 / pace for pace in paces)
    left = sum(_milliseconds_left(log_range) / max(log_range.ms_per_event or mean, 1.0) for log_range in reading)
    return Expectation(left=round(left), certainty=ABOUT, advice=advice)


def waiting_for_log(log: TenantLog, read_up_to: LogPosition) -> AbstractContextManager[None]:
    """The wait of a stream that is made of the log until more of it is read, by itself or by another stream."""
    so_far = f", read up to {read_up_to.date} so far" if read_up_to.date else ""
    return log.tenant.progress.waiting(log.requester.name, "log", lambda: f"the tenant's log{so_far}")


def hours_expected(log: TenantLog, begin: LogPosition, read_up_to: LogPosition) -> Expectation:
    """The hours of the log from a position on, and those of them that are read, for rows made of some of its events."""
    # Whoever begins with the log's first event has read it in this sync.
    first = next(iter(log.following(begin)), None) if not begin.date else {"date": begin.date}
    low = event_milliseconds(first or {})
    if low is None or not (read_up_to.date and log.end.date):
        return Expectation()
    at, high = to_milliseconds(read_up_to.date), to_milliseconds(log.end.date)
    total = max(high - low, 0) // HOUR_MS
    done, advice = min(max(at - low, 0) // HOUR_MS, total), log_advice(log.tenant.config)
    return Expectation(total, done=done, unit="hours of the log", per_request=0, advice=advice)


def _milliseconds_left(log_range: LogRange) -> float:
    start, end = log_range.read_up_to.date, log_range.split_up_to
    return max(end - to_milliseconds(start), 0) if start else 0.0
