from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYetError
from types import SimpleNamespace
from typing import Any

import pytest
from airbyte_cdk.models import AirbyteMessage
from airbyte_cdk.sources.connector_state_manager import ConnectorStateManager
from airbyte_cdk.sources.types import StreamSlice
from airbyte_cdk.utils.traced_exception import AirbyteTracedException

from source_auth0.engine.thread_pool import SyncCancelledError
from source_auth0.errors import transient_error
from source_auth0.retrievers.cursors.work_items import work_item
from source_auth0.retrievers.user_lists.user_ids import USER_ID_FIELDS
from source_auth0.retrievers.user_search.time_slices import TimeSlice
from source_auth0.retrievers.users.cursor import UserCursor, UsersWorkItem
from source_auth0.retrievers.users.keyset_retriever import KeysetUserRetriever
from source_auth0.retrievers.users.tombstones import DELETED_AT, Tombstones, validate_deletions
from testing.fakes.event_log import Event, event, log_id
from testing.fakes.times import INCREMENTAL_SYNC_END, timestamp
from testing.fakes.user_export import FakeUserExport
from testing.fakes.user_requester import FakeUserRequester, user_requester
from testing.fakes.user_search import User, ids, users_at

NOON = timestamp(43_200)
EARLIER_STATE = {"updated_at": timestamp(10_000)}
#: Keys that the state of an earlier version lacks.
LATER_KEYS = ("deletions", "full_at")


def deletion(number: int, second: float, user_id: str, **more: Any) -> Event:
    """The database's own event of a deletion."""
    return event(number, second, **{"type": "sdu", "user_id": user_id, **more})


def deletion_by_api(number: int, second: float, user_id: str) -> Event:
    request = {"method": "delete", "path": f"/api/v2/users/{user_id}"}
    return event(number, second, type="sapi", details={"request": request, "response": {"statusCode": 204}})


def state_after(number: int, second: float = 0, **saved: Any) -> dict[str, Any]:
    """A state with the position of an event in the log."""
    return {**EARLIER_STATE, **saved, "deletions": {"log_id": log_id(number), "date": timestamp(second)}}


class Sync:
    """One sync of the users of a tenant at noon; each slice is read as soon as it is planned."""

    def __init__(
        self, requester: FakeUserRequester, saved: dict[str, Any] | None = None, *, incremental: bool = True
    ) -> None:
        requester.name, requester.resource, requester.query = "users", "users", USER_ID_FIELDS
        requester.required_scopes, requester.query_withholding, requester.may_be_missing = ["read:users"], None, None
        requester.tenant.config.update(users_deletion_tombstones=True)
        manager = ConnectorStateManager([])
        if saved:
            manager.update_state_for_stream("users", None, saved)
        self.cursor = UserCursor(
            config=requester.tenant.config,
            stream_name="users",
            cursor_field="updated_at",
            incremental=incremental,
            state_manager=manager,
            message_repository=self,
        )
        self.requester = requester
        self.stream = KeysetUserRetriever(requester.tenant.config, "users", requester, rows="users", cursor=self.cursor)  # type: ignore[arg-type]
        self.rows: list[User] = []
        self.failed: list[Exception] = []
        #: The state whenever anything was emitted.
        self.states: list[Any] = []

    def emit_message(self, _: AirbyteMessage) -> None:
        self.states.append(dict(self.cursor.state))

    def read(self, part: StreamSlice) -> None:
        try:
            self.rows += self.stream.read_records({}, part)
            self.cursor.close_partition(SimpleNamespace(to_slice=lambda: part))  # type: ignore[arg-type]
        except AirbyteTracedException as error:
            self.failed.append(error)

    def read_all(self) -> "Sync":
        with ThreadPoolExecutor(1) as pool:
            reads = [pool.submit(self.read, part) for part in self.cursor.stream_slices()]
        for read_future in reads:
            read_future.result()
        self.cursor.ensure_at_least_one_state_emitted()
        return self

    @property
    def tombstones(self) -> dict[str, str]:
        """User id to the time of the deletion."""
        return {row["user_id"]: row["updated_at"] for row in self.rows if DELETED_AT in row}

    @property
    def users(self) -> list[str]:
        return [row["user_id"] for row in self.rows if DELETED_AT not in row]


