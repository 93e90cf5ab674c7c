from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from testing.fakes.times import timestamp
from testing.fakes.user_search import User, UserDirectory, users_at
from testing.fakes.user_sync import UserSync, newest_rows

DAY = 86_400
HOUR = 3600
NOON = 43_200


class LateDirectory(UserDirectory):
    """A user search whose index is late: it shows each version of a user only from some second on.

    shown_at: the second at which a version is shown, by its user's id and `updated_at`; others are shown at once. at:
    the second of the current sync.
    """

    def __init__(self, versions: list[User], **options: Any) -> None:
        super().__init__([], **options)
        self.versions = versions
        self.shown_at: dict[tuple[str, str], float] = {}
        self.at = float(NOON)

    def show(self) -> None:
        """Let the index show what it does at this second."""
        now = timestamp(self.at)
        shown = [
            user
            for user in self.versions
            if user["updated_at"] <= now and self.shown_at.get((user["user_id"], user["updated_at"]), 0.0) <= self.at
        ]
        self.users = sorted(newest_rows(shown).values(), key=lambda user: user["user_id"])

    def get(self, part: Any, query: dict[str, Any]) -> Any:
        self.show()
        return super().get(part, query)

    def sync(self, second: float, saved: dict[str, Any] | None = None, **config: Any) -> UserSync:
        """A sync at this second, read to its end."""
        self.at = second
        sync = UserSync(self, saved, second=second, **config)
        sync.read_all()
        return sync

    @property
    def table(self) -> dict[str, User]:
        """What the tenant holds."""
        now = timestamp(self.at)
        return newest_rows(user for user in self.versions if user["updated_at"] <= now)


def state(sync: UserSync) -> dict[str, Any]:
    return sync.states[-1][1]


def version(number: int, second: float) -> User:
    """A user as last updated at this second."""
    return {**users_at(0)[0], "user_id": f"auth0|{number:05d}", "updated_at": timestamp(second)}


def stalled(users: list[User], since: float, until: float) -> LateDirectory:
    """An index that shows nothing updated after one second until another one."""
    directory = LateDirectory(users)
    late = [user for user in users if timestamp(since) < user["updated_at"]]
    directory.shown_at = {(user["user_id"], user["updated_at"]): until for user in late}
    return directory


@pytest.mark.parametrize("number", [50, 2000])
def test_the_cursor_waits_for_a_stalled_index_and_every_user_is_read_then(number: int):
    """For three days, longer than any deep look-back goes."""
    second = 2 * HOUR
    users = [version(n, n * second / number) for n in range(number)]
    users += [version(number + n, second + 1 + n) for n in range(150)]
    directory = stalled(users, second, NOON + 3 * DAY)
    rows: list[User] = []
    saved = None
    for day in range(4):
        sync = directory.sync(NOON + day * DAY, saved, users_deep_look_back_every=0)
        rows += sync.rows
        saved = state(sync)
        if day < 3:
            assert users[number - 1]["updated_at"] == saved["updated_at"]
    assert users[-1]["updated_at"] == saved["updated_at"]
    assert directory.table == newest_rows(rows)


@pytest.mark.parametrize("number", [50, 1000])
def test_an_index_that_catches_up_behind_the_walk_proves_nothing_of_what_the_walk_was_shown(number: int):
    """It was stalled while the walk proper was read; the closing walk gets an answer about the time after."""
    second = NOON + 5 * DAY
    users = [version(n, n * 7200 / number) for n in range(number)]
    users += [version(number + n, 7300 + n * 60) for n in range(200)]
    directory = stalled([*users, version(9999, second - 10)], 7200, float("inf"))

    def catch_up(query: dict[str, Any]) -> None:
        if query.get("q", "").startswith(("created_at", "NOT")):
            directory.shown_at.clear()

    directory.on_query = catch_up
    first = directory.sync(second)
    assert users[number - 1]["updated_at"] == state(first)["updated_at"]
    assert directory.table == newest_rows([*first.rows, *directory.sync(second + HOUR, state(first)).rows])


def test_a_user_shown_late_and_out_of_order_is_read_by_the_next_deep_look_back():
    """It is a day late at most: here nearly."""
    late, users = version(0, NOON - HOUR), [version(n, NOON - 60 * n) for n in range(1, 20)]
    directory = LateDirectory([late, *users])
    directory.shown_at = {("auth0|00000", late["updated_at"]): NOON + 22 * HOUR}
    first = directory.sync(NOON)
    assert "auth0|00000" not in first.newest
    soon = directory.sync(NOON + 23 * HOUR, state(first))
    assert "auth0|00000" not in soon.newest
    deep = directory.sync(NOON + 24 * HOUR, state(soon))
    assert timestamp(NOON + 24 * HOUR) == state(deep)["deep_at"]
    assert directory.table == newest_rows([*first.rows, *soon.rows, *deep.rows])


