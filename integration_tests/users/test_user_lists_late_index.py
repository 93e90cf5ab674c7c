"""Streams of single users while the search index is late: the newest reading of each user has to be the tenant's."""

from datetime import datetime, timezone
from typing import Any

from auth0_simulator import Simulator
from testing.in_process import sync
from testing.syncs.hourly_syncs import HOUR
from testing.tenants import config_of

STREAMS = ("user_authentication_methods", "user_enrollments")
EVERY, LATENESS = 3, 6


def newest_readings(rows: list[dict[str, Any]]) -> dict[str, set[tuple[str, str]]]:
    """By user id, the id and name of each row of the latest reading."""
    latest: dict[str, str] = {}
    for row in rows:
        latest[row["user_id"]] = max(latest.get(row["user_id"], ""), row["read_at"])
    found: dict[str, set[tuple[str, str]]] = {}
    for row in rows:
        if row["read_at"] == latest[row["user_id"]]:
            found.setdefault(row["user_id"], set()).add((row["id"], row["name"]))
    return found


def change(sim: Simulator, user_ids: set[str], hour: int) -> None:
    """Rename what these users have, and log them in."""
    for user_id in user_ids:
        for row in [row for name in STREAMS for row in sim.tenant.rows(name, user_id)]:
            row["name"] = f"changed in hour {hour}"
        sim.tenant.login(user_id)


def test_two_streams_with_their_deep_look_back_lose_no_change() -> None:
    """A third of the users never stand still, and others change once; stalled for 3 hours, then out of order by 6."""
    with Simulator(users=60, organizations=0, log_events=0, now=datetime(2026, 3, 1, 12, tzinfo=timezone.utc)) as sim:
        sim.clock.freeze()
        # Without the log, which would name some of them.
        sim.scopes = [scope for scope in sim.scopes if scope != "read:logs"]
        look_backs = {"users_deep_look_back_every": EVERY, "users_index_lateness": LATENESS}
        config = config_of(sim, user_lists_deep_look_back=True, **look_backs)
        ids = sorted(sim.tenant.users)
        rows: dict[str, list[dict[str, Any]]] = {name: [] for name in STREAMS}
        state = None
        for hour in range(8 + EVERY + LATENESS + 1):
            sim.indexing.stalled = hour in {2, 3, 4}
            if hour == 5:
                sim.indexing.max_lateness = 6 * HOUR
            if hour < 8:
                change(sim, {*ids[::3], *ids[1 + 3 * hour :: 24]}, hour)
                sim.tenant.touch_users(ids[::3], every=1)
            else:
                sim.tenant.stop_touching()
            sim.clock.advance(HOUR)
            done = sync(config, *STREAMS, state=state)
            assert None is done.error
            state = done.state
            for name in STREAMS:
                rows[name] += done.records[name]
        for name in STREAMS:
            expected = {user: {(row["id"], row["name"]) for row in sim.tenant.rows(name, user)} for user in ids}
            assert {user: held for user, held in expected.items() if held} == newest_readings(rows[name]), name