def position(sync: Sync) -> dict[str, str]:
    """The position in the log that a sync's last state has."""
    deletions = sync.states[-1]["deletions"]
    return {"log_id": deletions["log_id"], "date": deletions["date"]}


def synced(users: list[User], events: list[Event], saved: dict[str, Any] | None, **config: Any) -> Sync:
    requester = user_requester(users, **config)
    requester.log.events = events
    return Sync(requester, saved).read_all()


@pytest.mark.parametrize("make_event", [deletion, deletion_by_api])
def test_a_deletion_since_the_last_sync_is_a_row(make_event: Any):
    sync = synced([], [event(1, 20_000), make_event(2, 30_000, "auth0|1")], state_after(1, 20_000))
    deleted_at = timestamp(30_000)
    assert [{"user_id": "auth0|1", "updated_at": deleted_at, DELETED_AT: deleted_at}] == sync.rows
    assert {"log_id": log_id(2), "date": deleted_at} == position(sync)
    assert {"auth0|1": deleted_at} == sync.states[-1]["deletions"]["users"]
    assert timestamp(10_000) == sync.states[-1]["updated_at"]


def test_a_deletion_is_sent_once():
    events = [event(1, 20_000), deletion(2, 30_000, "auth0|1"), event(3, 31_000)]
    first = synced([], events, state_after(1, 20_000))
    next_sync = synced([], events, first.states[-1])
    assert (["auth0|1"], []) == (list(first.tombstones), list(next_sync.tombstones))


def test_both_events_of_a_deletion_are_one_tombstone():
    events = [deletion(1, 30_000, "auth0|1"), deletion_by_api(2, 30_000.01, "auth0|1")]
    assert {} == synced([], events, state_after(1, 30_000)).tombstones


def test_the_last_of_several_deletions_counts():
    events = [event(1, 1), *(deletion(n, n * 10_000, "auth0|1") for n in (2, 3))]
    assert {"auth0|1": timestamp(30_000)} == synced([], events, state_after(1, 1)).tombstones


@pytest.mark.parametrize("date", [None, {"$date": timestamp(30_000)}, "soon"])
def test_a_deletion_of_unknown_time_has_the_current_time_and_stops_no_later_sync(date: Any):
    """It is in no state, which keeps times."""
    events = [deletion(2, 0, "auth0|1", date=date), deletion(3, 30_000, "auth0|2")]
    saved = state_after(1, 20_000)
    saved["deletions"] |= {"since": timestamp(0), "users": {}}
    first = synced([], events, saved)
    assert {"auth0|1": NOON, "auth0|2": timestamp(30_000)} == first.tombstones
    assert [] == first.failed
    validate_deletions(first.states[-1])
    assert {"auth0|2": timestamp(30_000)} == first.states[-1]["deletions"]["users"]
    next_sync = synced([], [*events, deletion(4, 31_000, "auth0|3")], first.states[-1])
    assert ([], ["auth0|3"]) == (next_sync.failed, list(next_sync.tombstones))


def test_a_user_who_is_found_after_a_deletion_of_unknown_time_exists_again():
    sync = synced(users_at(20_000), [deletion(2, 0, "auth0|00000", date=None)], state_after(1, 20_000))
    assert ({}, ["auth0|00000"]) == (sync.tombstones, sync.users)


@pytest.mark.parametrize("saved", [None, EARLIER_STATE])
def test_without_a_saved_position_no_tombstone_is_sent_and_the_end_of_the_log_is_saved(saved: Any):
    sync = synced(users_at(20_000), [deletion(1, 30_000, "auth0|1")], saved)
    assert ({}, ["auth0|00000"]) == (sync.tombstones, sync.users)
    assert {"log_id": log_id(1), "date": timestamp(30_000)} == position(sync)
    assert timestamp(20_000) == sync.states[-1]["updated_at"]