def test_a_deep_look_back_after_a_long_pause_begins_at_the_last_one_less_the_lateness():
    """What was shown since then was updated a day before it at most; two days before the cursor would be too late."""
    late = version(0, NOON - 23 * HOUR)
    directory = LateDirectory([late, version(1, NOON - 60), version(2, NOON + 9 * DAY), version(3, NOON + 10 * DAY)])
    directory.shown_at = {("auth0|00000", late["updated_at"]): NOON + HOUR / 2}
    first = directory.sync(NOON)
    paused = {**state(first), "updated_at": timestamp(NOON + 9 * DAY)}
    recent = directory.sync(NOON + 10 * DAY, {**paused, "deep_at": timestamp(NOON + 9.5 * DAY)})
    assert "auth0|00000" not in recent.newest
    assert "auth0|00000" in directory.sync(NOON + 10 * DAY, paused).newest


@pytest.mark.parametrize("stall", [None, 6 * HOUR])
@pytest.mark.parametrize("number", [50, 1000])
def test_a_user_who_moves_at_every_query_is_in_every_sync(number: int, stall: float | None):
    """In the order of `updated_at` a page would always end before it."""
    users = [version(n, n) for n in range(1, number)]
    users[0]["updated_at"] = timestamp(5 * HOUR)
    directory = LateDirectory([*users, version(0, stall or 0)])
    clock = [float(HOUR)]

    def move(_: Any) -> None:
        clock[0] += 1
        moved = version(0, clock[0])
        if stall is not None and clock[0] > stall:
            directory.shown_at[moved["user_id"], moved["updated_at"]] = float("inf")
        directory.versions.append(moved)

    directory.on_query = move
    saved = None
    for second in (7 * HOUR, 8 * HOUR, 9 * HOUR):
        clock[0] = second - 300.0
        sync = directory.sync(second, saved)
        saved = state(sync)
        assert "auth0|00000" in sync.newest


@pytest.mark.parametrize("number", [3, 500])
def test_a_user_dated_in_the_future_proves_nothing(number: int):
    """It matches every lower bound, however far the index is behind."""
    future, users = version(0, 400 * DAY), [version(n, n) for n in range(1, number)]
    directory = UserDirectory([*users, future])
    first = UserSync(directory)
    first.read_all()
    assert newest_rows(directory.users) == first.newest
    assert users[-1]["updated_at"] == state(first)["updated_at"]
    second = UserSync(directory, state(first))
    second.read_all()
    assert users[-1]["updated_at"] == state(second)["updated_at"]


def resumed_from_each_state(
    directory: LateDirectory, second: float, saved: dict[str, Any] | None, later: float, **config: Any
) -> int:
    """Kill a sync after each of its states in turn, and compare what it and the next two read with the tenant."""
    whole = directory.sync(second, saved, **config)
    for before, killed in whole.states:
        resumed = directory.sync(second + 60, killed, **config)
        last = directory.sync(later, state(resumed), **config)
        rows = [*whole.rows[:before], *resumed.rows, *last.rows]
        assert directory.table == newest_rows(rows), killed
    return len(whole.states)


@pytest.mark.parametrize("config", [{}, {"users_deep_look_back_every": 0, "users_look_back": 0}])
@pytest.mark.parametrize("stalled_since", [HOUR, None])
@pytest.mark.parametrize("workers", [1, 4])
def test_a_sync_killed_after_any_of_its_states_loses_nobody(
    stalled_since: float | None, workers: int, config: dict[str, Any]
):
    """With the index stalled at the kill, too: what it shows later comes in a later sync."""
    users = [version(n, n * 7) for n in range(1200)]
    directory = LateDirectory(users) if stalled_since is None else stalled(users, stalled_since, NOON + 5 * DAY)
    later = NOON + 5 * DAY + HOUR
    assert 2 < resumed_from_each_state(directory, NOON, None, later, num_workers=workers, **config)


