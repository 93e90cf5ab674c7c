"""The checks that find out whether killed syncs lost data do detect such losses."""

import json
import signal
from random import Random
from types import SimpleNamespace
from typing import Any

import pytest

from auth0_simulator import Simulator
from soak.kills import checks
from soak.kills.kill_points import KINDS, draw_kill_point
from soak.kills.outcome import Outcome
from soak.kills.platform import OutputUntilCrash, Platform
from soak.kills.processes.sync_process import ProcessExit
from soak.kills.state_monotonicity import state_regression, state_regressions
from soak.kills.tenant_activity import METHODS, TenantHistory, simulate_activity

SIM: Any = SimpleNamespace(events=SimpleNamespace(index_after=len))
DAY = "2026-01-0{}T00:00:00.000Z"


def log_id(slot: int) -> str:
    return f"900{'0' * 17}{slot:036d}"


def users(low: int, until: int = 0, *ranges: tuple[int, int]) -> dict[str, Any]:
    opened = {"open": [[DAY.format(a), DAY.format(b)] for a, b in ranges], "until": DAY.format(until)}
    return {"updated_at": DAY.format(low), **(opened if ranges else {})}


def log(low: int, until: int = 0, *ranges: tuple[int, int]) -> dict[str, Any]:
    opened = {"open": [[log_id(a), log_id(b), DAY.format(1)] for a, b in ranges], "until": log_id(until)}
    return {"log_id": log_id(low), "date": DAY.format(1), **(opened if ranges else {})}


def user_lists(last: str, *pending: str, until: int = 2) -> dict[str, Any]:
    return {
        "updated_at": DAY.format(1),
        "open": {"until": DAY.format(until), "asked": last, "left": list(pending)},
    }


def deletions(number: int) -> dict[str, Any]:
    return {"deletions": {"log_id": log_id(1), "users": {f"auth0|{n:024}": DAY.format(1) for n in range(number)}}}


@pytest.mark.parametrize(
    ("stream", "before", "after", "wrong"),
    [
        ("users", {}, users(1, 9, (1, 9)), ""),
        ("users", users(1, 9, (1, 9)), users(1, 9, (1, 2), (5, 9)), ""),
        ("users", users(1, 9, (1, 2), (5, 9)), users(9), ""),
        ("users", users(3), users(4), ""),
        ("users", users(4), users(3), "the low-water mark goes back"),
        ("users", users(1, 9, (1, 9)), users(1, 8, (1, 8)), "the end goes back"),
        ("users", users(1, 9, (1, 2), (5, 9)), users(1, 9, (1, 3), (5, 9)), "was done, and is open again"),
        ("users", {**users(1), "deletions": {"log_id": log_id(7)}}, users(2), "deletions go back"),
        ("users", users(1), {**users(2), **deletions(500)}, ""),
        ("users", users(1), {**users(2), **deletions(501)}, "names 501 deleted users"),
        ("logs", log(1, 9, (1, 4), (6, 9)), log(3, 12, (3, 4), (6, 12)), ""),
        ("logs", log(1, 9, (1, 4), (6, 9)), log(1, 9, (1, 5)), "was done, and is open again"),
        ("changes", log(7), log(8), ""),
        ("changes", log(8), log(7), "the low-water mark goes back"),
        ("events", {"offset": "xx"}, {"offset": "xxx"}, ""),
        ("events", {"offset": "xxx"}, {"offset": "xx"}, "the low-water mark goes back"),
        (METHODS, user_lists("c"), user_lists("f", "e"), ""),
        (METHODS, user_lists("f", "b"), user_lists("f"), ""),
        (METHODS, user_lists("f"), {"updated_at": DAY.format(2)}, ""),
        (METHODS, user_lists("f"), user_lists("c"), "users are asked again"),
        (METHODS, user_lists("f", "b"), user_lists("g", "c"), "users are asked again: ['c']"),
        (METHODS, user_lists("f", until=3), user_lists("a", until=4), "a round was left before it was over"),
        (METHODS, {"updated_at": DAY.format(2)}, user_lists("a"), "the mark goes back"),
        ("roles", {"x": 1}, {"x": "y" * 3000}, "it has 30"),
    ],
)
def test_a_state_that_goes_back_is_reported(stream: str, before: Any, after: Any, wrong: str) -> None:
    found = state_regression(stream, SIM, before, after, begins=False)
    assert wrong in found
    assert bool(wrong) == bool(found)


def line(kind: str, **content: Any) -> bytes:
    return json.dumps({"type": kind.upper(), kind: content}).encode()


def state(stream: str, content: dict[str, Any]) -> bytes:
    return line("state", stream={"stream_descriptor": {"name": stream}, "stream_state": content})


def test_a_sync_that_goes_on_from_an_older_state_keeps_the_rows_behind_it() -> None:
    platform = Platform()
    platform.take(line("record", stream="users", data={"n": 1}))
    platform.take(state("users", users(2)))
    platform.take(line("record", stream="users", data={"n": 2}))
    platform.take(state("users", users(3)))
    platform.begin(platform.saved[1])
    assert (2, users(2), {"users": (range(1),)}) == (
        len(platform.rows),
        platform.saved[-1].of("users"),
        platform.saved[-1].covered,
    )
    platform.take(state("users", users(1)))
    (found,) = state_regressions(platform, 4, ["users"], SIM)
    assert "the low-water mark goes back" in found


