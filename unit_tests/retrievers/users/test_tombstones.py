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
from source_auth0.retrievers.user_lists.user_ids import USER_ID_FIELDS
from source_auth0.retrievers.users.cursor import UserCursor
from source_auth0.retrievers.users.keyset_retriever import KeysetUserRetriever
from source_auth0.retrievers.users.tombstones import DELETED_AT, Tombstones, validate_deletions
from testing.fakes.event_log import Event, event, log_id
from testing.fakes.times import INCREMENTAL_SYNC_END, moment
from testing.fakes.user_export import FakeUserExport
from testing.fakes.user_requester import FakeUserRequester, user_requester
from testing.fakes.user_search import User, ids, users_at

DAY_BEFORE = {"updated_at": moment(10_000)}


def deletion(number: int, second: float, user_id: str, **more: Any) -> Event:
    """The database's own event of a deletion."""
    return event(number, second, **{"type": "sdu", "user_id": user_id, **more})


def deletion_by_api(number: int, second: float, user_id: str) -> Event:
    request = {"method": "delete", "path": f"/api/v2/users/{user_id}"}
    return event(number, second, type="sapi", details={"request": request, "response": {"statusCode": 204}})


def after(number: int, second: float = 0, **saved: Any) -> dict[str, Any]:
    """A state that has the place of an event in the log."""
    return {**DAY_BEFORE, **saved, "deletions": {"log_id": log_id(number), "date": moment(second)}}


class Sync:
    """One sync of the users of a house at noon, a slice after the other as soon as it is there."""

    def __init__(
        self, home: FakeUserRequester, saved: dict[str, Any] | None = None, *, incremental: bool = True
    ) -> None:
        home.name, home.resource, home.query = "users", "users", USER_ID_FIELDS
        home.required_scopes, home.query_withholding, home.may_be_missing = ["read:users"], None, None
        home.tenant.update(users_deletion_tombstones=True)
        manager = ConnectorStateManager([])
        if saved:
            manager.update_state_for_stream("users", None, saved)
        self.cursor = UserCursor(
            config=home.tenant,
            stream_name="users",
            cursor_field="updated_at",
            incremental=incremental,
            state_manager=manager,
            message_repository=self,
        )
        self.home = home
        self.stream = KeysetUserRetriever(home.tenant, "users", home, rows="users", cursor=self.cursor)  # type: ignore[arg-type]
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

    def all(self) -> "Sync":
        with ThreadPoolExecutor(1) as pool:
            readings = [pool.submit(self.read, part) for part in self.cursor.stream_slices()]
        for reading in readings:
            reading.result()
        self.cursor.ensure_at_least_one_state_emitted()
        return self

    @property
    def tombstones(self) -> dict[str, str]:
        """When each of the deleted users was."""
        return {row["user_id"]: row["updated_at"] for row in self.rows if DELETED_AT in row}

    @property
    def living(self) -> list[str]:
        return [row["user_id"] for row in self.rows if DELETED_AT not in row]


def synced(users: list[User], events: list[Event], saved: dict[str, Any] | None, **config: Any) -> Sync:
    home = user_requester(users, **config)
    home.log.events = events
    return Sync(home, saved).all()


@pytest.mark.parametrize("make", [deletion, deletion_by_api])
def test_a_deletion_since_the_last_sync_is_a_row(make: Any):
    sync = synced([], [event(1, 20_000), make(2, 30_000, "auth0|1")], after(1, 20_000))
    deleted_at = moment(30_000)
    assert [{"user_id": "auth0|1", "updated_at": deleted_at, DELETED_AT: deleted_at}] == sync.rows
    assert {"updated_at": INCREMENTAL_SYNC_END, "deletions": {"log_id": log_id(2), "date": deleted_at}} == sync.states[
        -1
    ]


def test_a_deletion_is_told_of_once():
    events = [event(1, 20_000), deletion(2, 30_000, "auth0|1"), event(3, 31_000)]
    first = synced([], events, after(1, 20_000))
    again = synced([], events, first.states[-1])
    assert (["auth0|1"], []) == (list(first.tombstones), list(again.tombstones))


def test_the_second_event_of_a_deletion_is_no_other_one():
    events = [deletion(1, 30_000, "auth0|1"), deletion_by_api(2, 30_000.01, "auth0|1")]
    assert {} == synced([], events, after(1, 30_000)).tombstones


def test_the_last_of_several_deletions_counts():
    events = [event(1, 1), *(deletion(n, n * 10_000, "auth0|1") for n in (2, 3))]
    assert {"auth0|1": moment(30_000)} == synced([], events, after(1, 1)).tombstones


@pytest.mark.parametrize("saved", [None, DAY_BEFORE])
def test_without_a_saved_place_nobody_is_deleted_and_the_next_sync_begins_at_the_end(saved: Any):
    sync = synced(users_at(20_000), [deletion(1, 30_000, "auth0|1")], saved)
    assert ({}, ["auth0|00000"]) == (sync.tombstones, sync.living)
    assert {
        "updated_at": INCREMENTAL_SYNC_END,
        "deletions": {"log_id": log_id(1), "date": moment(30_000)},
    } == sync.states[-1]