def test_an_empty_log_is_saved_as_a_position():
    """The next deletion is the first event of the log."""
    sync = synced([], [], None)
    assert {"log_id": "", "date": ""} == sync.states[-1]["deletions"]
    next_sync = synced([], [deletion(1, 30_000, "auth0|1")], sync.states[-1])
    assert ["auth0|1"] == list(next_sync.tombstones)


@pytest.mark.parametrize("saved", [None, EARLIER_STATE])
def test_a_first_sync_saves_its_log_position_before_any_row(saved: Any):
    """If it is killed after a row, and the row's user is deleted, the next sync has to send a tombstone."""
    requester = user_requester(users_at(*range(20_000, 20_300)))
    requester.log.events = [event(1, 20_000)]
    first = Sync(requester, saved)
    next(first.cursor.stream_slices())
    assert {"log_id": log_id(1), "date": timestamp(20_000)} == position(first)
    assert (saved or {}) == {key: value for key, value in first.states[0].items() if key not in LATER_KEYS}
    next_sync = synced(users_at(20_001), [event(1, 20_000), deletion(2, 30_000, "auth0|1")], first.states[0])
    assert (["auth0|1"], ["auth0|00000"]) == (list(next_sync.tombstones), next_sync.users)


@pytest.mark.parametrize("saved", [None, state_after(1, 42_000)])
def test_a_deleted_user_still_in_the_search_index_is_left_out(saved: Any):
    """The row would come after the tombstone, and restore the user at the destination."""
    events = [event(1, 42_000), deletion(2, 43_000, "auth0|00001")]
    sync = synced(users_at(42_100, 42_200, 42_300), events, saved)
    assert ["auth0|00000", "auth0|00002"] == sync.users


@pytest.mark.parametrize("saved", [None, state_after(2, 43_000)])
def test_a_user_whose_deletion_was_sent_by_the_last_sync_is_left_out_too(saved: Any):
    """The look-back returns the user again while the search index lags."""
    events = [event(1, 42_000), deletion(2, 43_000, "auth0|00001"), event(3, 43_010)]
    assert ["auth0|00000"] == synced(users_at(42_900, 42_950), events, saved).users


def test_the_log_is_read_as_far_back_as_users_are():
    """By look-back and safety lag, which may be longer than the two events of a deletion are apart."""
    deleted = deletion(5, 39_000, "auth0|00001")
    events = [*(event(n, 38_000) for n in range(1, 5)), deleted, *(event(n, 39_100) for n in range(6, 20))]
    users = users_at(38_900, 38_900)
    assert ["auth0|00000"] == synced(
        users, events, state_after(19, 42_000), users_look_back=3000, users_safety_lag=600
    ).users


@pytest.mark.parametrize("created_at", [timestamp(30_000), timestamp(30_001), "2024-01-01T08:20:00Z", None])
def test_a_recreated_user_has_a_row_and_no_tombstone(created_at: str | None):
    """A user without `created_at` counts as existing."""
    users = users_at(30_001)
    users[0]["created_at"] = created_at
    sync = synced(users, [event(1, 20_000), deletion(2, 30_000, "auth0|00000")], state_after(1, 20_000))
    assert ({}, ["auth0|00000"]) == (sync.tombstones, sync.users)


def test_a_timestamp_without_a_fraction_is_earlier_than_one_with_a_fraction():
    """As text, `Z` sorts after a dot."""
    users = users_at(30_000)
    users[0]["created_at"] = "2024-01-01T08:20:00Z"
    sync = synced(users, [event(1, 20_000), deletion(2, 30_000.5, "auth0|00000")], state_after(1, 20_000))
    assert ({"auth0|00000": timestamp(30_000.5)}, []) == (sync.tombstones, sync.users)


def test_a_recreated_user_not_yet_indexed_gets_a_tombstone_and_a_later_row():
    requester = user_requester(users_at(30_001))
    requester.directory.unknown = frozenset(["auth0|00000"])
    requester.log.events = [event(1, 20_000), deletion(2, 30_000, "auth0|00000")]
    sync = Sync(requester, state_after(1, 20_000)).read_all()
    assert [timestamp(30_000), timestamp(30_001)] == [row["updated_at"] for row in sync.rows]


