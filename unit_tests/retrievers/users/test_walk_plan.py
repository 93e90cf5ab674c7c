from typing import Any

import pytest

from source_auth0.retrievers.users.state import UserFilter, UserState
from source_auth0.retrievers.users.walk_plan import EPOCH, plan_full_refresh, plan_incremental
from source_auth0.timestamps import to_iso
from testing.fakes.event_log import FixedClockTenant
from testing.fakes.times import MIDNIGHT, timestamp
from testing.fakes.user_sync import EVERYBODY, state_of

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
NOON_MS = MIDNIGHT + 12 * HOUR_MS
CURSOR = timestamp(40_000)
CURSOR_MS = MIDNIGHT + 40_000_000
LOOK_BACK_MS = 300_000
#: Of a sync that was killed while it read the ranges that a wide filter added, and looked back deeply.
UNFINISHED = {
    "updated_at": timestamp(1000),
    "v": 2,
    "open": [[timestamp(1000), timestamp(2000)]],
    "until": CURSOR,
    "walk": {"deep_at": timestamp(3000), "read_with": EVERYBODY},
}


def planned(saved: dict[str, Any], every: int = 0, **config: Any) -> Any:
    return plan_incremental(FixedClockTenant(config), UserState.of(saved), every)


def ranges(saved: dict[str, Any], every: int = 0, **config: Any) -> list[tuple[str, str | None]]:
    return [(to_iso(low), high and to_iso(high)) for low, high in planned(saved, every, **config).ranges]


def test_a_full_refresh_reads_everybody_whatever_the_start_date():
    plan = plan_full_refresh(FixedClockTenant({"start_date": timestamp(5)}))
    assert ([(EPOCH, None)], True, 0) == (plan.ranges, plan.is_deep, plan.every)


@pytest.mark.parametrize(("config", "begin"), [({}, to_iso(EPOCH)), ({"start_date": timestamp(5)}, timestamp(5))])
def test_without_a_state_everybody_who_is_wanted_is_read(config: dict[str, Any], begin: str):
    plan = planned({}, DAY_MS, **config)
    assert [(begin, None)] == ranges({}, DAY_MS, **config)
    assert (True, DAY_MS, None) == (plan.is_deep, plan.every, plan.deep_at)


def test_a_sync_begins_a_look_back_before_the_cursor():
    plan = planned(state_of(CURSOR))
    assert ([(CURSOR_MS - LOOK_BACK_MS, None)], False) == (plan.ranges, plan.is_deep)


@pytest.mark.parametrize(
    ("deep_at", "begin"),
    [
        (None, CURSOR_MS - 2 * DAY_MS),
        (NOON_MS - DAY_MS + 1, CURSOR_MS - LOOK_BACK_MS),
        (NOON_MS - DAY_MS, CURSOR_MS - 2 * DAY_MS),
        (NOON_MS - 9 * DAY_MS, NOON_MS - 10 * DAY_MS),
    ],
)
def test_a_deep_look_back_begins_where_the_last_one_may_have_missed_somebody(deep_at: int | None, begin: int):
    """Its interval and the lateness of the index before the cursor, or the lateness before the last one."""
    saved = state_of(CURSOR) if deep_at is None else state_of(CURSOR, deep_at=to_iso(deep_at))
    plan = planned(saved, DAY_MS)
    assert [(begin, None)] == plan.ranges
    assert plan.is_deep == (begin < CURSOR_MS - LOOK_BACK_MS)


def test_a_look_back_longer_than_a_deep_one_is_kept():
    assert [(CURSOR_MS - 5 * DAY_MS, None)] == planned(state_of(CURSOR), DAY_MS, users_look_back=5 * 86_400).ranges


def test_no_range_begins_before_the_start_date():
    assert [(timestamp(39_900), None)] == ranges(state_of(CURSOR), DAY_MS, start_date=timestamp(39_900))


def test_an_unfinished_deep_look_back_is_resumed_and_not_begun_again():
    plan = planned(UNFINISHED, DAY_MS)
    assert [(timestamp(1000), timestamp(2000)), (timestamp(39_700), None)] == ranges(UNFINISHED, DAY_MS)
    assert (True, MIDNIGHT + 3_000_000) == (plan.is_deep, plan.deep_at)


def test_an_unfinished_sync_that_was_no_deep_look_back_may_become_one():
    plan = planned({**UNFINISHED, "walk": {"read_with": EVERYBODY}}, DAY_MS)
    assert [(MIDNIGHT + 1_000_000, MIDNIGHT + 2_000_000), (CURSOR_MS - 2 * DAY_MS, None)] == plan.ranges
    assert (True, None) == (plan.is_deep, plan.deep_at)


@pytest.mark.parametrize(
    ("wanted", "added"),
    [
        ({}, [(to_iso(EPOCH), timestamp(5000))]),
        ({"start_date": timestamp(4000)}, [(timestamp(4000), timestamp(5000))]),
        ({"start_date": timestamp(5000)}, []),
        ({"start_date": timestamp(6000)}, []),
    ],
)
@pytest.mark.parametrize("is_unfinished", [True, False])
def test_an_earlier_start_date_adds_the_range_in_between(
    wanted: dict[str, Any], added: list[tuple[str, str]], is_unfinished: bool
):
    """An unfinished sync tells by its `walk` what was read; `read_with` is of the one before it."""
    read_with = {**EVERYBODY, "start_date": timestamp(5000)}
    saved = state_of(CURSOR, read_with=read_with)
    still_open = [(timestamp(7000), timestamp(8000))] * is_unfinished
    if is_unfinished:
        pairs = {"updated_at": timestamp(7000), "open": [[*still_open[0]]], "until": CURSOR}
        saved = {**saved, **pairs, "read_with": EVERYBODY, "walk": {"read_with": read_with}}
    assert [*added, *still_open, (timestamp(39_700), None)] == ranges(saved, **wanted)


@pytest.mark.parametrize(
    ("read", "wanted", "is_all"),
    [
        *((["a"], ["a", "b"], True), (["a"], None, True), (["a"], ["b"], True)),
        *((["a", "b"], ["a"], False), (None, ["a"], False), (["a"], ["a"], False)),
    ],
)
def test_a_connection_that_was_not_read_reads_everybody(read: list[str] | None, wanted: list[str] | None, is_all: bool):
    read_with = UserFilter.of(FixedClockTenant({"users_connections": read})).state
    plan = planned(state_of(CURSOR, read_with=read_with), users_connections=wanted)
    assert [(EPOCH if is_all else CURSOR_MS - LOOK_BACK_MS, None)] == plan.ranges
    assert is_all == plan.is_deep


def test_the_beginning_of_a_plan_is_that_of_its_earliest_range():
    assert MIDNIGHT + 1_000_000 == planned(UNFINISHED).begin
