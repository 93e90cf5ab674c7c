"""Compares the rows of all killed and resumed syncs with the tenant; each check returns a message per difference."""

from collections.abc import Iterable, Iterator
from typing import Any

from auth0_simulator import Simulator
from soak.kills.platform import Row, Rows
from soak.kills.tenant_activity import TenantHistory


def _rows_of(stream: str, rows: Rows) -> Iterator[Row]:
    return (row for name, row in rows if name == stream)


def _missing(stream: str, expected: Iterable[Any], actual: Iterable[Any]) -> list[str]:
    return [f"`{stream}` lacks {key}" for key in set(expected) - set(actual)]


def _by_cursor(rows: Rows) -> dict[str, Row]:
    """The row of each user that a destination keeps if it deduplicates by the cursor."""
    latest: dict[str, Row] = {}
    for row in _rows_of("users", rows):
        if row["user_id"] not in latest or latest[row["user_id"]]["updated_at"] <= row["updated_at"]:
            latest[row["user_id"]] = row
    return latest


def users_match_the_tenant(sim: Simulator, _: TenantHistory, rows: Rows) -> list[str]:
    """The last row of each existing user equals the tenant's."""
    latest = _by_cursor(rows)
    return [
        f"`users` has an old row of {user}" if user in latest else f"`users` lacks {user}"
        for user in sim.tenant.users
        if any(
            latest.get(user, {}).get(name) != (sim.tenant.users.get(user) or {}).get(name)
            for name in ("updated_at", "logins_count")
        )
    ]


def only_existing_users_remain(sim: Simulator, _: TenantHistory, rows: Rows) -> list[str]:
    """With tombstones applied, exactly the tenant's users remain, whether rows are applied by cursor or by arrival."""
    tables = {"by its cursor": _by_cursor(rows), "as it came": {row["user_id"]: row for row in _rows_of("users", rows)}}
    expected = set(sim.tenant.users)
    remaining = {
        how: {k for k, row in table.items() if not row.get("_ab_cdc_deleted_at")} for how, table in tables.items()
    }
    return [f"`users` is wrong about {user} {how}" for how, users in remaining.items() for user in users ^ expected]


def logs_are_complete(sim: Simulator, _: TenantHistory, rows: Rows) -> list[str]:
    """`logs` has every log event."""
    return _missing(
        "logs", (e["log_id"] for e in sim.tenant.log.rows()), (row["log_id"] for row in _rows_of("logs", rows))
    )


def derived_streams_are_complete(sim: Simulator, history: TenantHistory, rows: Rows) -> list[str]:
    """`changes` has every API write; `user_deletions` has every deletion, none of them twice."""
    writes = (event["log_id"] for event in sim.tenant.log.rows() if event["type"] == "sapi")
    deletions = {row["log_id"]: row["user_id"] for row in _rows_of("user_deletions", rows)}
    reported = [user for log_id, user in deletions.items() if int(log_id[20:]) > sim.tenant.log.seeded]
    return [
        *_missing("changes", writes, (row["log_id"] for row in _rows_of("changes", rows))),
        *_missing("user_deletions", history.deleted, reported),
        *(
            f"`user_deletions` has {user} {reported.count(user)} times"
            for user in set(reported)
            if reported.count(user) > history.deleted.count(user)
        ),
    ]


def latest_reading_matches_the_tenant(sim: Simulator, _: TenantHistory, rows: Rows, stream: str) -> list[str]:
    """The rows with each user's latest `read_at` are the tenant's."""
    latest: dict[str, tuple[str, set[str]]] = {}
    for row in _rows_of(stream, rows):
        if row["read_at"] > latest.get(row["user_id"], ("", set()))[0]:
            latest[row["user_id"]] = row["read_at"], set()
        if row["read_at"] == latest[row["user_id"]][0]:
            latest[row["user_id"]][1].add(row["id"])
    return [
        f"`{stream}` is wrong about {user}"
        for user in sim.tenant.users
        if (expected := _listed(sim, stream, user)) and expected != latest.get(user, ("", set()))[1]
    ]


def _listed(sim: Simulator, stream: str, user: str) -> set[str]:
    if stream == "user_roles":
        return {role for role, _ in sim.tenant.parents_of("role_users", user)}
    return {row["id"] for row in sim.tenant.uncached_rows(stream, user)}


def events_are_complete(sim: Simulator, _: TenantHistory, rows: Rows) -> list[str]:
    """`events` has every event of the Events API."""
    return _missing(
        "events", (event["id"] for _, event in sim.events.entries), (r["id"] for r in _rows_of("events", rows))
    )


def list_is_complete(sim: Simulator, _: TenantHistory, rows: Rows, stream: str) -> list[str]:
    """The stream has every row of a list."""
    key = "client_id" if stream == "clients" else "id"
    return _missing(stream, (row[key] for row in sim.tenant.rows(stream)), (row[key] for row in _rows_of(stream, rows)))