def test_all_tombstones_are_sent_before_any_user():
    """A destination that applies rows in order of arrival would delete recreated users."""
    deleted_ids = [f"auth0|gone{n:03d}" for n in range(100)]
    events = [event(1, 1), *(deletion(n, 30_000, user_id) for n, user_id in enumerate(deleted_ids, 2))]
    sync = synced(users_at(*range(20_000, 20_300)), events, state_after(1, 1))
    assert (deleted_ids, ids(sync.requester.directory.users)) == (ids(sync.rows[:100]), ids(sync.rows[100:]))


def test_failed_tombstones_are_sent_by_the_next_sync_and_users_are_still_read():
    requester, events = user_requester(users_at(20_000)), [event(1, 1), deletion(2, 30_000, "auth0|1")]
    requester.log.events = events

    def fail(query: dict[str, Any]) -> None:
        if query.get("q", "").startswith("user_id:"):
            raise transient_error("unwell")

    requester.directory.on_query = fail
    sync = Sync(requester, state_after(1, 1)).read_all()
    assert (["unwell"], ["auth0|00000"]) == ([error.message for error in sync.failed], ids(sync.rows))
    assert state_after(1, 1)["deletions"] == sync.states[-1]["deletions"]
    assert timestamp(20_000) == sync.states[-1]["updated_at"]
    assert ["auth0|1"] == list(synced([], events, sync.states[-1]).tombstones)


def test_an_abandoned_read_of_tombstones_does_not_block_users():
    requester = user_requester(users_at(20_000))
    requester.log.events = [event(1, 1), *(deletion(n, 30_000, f"auth0|gone{n}") for n in range(2, 9))]
    sync = Sync(requester, state_after(1, 1))
    parts = sync.cursor.stream_slices()
    rows: Iterator[Any] = iter(sync.stream.read_records({}, next(parts)))
    next(rows)
    rows.close()  # type: ignore[attr-defined]
    assert isinstance(work_item(UsersWorkItem, next(parts), "users").work, TimeSlice)
    assert log_id(1) == sync.cursor.state["deletions"]["log_id"]


def test_an_unreadable_log_keeps_the_saved_position():
    requester = user_requester(users_at(20_000))
    requester.log.events = [event(1, 1), deletion(2, 30_000, "auth0|1")]
    sync = Sync(requester, state_after(1, 1))

    def fail(query: dict[str, Any]) -> None:
        if "from" in query:
            raise transient_error("unwell")

    requester.log.on_query = fail
    with pytest.raises(AirbyteTracedException, match="unwell"):
        sync.read_all()
    assert state_after(1, 1) == sync.cursor.current_state()


def test_waiting_for_tombstones_checks_for_cancellation_every_second(monkeypatch: pytest.MonkeyPatch):
    requester = user_requester([])
    requester.log.events = [event(1, 1), deletion(2, 30_000, "auth0|1")]
    sync = Sync(requester, state_after(1, 1))
    parts = sync.cursor.stream_slices()
    next(parts)
    seconds: list[float] = []

    def abandon() -> None:
        raise SyncCancelledError

    monkeypatch.setattr("source_auth0.retrievers.users.tombstones.raise_if_cancelled", abandon)
    monkeypatch.setattr(sync.cursor.tombstones._reading_ended, "wait", seconds.append)
    with pytest.raises(SyncCancelledError):
        next(parts)
    assert [1.0] == seconds


def test_a_page_is_handed_on_unchanged_where_no_user_was_deleted():
    requester = user_requester(users_at(20_000))
    sync = Sync(requester, state_after(1, 1))
    page = users_at(1, 2)
    assert page is Tombstones(sync.stream.search, {}, lambda: 0).without_deleted(page)