@settings(max_examples=40)
@given(
    st.lists(st.tuples(st.integers(0, 30), st.integers(0, 3 * DAY)), min_size=1, max_size=60),
    st.lists(st.tuples(st.integers(0, 3 * DAY), st.integers(0, 80 * HOUR)), max_size=4),
    st.lists(st.integers(1, 4 * DAY), max_size=6),
)
def test_whatever_an_index_that_is_late_in_order_shows_is_read(
    changes: list[tuple[int, int]], stalls: list[tuple[int, int]], syncs: list[int]
):
    """Whatever the delay; without deep look-backs."""
    versions = [version(number, second) for number, second in changes]
    directory = LateDirectory(versions)
    for number, second in changes:
        shown_at = max([second, *(begin + length for begin, length in stalls if second > begin)])
        directory.shown_at[f"auth0|{number:05d}", timestamp(second)] = shown_at
    rows: list[User] = []
    saved = None
    for at in [*sorted(syncs), 9 * DAY]:
        sync = directory.sync(at, saved, users_deep_look_back_every=0)
        rows, saved = rows + sync.rows, state(sync)
    assert directory.table == newest_rows(rows)


FILTERS: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"start_date": timestamp(20_000)}, {"start_date": timestamp(10_000)}),
    ({"start_date": timestamp(20_000)}, {}),
    ({"users_connections": ["db"]}, {"users_connections": ["db", "sms"]}),
    ({"users_connections": ["db"]}, {}),
    ({"users_connections": ["db"], "start_date": timestamp(20_000)}, {}),
]


def in_scope(users: list[User], start_date: str = "", users_connections: list[str] | None = None) -> list[User]:
    return [
        user
        for user in users
        if user["updated_at"] >= start_date
        and (not users_connections or user["identities"][0]["connection"] in users_connections)
    ]


def users_of_two_connections(number: int) -> list[User]:
    users = users_at(*range(0, 40_000, 40_000 // number))
    for user in users[::3]:
        user["identities"] = [{"connection": "sms"}]
    return users


@pytest.mark.parametrize("number", [40, 1000])
@pytest.mark.parametrize(("narrow", "wide"), FILTERS)
def test_a_wider_filter_reads_the_users_that_are_newly_wanted(
    narrow: dict[str, Any], wide: dict[str, Any], number: int
):
    directory = UserDirectory(users_of_two_connections(number))
    first = UserSync(directory, **narrow)
    first.read_all()
    assert newest_rows(in_scope(directory.users, **narrow)) == first.newest
    second = UserSync(UserDirectory(directory.users), state(first), users_deep_look_back_every=0, **wide)
    second.read_all()
    assert newest_rows(in_scope(directory.users, **wide)) == newest_rows([*first.rows, *second.rows])
    third = UserSync(UserDirectory(directory.users), state(second), users_deep_look_back_every=0, **wide)
    assert len(third.read_all()) <= 1 + 300 // (40_000 // number)


@pytest.mark.parametrize(("narrow", "wide"), FILTERS)
def test_a_narrower_filter_reads_nothing_anew(narrow: dict[str, Any], wide: dict[str, Any]):
    directory = UserDirectory(users_of_two_connections(1000))
    first = UserSync(directory, **wide)
    first.read_all()
    second = UserSync(directory, state(first), users_deep_look_back_every=0, **narrow)
    assert len(second.read_all()) <= 1 + 300 // 40
    assert state(first)["updated_at"] == state(second)["updated_at"]


@pytest.mark.parametrize("kind", ["narrow", "wide"])
@pytest.mark.parametrize(("narrow", "wide"), FILTERS)
def test_a_filter_made_wider_after_any_kill_reads_everybody(narrow: dict[str, Any], wide: dict[str, Any], kind: str):
    """Killed with the narrow filter before it was made wider, or in the sync that the wide one began."""
    users = users_of_two_connections(1000)
    killed = UserSync(UserDirectory(users), num_workers=3, **narrow)
    killed.read_all()
    if kind == "narrow":
        runs = [(killed.rows[:before], saved) for before, saved in killed.states]
    else:
        widened = UserSync(UserDirectory(users), state(killed), num_workers=3, **wide)
        widened.read_all()
        runs = [([*killed.rows, *widened.rows[:before]], saved) for before, saved in widened.states]
    assert len(runs) > 2
    for rows, saved in runs:
        last = UserSync(UserDirectory(users), saved, users_deep_look_back_every=0, **wide)
        last.read_all()
        assert newest_rows(in_scope(users, **wide)) == newest_rows([*rows, *last.rows]), saved


def test_a_full_refresh_asks_for_the_total_and_for_users_without_dates_once():
    undated = {"user_id": "auth0|undated", "identities": [{"connection": "db"}], "updated_at": timestamp(5)}
    sync = UserSync(UserDirectory([*users_at(1, 2), undated]), incremental=False)
    assert ["auth0|00000", "auth0|00001", "auth0|undated"] == sorted(sync.read_all())
    queries = [query.get("q") for query in sync.directory.queries]
    assert [None, "created_at:[1970-01-01T00:00:00.000Z TO *]", "NOT _exists_:created_at"] == queries
