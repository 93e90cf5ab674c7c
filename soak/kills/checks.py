"""What all rows of syncs that were killed have to come to, held against the tenant: sentences about what does not."""

from collections.abc import Iterable, Iterator
from typing import Any

from auth0_simulator import Simulator
from soak.kills.platform import Row, Rows
from soak.kills.tenant_activity import TenantHistory


def _of(stream: str, rows: Rows) -> Iterator[Row]:
    return (row for name, row in rows if name == stream)


def _missing(stream: str, truth: Iterable[Any], found: Iterable[Any]) -> list[str]:
    return [f"`{stream}` lacks {key}" for key in set(truth) - set(found)]


def _by_cursor(rows: Rows) -> dict[str, Row]:
    """The row of each user that a destination keeps which goes by the cursor."""
    last: dict[str, Row] = {}
    for row in _of("users", rows):
        if row["user_id"] not in last or last[row["user_id"]]["updated_at"] <= row["updated_at"]:
            last[row["user_id"]] = row
    return last


def users_are_the_tenants(sim: Simulator, _: TenantHistory, rows: Rows) -> list[str]:
    """The last row of each user who is there says what the tenant says."""
    last = _by_cursor(rows)
    return [
        f"`users` has an old row of {user}" if user in last else f"`users` lacks {user}"
        for user in sim.tenant.users
        if any(
            last.get(user, {}).get(name) != (sim.tenant.users.get(user) or {}).get(name)
            for name in ("updated_at", "logins_count")
        )
    ]


def nobody_else_is_there(sim: Simulator, _: TenantHistory, rows: Rows) -> list[str]:
    """Tombstones leave the tenant's users, whether rows are applied by their cursor or as they come."""
    tables = {"by its cursor": _by_cursor(rows), "as it came": {row["user_id"]: row for row in _of("users", rows)}}
    truth = set(sim.tenant.users)
    left = {how: {k for k, row in table.items() if not row.get("_ab_cdc_deleted_at")} for how, table in tables.items()}
    return [f"`users` is wrong about {user} {how}" for how, users in left.items() for user in users ^ truth]


def the_log_is_whole(sim: Simulator, _: TenantHistory, rows: Rows) -> list[str]:
    """Every event."""
    return _missing("logs", (e["log_id"] for e in sim.tenant.log.rows()), (row["log_id"] for row in _of("logs", rows)))


def what_is_made_of_it_is_whole(sim: Simulator, happened: TenantHistory, rows: Rows) -> list[str]:
    """Every write, every deletion, and no deletion twice."""
    writes = (event["log_id"] for event in sim.tenant.log.rows() if event["type"] == "sapi")
    deletions = {row["log_id"]: row["user_id"] for row in _of("user_deletions", rows)}
    told = [user for log_id, user in deletions.items() if int(log_id[20:]) > sim.tenant.log.seeded]
    return [
        *_missing("changes", writes, (row["log_id"] for row in _of("changes", rows))),
        *_missing("user_deletions", happened.deleted, told),
        *(
            f"`user_deletions` has {user} {told.count(user)} times"
            for user in set(told)
            if told.count(user) > happened.deleted.count(user)
        ),
    ]


def the_last_reading_is_true(sim: Simulator, _: TenantHistory, rows: Rows, stream: str) -> list[str]:
    """The rows of the last reading of each user are the tenant's."""
    last: dict[str, tuple[str, set[str]]] = {}
    for row in _of(stream, rows):
        if row["read_at"] > last.get(row["user_id"], ("", set()))[0]:
            last[row["user_id"]] = row["read_at"], set()
        if row["read_at"] == last[row["user_id"]][0]:
            last[row["user_id"]][1].add(row["id"])
    return [
        f"`{stream}` is wrong about {user}"
        for user in sim.tenant.users
        if (truth := _listed(sim, stream, user)) and truth != last.get(user, ("", set()))[1]
    ]


def _listed(sim: Simulator, stream: str, user: str) -> set[str]:
    if stream == "user_roles":
        return {role for role, _ in sim.tenant.parents_of("role_users", user)}
    return {row["id"] for row in sim.tenant.uncached_rows(stream, user)}


def events_are_all_there(sim: Simulator, _: TenantHistory, rows: Rows) -> list[str]:
    """Every event of the Events API."""
    return _missing("events", (event["id"] for _, event in sim.events.entries), (r["id"] for r in _of("events", rows)))


def the_list_is_whole(sim: Simulator, _: TenantHistory, rows: Rows, stream: str) -> list[str]:
    """Every row of a list."""
    key = "client_id" if stream == "clients" else "id"
    return _missing(stream, (row[key] for row in sim.tenant.rows(stream)), (row[key] for row in _of(stream, rows)))