def test_a_state_before_the_first_page_of_users_keeps_their_cursor():
    """The slice of tombstones closes during the first request for users, and its state may be the last."""
    requester = user_requester(users_at(*range(20_000, 20_300)))
    requester.log.events = [event(1, 1), deletion(2, 2, "auth0|1")]
    sync = Sync(requester, state_after(1, 1)).read_all()
    assert EARLIER_STATE == {key: value for key, value in sync.states[0].items() if key not in LATER_KEYS}


@pytest.mark.parametrize("incremental", [True, False])
def test_an_export_leaves_out_deleted_users(incremental: bool):
    requester = user_requester(users_at(1))
    requester.log.events = [event(1, 1), deletion(2, 43_000, "auth0|00001")]
    sync = Sync(requester, incremental=incremental)
    sync.stream.export = sync.cursor.export = FakeUserExport()  # type: ignore[assignment]
    sync.read_all()
    assert ["auth0|00000", "auth0|00001"][: 2 - incremental] == ids(sync.rows)
    if incremental:
        assert {"log_id": log_id(2), "date": timestamp(43_000)} == position(sync)
        assert timestamp(1) == sync.states[-1]["updated_at"]
    assert incremental == bool(requester.log.queries)


def test_tombstones_are_sent_only_where_configured():
    requester = user_requester([])
    requester.log.events = [event(1, 1), deletion(2, 43_000, "auth0|00001")]
    sync = Sync(requester, state_after(1, 1))
    requester.tenant.config.update(users_deletion_tombstones=False)
    assert [] == sync.read_all().rows
    assert ([], False) == (requester.log.queries, "deletions" in sync.states[-1])


@pytest.mark.parametrize(
    "deletions",
    [
        *(
            None,
            {},
            [],
            7,
            {"log_id": 7, "date": INCREMENTAL_SYNC_END},
            {"log_id": "9"},
            {"log_id": "9", "date": "soon"},
        ),
        {"log_id": "9", "date": INCREMENTAL_SYNC_END, "later": 1},
        *(
            {"log_id": "9", "date": INCREMENTAL_SYNC_END, **known}
            for known in (
                {"since": INCREMENTAL_SYNC_END},
                {"users": {}},
                {"since": None, "users": {}},
                {"since": "soon", "users": {}},
                {"since": INCREMENTAL_SYNC_END, "users": []},
                {"since": INCREMENTAL_SYNC_END, "users": None},
                {"since": INCREMENTAL_SYNC_END, "users": {"a": "soon"}},
                {"since": INCREMENTAL_SYNC_END, "users": {"a": 7}},
                {"since": INCREMENTAL_SYNC_END, "users": {"a" * 1025: INCREMENTAL_SYNC_END}},
                {"since": INCREMENTAL_SYNC_END, "users": {f"a{n}": INCREMENTAL_SYNC_END for n in range(1001)}},
            )
        ),
    ],
)
def test_a_malformed_log_position_is_an_error(deletions: Any):
    with pytest.raises((KeyError, ValueError, TypeError, AttributeError)):
        validate_deletions({"deletions": deletions})
    with pytest.raises(AirbyteTracedException, match="cannot be read"):
        Sync(user_requester([]), {**EARLIER_STATE, "deletions": deletions}).read_all()


def test_a_position_beyond_the_end_of_the_log_is_an_error():
    """No deletion would be found."""
    requester = user_requester([])
    requester.log.events = [event(1, 1), deletion(2, 43_000, "auth0|1")]
    with pytest.raises(AirbyteTracedException, match="`users` names an event behind the end of the tenant's log"):
        Sync(requester, state_after(9, 9)).read_all()


def test_no_user_slice_follows_before_tombstones_are_read():
    requester = user_requester(users_at(20_000))
    requester.log.events = [event(1, 1), deletion(2, 43_000, "auth0|1")]
    sync = Sync(requester, state_after(1, 1))
    parts = sync.cursor.stream_slices()
    with ThreadPoolExecutor(1) as pool:
        first = next(parts)
        assert {"users": "tombstones"} == first.cursor_slice
        following = pool.submit(next, parts)
        with pytest.raises(NotYetError):
            following.result(0.05)
        sync.read(first)
        assert isinstance(work_item(UsersWorkItem, following.result(10), "users").work, TimeSlice)