def test_an_empty_log_is_a_place_too():
    """Whoever is deleted next is the first event of it."""
    sync = synced([], [], None)
    assert {"updated_at": INCREMENTAL_SYNC_END, "deletions": {"log_id": "", "date": ""}} == sync.states[-1]
    again = synced([], [deletion(1, 30_000, "auth0|1")], sync.states[-1])
    assert ["auth0|1"] == list(again.tombstones)


@pytest.mark.parametrize("saved", [None, DAY_BEFORE])
def test_a_first_sync_says_ahead_of_all_rows_from_where_on_it_hears_of_deletions(saved: Any):
    """If it is killed after a row, and the row's user is deleted, the next one has to send a tombstone."""
    home = user_requester(users_at(*range(20_000, 20_300)))
    home.log.events = [event(1, 20_000)]
    first = Sync(home, saved)
    next(first.cursor.stream_slices())
    assert {**(saved or {}), "deletions": after(1, 20_000)["deletions"]} == first.states[0]
    again = synced(users_at(20_001), [event(1, 20_000), deletion(2, 30_000, "auth0|1")], first.states[0])
    assert (["auth0|1"], ["auth0|00000"]) == (list(again.tombstones), again.living)


@pytest.mark.parametrize("saved", [None, after(1, 42_000)])
def test_a_deleted_user_whom_search_still_shows_is_left_out(saved: Any):
    """Their row would come after the tombstone, and bring them back."""
    events = [event(1, 42_000), deletion(2, 43_000, "auth0|00001")]
    sync = synced(users_at(42_100, 42_200, 42_300), events, saved)
    assert ["auth0|00000", "auth0|00002"] == sync.living


@pytest.mark.parametrize("saved", [None, after(2, 43_000)])
def test_a_row_from_before_a_deletion_of_the_last_sync_is_left_out_too(saved: Any):
    """The look-back shows it again while the index lags."""
    events = [event(1, 42_000), deletion(2, 43_000, "auth0|00001"), event(3, 43_010)]
    assert ["auth0|00000"] == synced(users_at(42_900, 42_950), events, saved).living


def test_the_log_is_read_as_far_back_as_users_are():
    """By look-back and safety lag, which may be longer than the two events of a deletion are apart."""
    deleted = deletion(5, 39_000, "auth0|00001")
    events = [*(event(n, 38_000) for n in range(1, 5)), deleted, *(event(n, 39_100) for n in range(6, 20))]
    users = users_at(38_900, 38_900)
    assert ["auth0|00000"] == synced(
        users, events, after(19, 42_000), users_look_back=3000, users_safety_lag=600
    ).living


@pytest.mark.parametrize("created", [moment(30_000), moment(30_001), "2024-01-01T08:20:00Z", None])
def test_a_user_who_is_there_again_has_a_row_and_no_tombstone(created: str | None):
    """One who does not say when they were created is there."""
    users = users_at(30_001)
    users[0]["created_at"] = created
    sync = synced(users, [event(1, 20_000), deletion(2, 30_000, "auth0|00000")], after(1, 20_000))
    assert ({}, ["auth0|00000"]) == (sync.tombstones, sync.living)


def test_seconds_without_a_fraction_are_earlier_than_those_with_one():
    """In text, `Z` comes behind a point."""
    users = users_at(30_000)
    users[0]["created_at"] = "2024-01-01T08:20:00Z"
    sync = synced(users, [event(1, 20_000), deletion(2, 30_000.5, "auth0|00000")], after(1, 20_000))
    assert ({"auth0|00000": moment(30_000.5)}, []) == (sync.tombstones, sync.living)


def test_whoever_search_does_not_show_again_yet_gets_a_tombstone_and_a_row_later():
    home = user_requester(users_at(30_001))
    home.people.unknown = frozenset(["auth0|00000"])
    home.log.events = [event(1, 20_000), deletion(2, 30_000, "auth0|00000")]
    sync = Sync(home, after(1, 20_000)).all()
    assert [moment(30_000), moment(30_001)] == [row["updated_at"] for row in sync.rows]


def test_nobody_is_read_before_all_tombstones_are():
    """A destination that goes by the order of arrival would delete whoever is there again."""
    gone = [f"auth0|gone{n:03d}" for n in range(100)]
    events = [event(1, 1), *(deletion(n, 30_000, user_id) for n, user_id in enumerate(gone, 2))]
    sync = synced(users_at(*range(20_000, 20_300)), events, after(1, 1))
    assert (gone, ids(sync.home.people.users)) == (ids(sync.rows[:100]), ids(sync.rows[100:]))