def test_the_look_back_of_a_new_sync_is_no_regression() -> None:
    """Also where a state that is emitted after tombstones comes first."""
    platform = Platform()
    platform.take(state("users", users(2)))
    platform.begin(platform.saved[-1])
    low = "2026-01-01T23:55:00.000Z"
    again = {"updated_at": low, "open": [[low, DAY.format(3)]], "until": DAY.format(3)}
    platform.take(state("users", {**users(2), "deletions": {"log_id": log_id(8)}}))
    platform.take(state("users", {**again, "deletions": {"log_id": log_id(8)}}))
    assert [] == state_regressions(platform, 3, ["users"], SIM)
    platform.take(state("users", users(2)))
    assert "deletions go back" in state_regressions(platform, 3, ["users"], SIM)[0]


def test_after_a_crash_no_output_is_taken_and_a_partial_message_is_reported() -> None:
    taken = OutputUntilCrash(Platform(), lambda line: line == b"last")
    assert [True, False] == [taken(b'{"type":"REC'), taken(b"last")]
    assert "a line is no message" in taken.errors[0]


@pytest.mark.parametrize(
    ("ended", "wrong"),
    [
        (ProcessExit(0, None, b"", "", is_hung=False), []),
        (ProcessExit(-9, signal.SIGKILL, b'{"ty', "", is_hung=False), []),
        (ProcessExit(-15, signal.SIGTERM, b"", "", is_hung=False), []),
        (ProcessExit(1, None, b"", "", is_hung=False), ["the exit code is 1"]),
        (ProcessExit(143, signal.SIGTERM, b'{"ty', "", is_hung=False), ["the exit code is 143", "half a line"]),
        (ProcessExit(-2, signal.SIGINT, b"", "Traceback", is_hung=False), ["stderr has 'Traceback'"]),
        (ProcessExit(-9, signal.SIGTERM, b"", "", is_hung=True), ["it did not end, though told to"]),
    ],
)
def test_an_unexpected_process_exit_is_reported(ended: ProcessExit, wrong: list[str]) -> None:
    found = ended.problems(is_complete=False)
    assert len(wrong) == len(found)
    assert all(part in problem for part, problem in zip(wrong, found, strict=True))


def test_a_row_missing_from_a_union_is_named() -> None:
    """After many deeds, rows made of the tenant itself hold, and without one of them, each check names it."""
    with Simulator(users=40, organizations=2, log_events=30) as sim:
        happened, chance = TenantHistory(), Random(3)
        simulate_activity(sim, happened, chance, 200)
        tenant = sim.tenant
        users = [("users", tenant.users.get(user)) for user in tenant.users]
        logs = [("logs", event) for event in tenant.log.rows()]
        writes = [("changes", event) for _, event in logs if event["type"] == "sapi"]
        slot = tenant.log.seeded
        deletions = [
            ("user_deletions", {"log_id": log_id(slot + n + 1), "user_id": user})
            for n, user in enumerate(happened.deleted)
        ]
        events = [("events", event) for _, event in sim.events.entries]
        roles = [("roles", role) for role in tenant.roles]
        readings = [
            (METHODS, {**row, "user_id": user, "read_at": DAY.format(1)})
            for user in tenant.users
            for row in tenant.uncached_rows(METHODS, user)
        ]
        for check, rows, more in (
            (checks.users_match_the_tenant, users, {}),
            (checks.only_existing_users_remain, users, {}),
            (checks.logs_are_complete, logs, {}),
            (checks.derived_streams_are_complete, [*deletions, *writes], {}),
            (checks.events_are_complete, events, {}),
            (checks.list_is_complete, roles, {"stream": "roles"}),
            (checks.latest_reading_matches_the_tenant, readings, {"stream": METHODS}),
        ):
            assert ([], True) == (check(sim, happened, rows, **more), bool(rows)), check
            assert check(sim, happened, rows[1:], **more), check
        assert checks.derived_streams_are_complete(sim, happened, [*deletions, *writes, deletions[0]]) == []
        again = ("user_deletions", {**deletions[0][1], "log_id": log_id(slot + 10_000)})
        assert "has" in checks.derived_streams_are_complete(sim, happened, [*deletions, *writes, again])[0]


def test_every_kind_of_kill_time_is_drawn() -> None:
    with Simulator(users=1, organizations=0, log_events=0) as sim:
        kinds = {draw_kill_point(Random(seed), sim, 100, 10, export=True).kind for seed in range(200)}
    assert set(KINDS) == kinds


def test_outcomes_add_up_to_a_line() -> None:
    whole = Outcome(repeats=[1, 5])
    whole.count(ProcessExit(-15, signal.SIGTERM, b"", "", is_hung=False), "after a time")
    whole.add(Outcome(runs=2, kills=1, repeats=[9], complaints=["a"]))
    assert (3, 2, ["after a time"], ["a"]) == (whole.runs, whole.kills, whole.kill_points, whole.complaints)
    assert "5 repeats a kill, 9 at most" == whole.repeated