DAY = 86_400


def at_day(day: float, users: list[User], events: list[Event], saved: dict[str, Any] | None) -> Sync:
    """A sync so many days after noon; without `deep_at`, it looks back deeply."""
    requester = user_requester(users)
    requester.tenant.second = 43_200 + day * DAY
    requester.log.events = events
    return Sync(requester, saved).read_all()


def test_a_deep_look_back_brings_nobody_back_whose_tombstone_went_out():
    """The index, a day late, still shows them; the log before the saved position is not read for that."""
    users = users_at(30_000, 40_000)
    events = [event(1, 20_000), deletion(2, 42_000, "auth0|00000"), event(3, 43_000)]
    first = at_day(0, users, events, state_after(1, 20_000))
    assert ["auth0|00000"] == list(first.tombstones)
    events.append(event(4, 43_200 + DAY))
    for day in (1, 2):
        later = at_day(day, users, events, first.states[-1])
        assert ({}, ["auth0|00001"]) == (later.tombstones, later.users)
        first = later


@pytest.mark.parametrize("saved", [state_after(3, 43_000), None])
def test_a_state_without_recent_deletions_has_them_read_from_the_log(saved: Any):
    """As far back as the deep look-back goes, and the lateness of the index before it."""
    events = [event(1, 20_000), deletion(2, 30_000, "auth0|00000"), event(3, 43_000)]
    sync = at_day(0, users_at(25_000, 40_000), events, saved)
    assert ({}, ["auth0|00001"]) == (sync.tombstones, sync.users)
    assert {"auth0|00000": timestamp(30_000)} == sync.states[-1]["deletions"]["users"]
    assert sync.states[-1]["deletions"]["since"] <= timestamp(20_000)


def test_deletions_are_forgotten_once_no_index_shows_them():
    """After the interval of deep look-backs, and twice the lateness of the index: three days."""
    events = [event(1, 20_000), deletion(2, 42_000, "auth0|00000"), event(3, 43_000)]
    saved = at_day(0, [], events, state_after(1, 20_000)).states[-1]
    kept = {day: at_day(day, [], events, saved).states[-1]["deletions"] for day in (2.9, 3.1)}
    assert [["auth0|00000"], []] == [list(known["users"]) for known in kept.values()]
    assert timestamp(43_200 + 0.1 * DAY) == kept[3.1]["since"]


def test_a_state_holds_at_most_500_deletions_and_says_from_when_on_they_are_all():
    """The latest; what lies before is read from the log again."""
    events = [event(1, 1), *(deletion(n, 20_000 + n, f"auth0|gone{n}") for n in range(2, 602))]
    sync = synced([], events, state_after(1, 1))
    known = sync.states[-1]["deletions"]
    assert 600 == len(sync.tombstones)
    assert [f"auth0|gone{n}" for n in range(102, 602)] == list(known["users"])
    assert timestamp(20_101.001) == known["since"]
    user = {**users_at(15_000)[0], "user_id": "auth0|gone50"}
    assert [] == synced([user], events, sync.states[-1]).users


def test_tombstones_that_failed_leave_a_state_that_knows_of_no_deletion():
    """It has the position of the last sync, and must not claim to know what was deleted before it."""
    users = users_at(25_000)
    requester = user_requester(users)
    requester.log.events = [event(1, 20_000), deletion(2, 30_000, "auth0|00000"), event(3, 43_000), *DELETED_LATE]

    def fail(query: dict[str, Any]) -> None:
        if query.get("q", "").startswith("user_id:"):
            raise transient_error("unwell")

    requester.directory.on_query = fail
    saved = state_after(3, 43_000)
    killed = Sync(requester, saved).read_all()
    assert saved["deletions"] == killed.states[-1]["deletions"]
    assert [] == synced(users, requester.log.events, {**EARLIER_STATE, **killed.states[-1]}).users


DELETED_LATE = [deletion(4, 43_100, "auth0|other")]