def test_tombstones_that_fail_are_sent_by_the_next_sync_and_users_are_read_all_the_same():
    home, events = user_requester(users_at(20_000)), [event(1, 1), deletion(2, 30_000, "auth0|1")]
    home.log.events = events

    def fail(query: dict[str, Any]) -> None:
        if query["q"].startswith("user_id:"):
            raise transient_error("unwell")

    home.people.meanwhile = fail
    sync = Sync(home, after(1, 1)).all()
    assert (["unwell"], ["auth0|00000"]) == ([error.message for error in sync.failed], ids(sync.rows))
    assert after(1, 1, updated_at=INCREMENTAL_SYNC_END) == sync.states[-1]
    assert ["auth0|1"] == list(synced([], events, sync.states[-1]).tombstones)


def test_tombstones_whose_reading_is_abandoned_hold_nobody_up():
    home = user_requester(users_at(20_000))
    home.log.events = [event(1, 1), *(deletion(n, 30_000, f"auth0|gone{n}") for n in range(2, 9))]
    sync = Sync(home, after(1, 1))
    parts = sync.cursor.stream_slices()
    rows: Iterator[Any] = iter(sync.stream.read_records({}, next(parts)))
    next(rows)
    rows.close()  # type: ignore[attr-defined]
    assert "time_slice" in next(parts).extra_fields
    assert log_id(1) == sync.cursor.state["deletions"]["log_id"]


def test_a_log_that_cannot_be_read_leaves_the_place_as_it_is():
    home = user_requester(users_at(20_000))
    home.log.events = [event(1, 1), deletion(2, 30_000, "auth0|1")]
    sync = Sync(home, after(1, 1))

    def fail(query: dict[str, Any]) -> None:
        if "from" in query:
            raise transient_error("unwell")

    home.log.meanwhile = fail
    with pytest.raises(AirbyteTracedException, match="unwell"):
        sync.all()
    assert after(1, 1) == sync.cursor.state


def test_whoever_waits_for_tombstones_looks_every_second_whether_anybody_reads_on(monkeypatch: pytest.MonkeyPatch):
    home = user_requester([])
    home.log.events = [event(1, 1), deletion(2, 30_000, "auth0|1")]
    sync = Sync(home, after(1, 1))
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


def test_a_page_is_handed_on_as_it_is_where_nobody_was_deleted():
    home = user_requester(users_at(20_000))
    sync = Sync(home, after(1, 1))
    page = users_at(1, 2)
    assert page is Tombstones(sync.stream, {}).without_deleted(page)


def test_a_state_amid_the_planning_says_nothing_of_users_yet():
    """The tombstones' slice closes while the first page of users is on its way, and what it says may be the last."""
    home = user_requester(users_at(*range(20_000, 20_300)))
    home.log.events = [event(1, 1)]
    sync = Sync(home, after(1, 1)).all()
    assert after(1, 1) == sync.states[0]


@pytest.mark.parametrize("incremental", [True, False])
def test_an_export_leaves_out_who_is_known_to_be_deleted(incremental: bool):
    home = user_requester([])
    home.log.events = [event(1, 1), deletion(2, 43_000, "auth0|00001")]
    sync = Sync(home, incremental=incremental)
    sync.stream.export = sync.cursor.export = FakeUserExport()  # type: ignore[assignment]
    sync.all()
    assert ["auth0|00000", "auth0|00001"][: 2 - incremental] == ids(sync.rows)
    deletions = {"log_id": log_id(2), "date": moment(43_000)}
    assert ({"updated_at": moment(36_000 - 60), "deletions": deletions} == sync.states[-1]) == incremental
    assert incremental == bool(home.log.queries)


def test_they_are_sent_on_request_alone():
    home = user_requester([])
    home.log.events = [event(1, 1), deletion(2, 43_000, "auth0|00001")]
    sync = Sync(home, after(1, 1))
    home.tenant.update(users_deletion_tombstones=False)
    assert [] == sync.all().rows
    assert ([], {"updated_at": INCREMENTAL_SYNC_END}) == (home.log.queries, sync.states[-1])


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
    ],
)
def test_a_malformed_place_is_said_to_be_one(deletions: Any):
    with pytest.raises((KeyError, ValueError, TypeError, AttributeError)):
        validate_deletions({"deletions": deletions})
    with pytest.raises(AirbyteTracedException, match="cannot be read"):
        Sync(user_requester([]), {**DAY_BEFORE, "deletions": deletions}).all()


def test_a_place_behind_the_end_of_the_log_is_not_this_tenants():
    """Nobody would be found to be deleted."""
    home = user_requester([])
    home.log.events = [event(1, 1), deletion(2, 43_000, "auth0|1")]
    with pytest.raises(AirbyteTracedException, match="`users` names an event behind the end of the tenant's log"):
        Sync(home, after(9, 9)).all()


def test_nothing_follows_before_tombstones_are_read():
    home = user_requester([])
    home.log.events = [event(1, 1), deletion(2, 43_000, "auth0|1")]
    sync = Sync(home, after(1, 1))
    parts = sync.cursor.stream_slices()
    with ThreadPoolExecutor(1) as pool:
        first = next(parts)
        assert {"deletions": "new"} == first.cursor_slice
        following = pool.submit(next, parts)
        with pytest.raises(NotYetError):
            following.result(0.05)
        sync.read(first)
        assert "time_slice" in following.result(10).extra_fields
