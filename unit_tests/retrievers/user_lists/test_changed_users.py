import json
import logging
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
from airbyte_cdk.models import AirbyteMessage
from airbyte_cdk.sources.connector_state_manager import ConnectorStateManager
from airbyte_cdk.sources.streams import NO_CURSOR_STATE_KEY
from airbyte_cdk.utils.traced_exception import AirbyteTracedException
from hypothesis import given, settings
from hypothesis import strategies as st

from source_auth0.engine.shared_pages import SharedPages
from source_auth0.errors import MissingScopeError, ParentRefusedError, transient_error
from source_auth0.retrievers.lists.refused_parents import RefusedParents
from source_auth0.retrievers.user_lists.changed_users import MAX_FAILED_USERS, ChangedUsersCursor
from source_auth0.retrievers.user_lists.retrievers import UnpagedUserListRetriever
from testing.fakes.clock import SteppingCondition
from testing.fakes.event_log import Event, EventLog, event, log_id
from testing.fakes.times import INCREMENTAL_SYNC_END, timestamp
from testing.fakes.user_requester import FakeUserRequester, user_requester
from testing.fakes.user_search import User, ids, users_at

EPOCH = "1970-01-01T00:00:00.000Z"
NO_FILTER = {"start_date": None, "connections": None}


def role_given(number: int, second: float, *users: str) -> Event:
    """A write that names users in its body."""
    request = {"method": "post", "path": "/api/v2/roles/rol_1/users", "body": {"users": list(users)}}
    return event(number, second, type="sapi", details={"request": request, "response": {"statusCode": 200}})


def finished_state(second: float, number: int = 0, at: float = 0) -> dict[str, Any]:
    """The state of a sync that ended at this second, with the log read up to an event."""
    position = {"log_id": log_id(number), "date": timestamp(at)} if number else {"log_id": "", "date": ""}
    return {"updated_at": timestamp(second), **position}


class Sync:
    """One sync of users' things at noon, read step by step.

    choose: given the number of readers, which of them runs the next step.
    """

    def __init__(
        self,
        requester: FakeUserRequester,
        saved: dict[str, Any] | None = None,
        *,
        incremental: bool = True,
        choose: Callable[[int], int] = lambda _: 0,
        named_by: tuple[str, ...] = ("roles/*/users",),
    ) -> None:
        # Another sync would run in another process.
        requester.tenant._results.clear()
        requester.tenant.shared_pages = SharedPages()
        manager = ConnectorStateManager([])
        if saved is not None:
            manager.update_state_for_stream("user_things", None, saved)
        self.cursor = ChangedUsersCursor(
            config=requester.tenant.config,
            stream_name="user_things",
            cursor_field="read_at",
            incremental=incremental,
            state_manager=manager,
            message_repository=self,
        )
        self.cursor._changed = SteppingCondition(self.step)
        self.requester, self.choose = requester, choose
        self.stream = UnpagedUserListRetriever(
            requester.tenant.config,
            requester.name,
            requester,  # type: ignore[arg-type]
            cursor=self.cursor,
            named_by=list(named_by),
            named_by_types=["slo"],
        )
        self.readers: list[Iterator[Any]] = []
        self.requested: list[str] = []
        self.rows: list[str] = []
        #: The emitted states, each with the number of rows before it: as they are, and without what few tests need.
        self.full_states: list[tuple[int, dict[str, Any]]] = []
        self.states: list[tuple[int, dict[str, Any]]] = []
        self.failed: list[Exception] = []
        requester.things, self.things = self.read, requester.things

    def emit_message(self, message: AirbyteMessage) -> None:
        text = json.dumps(vars(message.state.stream.stream_state))
        self.full_states.append((len(self.rows), json.loads(text)))
        state = json.loads(text)
        for name in ("read_with", "overlap", "full_at"):
            state.pop(name, None)
        state.get("open", {}).pop("read_with", None)
        self.states.append((len(self.rows), state))

    def read(self, user_id: str) -> Any:
        self.requested.append(user_id)
        return self.things(user_id)

    def step(self) -> None:
        """One reader hands on a row, or ends."""
        rows = self.readers[self.choose(len(self.readers)) % len(self.readers)]
        try:
            self.rows.append(next(rows)["user_id"])
        except StopIteration:
            self.readers.remove(rows)
        except AirbyteTracedException as error:
            self.failed.append(error)
            self.readers.remove(rows)

    def read_all(self) -> list[str]:
        """Sync to the end: the ids of the users requested, in order."""
        for part in self.cursor.stream_slices():
            self.readers.append(iter(self.stream.read_records({}, part)))
            while len(self.readers) >= self.requester.tenant.workers:
                self.step()
        assert [] == self.readers
        self.cursor.ensure_at_least_one_state_emitted()
        return self.requested

    @property
    def state(self) -> dict[str, Any]:
        return self.states[-1][1]


def requester_for(users: list[User], *events: Event, **config: Any) -> FakeUserRequester:
    requester = user_requester(users, **config)
    requester.log = EventLog(list(events))
    return requester


class FailingUsers:
    """The things of a user; requests for some users fail."""

    def __init__(self, *users: str, error: Exception | None = None) -> None:
        self.users, self.error = users, error or transient_error("unwell")

    def __call__(self, user_id: str) -> Any:
        if user_id in self.users:
            raise self.error
        return [{"id": 1}]


def with_failing_users(requester: FakeUserRequester, *users: str, error: Exception | None = None) -> FakeUserRequester:
    requester.things = FailingUsers(*users, error=error)
    return requester


def test_a_first_sync_requests_every_user_in_the_order_of_ids():
    sync = Sync(requester_for(users_at(3, 2, 1), event(1, 10)))
    assert ["auth0|00000", "auth0|00001", "auth0|00002"] == sync.read_all()
    assert finished_state(3, 1, 10) == sync.state


def test_a_full_refresh_requests_every_user_without_the_log_and_saves_no_cursor():
    sync = Sync(requester_for(users_at(1, 2), event(1, 10)), finished_state(40_000, 1, 10), incremental=False)
    assert ids(sync.requester.directory.users) == sync.read_all()
    assert ([], {NO_CURSOR_STATE_KEY: True}) == (sync.requester.log.queries, sync.state)


def test_a_tenant_without_users_and_events_finishes_with_a_state():
    """It says nothing was read: the search index has shown nobody."""
    sync = Sync(requester_for([]))
    assert [] == sync.read_all()
    assert {**finished_state(0), "updated_at": EPOCH} == sync.state


@pytest.mark.parametrize(("config", "expected"), [({}, [2, 3]), ({"users_look_back": 0}, [3])])
def test_a_sync_requests_users_changed_since_the_last_one_less_the_look_back(config: Any, expected: list[int]):
    users = users_at(1, 39_000, 39_800, 41_000)
    sync = Sync(requester_for(users, **config), finished_state(40_000))
    assert [users[n]["user_id"] for n in expected] == sync.read_all()
    assert {"updated_at:1"} == {query["sort"] for query in sync.requester.directory.queries}


def test_a_sync_requests_users_named_by_log_events():
    """Their `updated_at` need not have changed; events of other types and of the last sync name no users."""
    users = users_at(*range(6))
    requester = requester_for(
        users,
        role_given(1, 39_000, "auth0|00000"),
        role_given(2, 41_000, "auth0|00001", "auth0|00002"),
        event(3, 41_000, type="slo", user_id="auth0|00003"),
        event(4, 41_000, type="sce", user_id="auth0|00004"),
        role_given(5, 41_000, "auth0|gone"),
    )
    sync = Sync(requester, finished_state(40_000, 1, 39_000))
    assert [*(f"auth0|0000{n}" for n in (1, 2, 3)), "auth0|gone"] == sync.read_all()
    assert finished_state(40_000, 5, 41_000) == sync.state
    assert [] == Sync(requester, sync.state).read_all()


def test_users_named_by_the_log_but_excluded_by_the_config_are_not_requested():
    users = [*users_at(1), *users_at(2, connection="other")]
    users[1]["user_id"] = "auth0|other"
    events = [event(1, 1), role_given(2, 41_000, *ids(users))]
    requester = requester_for(users, *events, users_connections=["other"])
    assert ["auth0|other"] == Sync(requester, finished_state(40_000, 1, 1)).read_all()


def test_a_stream_without_naming_events_reads_only_the_end_of_the_log():
    requester = requester_for(users_at(1), event(1, 1), role_given(2, 41_000, "auth0|00000"))
    sync = Sync(requester, finished_state(40_000, 1, 1), named_by=())
    sync.cursor.selection = replace(sync.cursor.selection, named_by_types=())
    assert [] == sync.read_all()
    assert 1 == requester.log.pages


def without_log_scope(requester: FakeUserRequester) -> FakeUserRequester:
    def refuse(_: Any) -> None:
        raise MissingScopeError("user_things", ("read:logs",))

    requester.log.on_query = refuse
    return requester


def test_without_the_log_scope_changed_users_are_requested_with_one_warning(
    caplog: pytest.LogCaptureFixture,
):
    requester = without_log_scope(requester_for(users_at(1, 41_000), event(1, 1)))
    saved = finished_state(40_000, 1, 1)
    for _ in range(2):
        sync = Sync(requester, saved)
        assert ["auth0|00001"] == sync.read_all()
        assert finished_state(41_000, 1, 1) == sync.state
    warnings = [record.message for record in caplog.records if record.levelno == logging.WARNING]
    assert 1 == len(warnings)
    assert "lacks the scope `read:logs`" in warnings[0]


@pytest.mark.parametrize("scope", [True, False])
def test_a_log_that_was_empty_or_refused_is_read_from_the_last_sync_once_available(scope: bool):
    requester = requester_for(users_at(1, 2, 43_140))
    if not scope:
        without_log_scope(requester)
    first = Sync(requester)
    first.read_all()
    assert finished_state(43_140) == first.state
    events = [role_given(1, 1, "auth0|00000"), event(2, 40_000), role_given(3, 43_190, "auth0|00001")]
    requester.log = EventLog(events)
    second = Sync(requester, first.state)
    assert ["auth0|00001", "auth0|00002"] == second.read_all()
    assert finished_state(43_140, 3, 43_190) == second.state


def test_a_previously_refused_quiet_log_is_read_from_before_its_end():
    naming_event = role_given(2, 30_000 - 599, "auth0|00000")
    other_events = [event(n, 29_970 + n) for n in range(3, 31)]
    assert ["auth0|00000"] == Sync(
        requester_for(users_at(1), event(1, 1), naming_event, *other_events), finished_state(40_000)
    ).read_all()


def test_a_previously_refused_log_is_read_from_the_last_sync_less_the_event_lateness():
    naming_event = role_given(2, 40_000 - 599, "auth0|00000")
    other_events = [event(n, 40_000 + n) for n in range(3, 30)]
    assert ["auth0|00000"] == Sync(
        requester_for(users_at(1), event(1, 1), naming_event, *other_events), finished_state(40_000)
    ).read_all()


def test_a_state_during_a_pass_keeps_the_state_of_the_last_finished_pass():
    saved = finished_state(40_000, 1, 1)
    sync = Sync(requester_for(users_at(*range(41_000, 41_100)), event(1, 1), num_workers=4), saved)
    sync.read_all()
    while_running = [state for _, state in sync.states if "open" in state]
    assert [{**saved, "open": state["open"]} for state in while_running] == while_running
    assert 25 == len(while_running)


def test_a_state_follows_every_n_users_for_n_workers():
    sync = Sync(requester_for(users_at(*range(100)), num_workers=4))
    sync.read_all()
    while_running = [(rows, state) for rows, state in sync.states if "open" in state]
    assert [4 * n for n in range(1, len(while_running) + 1)] == [rows - rows % 4 for rows, _ in while_running]
    assert 25 == len(while_running)
    assert all({"open"} == set(state) for _, state in while_running)
    assert {(timestamp(99), "", "")} == {
        tuple(s["open"][k] for k in ("until", "log_id", "date")) for _, s in while_running
    }


def test_the_state_stays_small_while_one_of_thousands_of_users_is_slow():
    sync = Sync(requester_for(users_at(*range(3000))), choose=lambda readers: readers - 1)
    sync.read_all()
    pending = [state["open"]["left"] for _, state in sync.states if "open" in state]
    assert ["auth0|00000"] == pending[0][:1] == pending[len(pending) // 2][:1]
    assert max(map(len, pending)) < sync.requester.tenant.workers
    assert max(len(json.dumps(state)) for _, state in sync.states) < 2000


def test_pending_users_of_an_interrupted_sync_come_before_those_changed_since():
    users = users_at(*range(8), 41_000)
    open_pass = {"until": timestamp(40_000), "log_id": log_id(1), "date": timestamp(1), "asked": "auth0|00005"}
    saved = {"open": {**open_pass, "left": ["auth0|00000", "auth0|00002"]}}
    requester = requester_for(users, event(1, 1), role_given(2, 41_000, "auth0|00001", "auth0|00005"))
    sync = Sync(requester, saved)
    assert [f"auth0|0000{n}" for n in (0, 2, 6, 7, 1, 5, 8)] == sync.read_all()
    assert finished_state(41_000, 2, 41_000) == sync.state


def test_an_interrupted_incremental_pass_resumes_with_the_users_named_by_the_log():
    users = users_at(*range(6), 39_000, 41_000)
    open_pass = {"until": timestamp(40_000), "log_id": log_id(2), "date": timestamp(39_000), "asked": "auth0|00002"}
    saved = {**finished_state(38_000, 1, 1), "open": {**open_pass, "left": []}}
    naming_event = role_given(2, 39_000, "auth0|00001", "auth0|00004")
    sync = Sync(requester_for(users, event(1, 1), naming_event, event(3, 41_500)), saved)
    assert ["auth0|00004", "auth0|00006", "auth0|00007"] == sync.read_all()
    assert finished_state(41_000, 3, 41_500) == sync.state


def test_a_sync_that_fails_before_the_first_user_keeps_the_state():
    open_pass = {"until": timestamp(40_000), "log_id": "", "date": "", "asked": "auth0|00002", "left": []}
    requester = requester_for(users_at(1))
    requester.directory.on_query = lambda _: (_ for _ in ()).throw(transient_error("unwell"))
    sync = Sync(requester, {"open": open_pass})
    with pytest.raises(AirbyteTracedException, match="unwell"):
        sync.read_all()
    sync.cursor.ensure_at_least_one_state_emitted()
    assert {"open": open_pass} == sync.state


def test_a_failed_user_is_retried_by_the_next_sync_and_the_others_are_read():
    requester = with_failing_users(requester_for(users_at(*range(0, 40_000, 400))), "auth0|00005")
    first = Sync(requester)
    assert ids(requester.directory.users) == first.read_all()
    assert 1 == len(first.failed)
    assert {**finished_state(39_600), "missed": ["auth0|00005"]} == first.state
    requester.directory.users[7]["updated_at"] = timestamp(43_000)
    requester.directory.users[99]["updated_at"] = timestamp(1)
    second = Sync(requester, first.state)
    assert ["auth0|00005", "auth0|00007"] == second.read_all()
    assert {**finished_state(43_000), "missed": ["auth0|00005"]} == second.state
    assert ["auth0|00005", "auth0|00007"] == Sync(with_failing_users(requester), second.state).read_all()


@pytest.mark.parametrize("second", [1, 41_000])
def test_a_failed_user_is_removed_from_the_state_once_read(second: float):
    """And requested once, whether or not they changed."""
    sync = Sync(requester_for(users_at(second)), {**finished_state(40_000), "missed": ["auth0|00000"]})
    assert ["auth0|00000"] == sync.read_all()
    assert finished_state(max(second, 40_000)) == sync.state


def test_failed_users_of_an_interrupted_pass_are_retried_before_it_resumes():
    """Including those above the last id requested; a user who fails again is not requested twice in a sync."""
    open_pass = {"until": timestamp(40_000), "log_id": "", "date": "", "asked": "auth0|00005", "left": []}
    saved = {"open": open_pass, "missed": ["auth0|00001", "auth0|00005"]}
    requester = with_failing_users(requester_for(users_at(*range(4), 41_000, 5, 39_900)), "auth0|00005", "auth0|00006")
    requester.directory.users[5]["updated_at"] = timestamp(41_000)
    sync = Sync(requester, saved, choose=lambda _: 0)
    assert [f"auth0|0000{n}" for n in (1, 5, 6, 4)] == sync.read_all()
    assert {**finished_state(41_000), "missed": ["auth0|00005", "auth0|00006"]} == sync.state


@pytest.mark.parametrize("failed_user", ["auth0|00001", "auth0|00007"])
@pytest.mark.parametrize("before", [{}, finished_state(30_000)])
def test_a_kill_during_retries_of_failed_users_loses_no_progress(failed_user: str, before: dict[str, Any]):
    """The open pass stays as it was, so that no user is left out."""
    open_pass = {"until": timestamp(40_000), "log_id": "", "date": "", "asked": "auth0|00003", "left": []}
    saved = {**before, "open": open_pass, "missed": [failed_user]}
    sync = Sync(requester_for(users_at(*[35_000] * 9), num_workers=2), saved)
    parts = sync.cursor.stream_slices()
    part = next(parts)
    assert saved == dict(sync.cursor.current_state())
    assert [failed_user] == [row["user_id"] for row in sync.stream.read_records({}, part)]
    assert {**before, "open": open_pass} == dict(sync.cursor.current_state())


def test_a_kill_after_retries_of_failed_users_leaves_changed_users_to_the_next_sync():
    saved = {**finished_state(40_000), "missed": ["auth0|00007"]}
    sync = Sync(requester_for(users_at(*[41_000] * 9), num_workers=2), saved)
    assert ["auth0|00007"] == [
        row["user_id"] for row in sync.stream.read_records({}, next(sync.cursor.stream_slices()))
    ]
    assert {
        **finished_state(40_000),
        "open": {**OPEN_PASS, "until": timestamp(41_000), "read_with": NO_FILTER},
    } == dict(sync.cursor.current_state())


@pytest.mark.parametrize("workers", [2, 16])
def test_after_many_failed_users_no_further_user_is_requested(workers: int):
    users = users_at(*range(1000))
    requester = with_failing_users(requester_for(users, num_workers=workers, users_look_back=0), *ids(users)[10:])
    sync = Sync(requester)
    assert len(sync.read_all()) <= 10 + MAX_FAILED_USERS + workers
    assert "updated_at" not in sync.state
    assert ids(users)[10 : 10 + MAX_FAILED_USERS] == sync.state["missed"]
    resumed = Sync(with_failing_users(requester), sync.state)
    newest = ids(users)[-1:]
    assert [*ids(users)[10:], *newest] == resumed.read_all()
    assert finished_state(999) == resumed.state


def test_a_config_error_stops_requests_for_further_users():
    """Without the scope, each of a million users would be a request."""
    users = users_at(*range(1000))
    requester = requester_for(users, num_workers=4, users_look_back=0)
    with_failing_users(requester, *ids(users), error=MissingScopeError("user_things", ("read:things",)))
    sync = Sync(requester)
    assert len(sync.read_all()) <= 4
    assert "missed" not in sync.state
    newest = ids(users)[-1:]
    assert [*ids(users), *newest] == Sync(with_failing_users(requester), sync.state).read_all()


def test_queued_slices_cost_no_request_after_a_config_error():
    users = users_at(*range(10))
    requester = with_failing_users(
        requester_for(users, num_workers=100), *ids(users), error=MissingScopeError("user_things", ("read:things",))
    )
    assert 1 == len(Sync(requester).read_all())


def test_an_abandoned_read_ends_and_marks_no_user_as_done():
    sync = Sync(requester_for(users_at(1)))
    parts = sync.cursor.stream_slices()
    rows: Any = sync.stream.read_records({}, next(parts))
    next(rows)
    rows.close()
    assert [] == list(parts)
    assert "" == sync.cursor.state["open"]["asked"]


def with_refused_users(requester: FakeUserRequester, *users: str, lacks_feature: bool = False) -> FakeUserRequester:
    """A requester for whose users Auth0 answers, but for these."""

    def things(user_id: str) -> Any:
        if user_id in users:
            raise ParentRefusedError("user_things", 400, "bad id", lacks_feature=lacks_feature)
        return [{"id": 1}]

    requester.things = things
    return requester


def outcome(sync: Sync) -> RefusedParents:
    return RefusedParents.of(sync.requester.tenant, "user_things")


@pytest.mark.parametrize("workers", [1, 4, 40])
def test_without_the_feature_users_count_as_done_once_twenty_say_so(workers: int):
    users = users_at(*range(100))
    sync = Sync(with_refused_users(requester_for(users, num_workers=workers), *ids(users), lacks_feature=True))
    assert 20 <= len(sync.read_all()) <= 20 + workers
    assert finished_state(99) == sync.state
    assert (None, 0) == (outcome(sync).error, outcome(sync).skipped)
    assert outcome(sync).warning == "`user_things` is empty: the tenant lacks the feature (bad id)"


@pytest.mark.parametrize("lacks_feature", [False, True])
@pytest.mark.parametrize("first", [0, 3, 88])
@pytest.mark.parametrize("workers", [1, 8])
def test_refused_users_are_skipped_and_asked_again(workers: int, first: int, lacks_feature: bool):
    """Wherever they stand; the position moves, and whoever is answered later leaves the state."""
    users = users_at(*range(100))
    refused = ids(users)[first : first + 12]
    requester = requester_for(users, num_workers=workers, users_look_back=0)
    sync = Sync(with_refused_users(requester, *refused, lacks_feature=lacks_feature))
    assert ids(users) == sorted(sync.read_all())
    assert [] == sync.failed
    assert {**finished_state(99), "refused": refused} == sync.state
    assert (None, 12) == (outcome(sync).error, outcome(sync).skipped)
    assert "lacks the rows of 12 that Auth0 refused twice" in outcome(sync).warning
    assert outcome(sync).warning.count("auth0|") == 10
    # With nobody else to ask, they are known; the second sync asks the newest user, too.
    again = Sync(with_refused_users(requester, *refused), sync.state)
    assert {*refused, ids(users)[-1]} == set(again.read_all())
    assert {**finished_state(99), "refused": refused} == again.state
    assert None is outcome(again).error
    healed = Sync(with_refused_users(requester, *refused[1:]), again.state)
    healed.read_all()
    assert {**finished_state(99), "refused": refused[1:]} == healed.state


@pytest.mark.parametrize("number", [1, 5, 19, 20, 300])
@pytest.mark.parametrize("workers", [1, 16])
def test_a_stream_that_is_refused_for_everybody_fails_and_keeps_its_state(workers: int, number: int):
    users = users_at(*[41_000] * number)
    saved = finished_state(40_000)
    requester = requester_for(users, num_workers=workers)
    sync = Sync(with_refused_users(requester, *ids(users)), saved)
    assert len(sync.read_all()) <= 20 + workers
    error = outcome(sync).error
    assert error is not None
    assert "`user_things`" in str(error.message)
    assert saved["updated_at"] == sync.state["updated_at"]
    assert "refused" not in sync.state
    second = Sync(with_refused_users(requester, *ids(users)), sync.state)
    second.read_all()
    assert None is not outcome(second).error
    healed = Sync(with_refused_users(requester), second.state)
    assert set(ids(users)) == set(healed.read_all())
    assert finished_state(41_000) == healed.state


@pytest.mark.parametrize("number", [300, 3000])
def test_too_many_refused_users_fail_the_stream_in_every_sync(number: int):
    users = users_at(*range(number))
    too_many = ids(users)[50 : 50 + max(20, number // 100) + 1]
    requester = requester_for(users, num_workers=4, users_look_back=0)
    sync = Sync(with_refused_users(requester, *too_many))
    sync.read_all()
    error = outcome(sync).error
    assert error is not None
    assert f"true of {len(too_many)} of {number:,} that were to be read" in str(error.message)
    again = Sync(with_refused_users(requester, *too_many), sync.state)
    again.read_all()
    assert None is not outcome(again).error
    healed = Sync(with_refused_users(requester, *too_many[1:]), again.state)
    healed.read_all()
    assert None is outcome(healed).error
    assert set(ids(users)) <= set(sync.rows) | set(again.rows) | set(healed.rows) | set(too_many)
    assert too_many[1:] == healed.state["refused"]


def test_a_state_keeps_two_hundred_refused_users():
    users = users_at(*range(20_200))
    refused = ids(users)[100:302]
    sync = Sync(with_refused_users(requester_for(users, num_workers=4), *refused))
    sync.read_all()
    assert refused[:200] == sync.state["refused"]
    assert (None, 202) == (outcome(sync).error, outcome(sync).skipped)


def test_the_only_user_left_of_an_interrupted_pass_may_be_refused():
    """Whoever the pass after it asks shows that it is about that user alone."""
    users = users_at(1, 2, 41_000)
    saved = {"open": {**OPEN_PASS, "until": timestamp(40_000), "asked": "auth0|00002", "left": ["auth0|00001"]}}
    sync = Sync(with_refused_users(requester_for(users), "auth0|00001"), saved)
    assert ["auth0|00001", "auth0|00002"] == sync.read_all()
    assert {**finished_state(41_000), "refused": ["auth0|00001"]} == sync.state
    assert None is outcome(sync).error


def test_a_failed_user_that_is_refused_is_no_failed_one_any_more():
    users = users_at(41_000, 41_001)
    saved = {**finished_state(40_000), "missed": ["auth0|00001"]}
    sync = Sync(with_refused_users(requester_for(users), "auth0|00001"), saved)
    sync.read_all()
    assert {**finished_state(41_001), "refused": ["auth0|00001"]} == sync.state


OPEN_PASS = {"until": INCREMENTAL_SYNC_END, "log_id": "", "date": "", "asked": "", "left": []}


@pytest.mark.parametrize("saved", [{"open": {**OPEN_PASS, "until": timestamp(43_140.9)}}, finished_state(43_200.9)])
def test_the_state_does_not_go_back_when_the_clock_does(saved: dict[str, Any]):
    sync = Sync(requester_for(users_at(1)), saved)
    sync.read_all()
    assert (saved.get("open") or {"until": saved.get("updated_at")})["until"] == sync.state["updated_at"]


@pytest.mark.parametrize(
    "saved",
    [
        {"updated_at": INCREMENTAL_SYNC_END},
        {"updated_at": "soon", "log_id": "", "date": ""},
        {"updated_at": INCREMENTAL_SYNC_END, "log_id": 7, "date": ""},
        {"updated_at": INCREMENTAL_SYNC_END, "log_id": "", "date": "soon"},
        {"log_id": "", "date": ""},
        *({"open": {name: value for name, value in OPEN_PASS.items() if name != missing}} for missing in OPEN_PASS),
        {"open": {**OPEN_PASS, "until": "soon"}},
        {"open": {**OPEN_PASS, "asked": None}},
        {"open": {**OPEN_PASS, "left": [7]}},
        {"open": 7},
        {"open": OPEN_PASS, "missed": 7},
        {"open": OPEN_PASS, "missed": [None]},
        {"open": OPEN_PASS, "missed": "auth0|1"},
        {"open": {**OPEN_PASS, "left": "auth0|1"}},
        {"open": {**OPEN_PASS, "later": 1}},
        {"open": {**OPEN_PASS, "left": ["auth0|1"] * 1001}},
        {"open": OPEN_PASS, "log_id": "9", "date": INCREMENTAL_SYNC_END},
        *(
            {"open": OPEN_PASS, name: value}
            for name, value in {"updated_at": INCREMENTAL_SYNC_END, "log_id": "9", "date": INCREMENTAL_SYNC_END}.items()
        ),
        {"open": OPEN_PASS, "mised": ["auth0|1"]},
    ],
)
def test_a_malformed_state_is_an_error_that_says_how_to_reset_it(saved: dict[str, Any]):
    with pytest.raises(AirbyteTracedException, match="The saved state of `user_things` cannot be read"):
        Sync(requester_for([]), saved).read_all()


@pytest.mark.parametrize(
    "saved",
    [
        finished_state(50_000),
        {**finished_state(40_000), "open": {**OPEN_PASS, "until": timestamp(50_000), "asked": "zzz"}},
    ],
)
def test_a_state_in_the_future_is_ignored_and_every_user_is_requested(
    saved: dict[str, Any], caplog: pytest.LogCaptureFixture
):
    """Users who change until then would not be read by any sync."""
    sync = Sync(requester_for(users_at(10, 20)), saved)
    assert ["auth0|00000", "auth0|00001"] == sync.read_all()
    assert timestamp(20) == sync.state["updated_at"]
    assert "The saved state of `user_things` lies in the future (2024-01-01T13:53:20.000Z" in caplog.messages[0]


@pytest.mark.parametrize(
    "saved", [finished_state(40_000, 9, 9), {"open": {**OPEN_PASS, "log_id": log_id(9), "date": timestamp(9)}}]
)
def test_a_position_beyond_the_end_of_the_log_is_an_error(saved: dict[str, Any]):
    """No event would be found to name a user."""
    with pytest.raises(AirbyteTracedException, match="`user_things` names an event behind the end of the tenant's log"):
        Sync(requester_for([], role_given(1, 1, "auth0|1")), saved).read_all()


def test_an_open_pass_may_be_null():
    assert ["auth0|00000"] == Sync(requester_for(users_at(41_000)), {**finished_state(40_000), "open": None}).read_all()


class KilledError(Exception):
    """The sync ends here."""


@settings(max_examples=40)
@given(
    st.integers(0, 60),
    st.lists(st.integers(0, 20), min_size=1, max_size=20),
    st.lists(st.integers(0, 150), min_size=1, max_size=4),
    st.sets(st.integers(0, 60), max_size=4),
    st.integers(2, 9),
)
def test_every_user_is_read_despite_kills_and_failures(
    number: int, steps: list[int], step_counts: list[int], failing: set[int], workers: int
):
    """The rows before the last state of each sync and those of the last sync cover every user."""
    users = users_at(*range(number))
    requester = requester_for(users, num_workers=workers, users_look_back=0)
    handed_on, state = set[str](), None
    for step_count in step_counts:
        pending, order = iter(range(step_count)), iter(range(10**9))

        def choose(_: int, pending: Any = pending, order: Any = order) -> int:
            if next(pending, None) is None:
                raise KilledError
            return steps[next(order) % len(steps)]

        sync = Sync(with_failing_users(requester, *(f"auth0|{n:05d}" for n in failing)), state, choose=choose)
        with suppress(KilledError):
            sync.read_all()
        rows, state = sync.states[-1] if sync.states else (0, state)
        handed_on |= set(sync.rows[:rows])
    last = Sync(with_failing_users(requester), state)
    last.read_all()
    assert set(ids(users)) == handed_on | set(last.rows)
    newest = timestamp(number - 1) if number else EPOCH
    assert {**finished_state(0), "updated_at": newest} == last.state


HOUR = 3600
DAY = 24 * HOUR


def deep_requester(users: list[User], **config: Any) -> FakeUserRequester:
    return requester_for(users, **{"user_lists_deep_look_back": True, "num_workers": 2, **config})


def sync_at(requester: FakeUserRequester, second: float, saved: Any = None, **more: Any) -> Sync:
    """A sync so many seconds after midnight."""
    requester.tenant.second = second  # type: ignore[attr-defined]
    return Sync(requester, saved, **more)


def full_state(sync: Sync) -> dict[str, Any]:
    """The last state, with the filter."""
    return sync.full_states[-1][1]


def named(prefix: str, *seconds: float, connection: str = "db") -> list[User]:
    """Users at these seconds, with ids that begin with a prefix."""
    users = users_at(*seconds, connection=connection)
    return [{**user, "user_id": f"{prefix}|{n}"} for n, user in enumerate(users)]


@pytest.mark.parametrize(
    ("every", "lateness", "late", "expected"),
    [
        # Shown an hour after the first sync, updated so many hours before it.
        (24, 24, 23, [False, True, False]),
        (24, 24, 37, [False, False, False]),
        (12, 6, 5, [True, True, False]),
        (0, 24, 1, [False, False, False]),
    ],
)
def test_a_deep_look_back_asks_users_shown_late_and_out_of_order(
    every: int, lateness: int, late: int, expected: list[bool]
):
    """Of three later syncs, 12 hours apart, those that look back deeply ask them."""
    begin = 10 * DAY
    requester = deep_requester(
        named("early", begin - 60), users_deep_look_back_every=every, users_index_lateness=lateness
    )
    sync = sync_at(requester, begin)
    assert ["early|0"] == sync.read_all()
    requester.directory.users += named("late", begin - late * HOUR)
    asked = []
    for number in (1, 2, 3):
        second = begin + number * 12 * HOUR
        requester.directory.users += named(f"new{number}", second - 120)
        sync = sync_at(requester, second, full_state(sync))
        requested = sync.read_all()
        assert f"new{number}|0" in requested
        asked.append("late|0" in requested)
    assert expected == asked


@pytest.mark.parametrize("config", [{"user_lists_deep_look_back": False}, {"users_deep_look_back_every": 0}])
def test_without_the_option_nobody_is_asked_for_being_shown_late(config: dict[str, Any]):
    requester = deep_requester(named("early", 10 * DAY - 60), **config)
    sync = sync_at(requester, 10 * DAY)
    sync.read_all()
    requester.directory.users += named("late", 10 * DAY - HOUR)
    for day in (11, 12, 13):
        requester.directory.users += named(f"new{day}", day * DAY - 120)
        sync = sync_at(requester, day * DAY, full_state(sync))
        assert "late|0" not in sync.read_all()
        assert "deep_at" not in sync.state


def test_a_state_without_a_deep_look_back_gets_one_at_once():
    """Of a version that knew none, or saved while the option was off."""
    users = [*named("late", 8 * DAY + HOUR), *named("older", 8 * DAY - HOUR)]
    sync = sync_at(deep_requester(users), 10 * DAY, finished_state(10 * DAY))
    assert ["late|0"] == sync.read_all()
    assert timestamp(10 * DAY) == sync.state["deep_at"]


@pytest.mark.parametrize("is_first_sync", [True, False])
def test_a_deep_look_back_that_is_killed_loses_nobody(is_first_sync: bool):
    """Whichever of its states is the last, and its time is saved only once everybody is asked."""
    begin = 10 * DAY
    users = [*named("old", begin - 2 * HOUR), *named("dated", *range(begin - 30 * HOUR, begin, 7 * HOUR))]
    undated = named("undated", *[begin - 5 * DAY] * 3) if is_first_sync else []
    for user in undated:
        del user["updated_at"]
    saved = None if is_first_sync else {**finished_state(begin - HOUR), "deep_at": timestamp(begin - DAY)}
    wanted = set(ids([*users, *undated]))

    def requester() -> FakeUserRequester:
        return deep_requester([dict(user) for user in (*users, *undated)])

    whole = sync_at(requester(), begin, saved)
    assert wanted == set(whole.read_all())
    assert timestamp(begin) == whole.state["deep_at"]
    unfinished = [(rows, state) for rows, state in whole.full_states if "open" in state]
    assert len(wanted) // 2 <= len(unfinished)
    for rows, state in unfinished:
        assert (saved or {}).get("deep_at") == state.get("deep_at")
        resumed = sync_at(requester(), begin + 2 * HOUR, state)
        assert wanted == set(whole.rows[:rows]) | set(resumed.read_all())
        assert timestamp(begin) == resumed.state["deep_at"]


class LateIndex:
    """A tenant whose search shows each user some hours after the update; syncs of it, which may be killed.

    changes: the hour of each user's update, and how many hours later the search shows it.
    """

    def __init__(self, changes: list[tuple[int, int]], **config: Any) -> None:
        self.changes = changes
        self.users = named("user", *(hour * HOUR for hour, _ in changes))
        self.requester = deep_requester([], **config)
        self.state: dict[str, Any] | None = None
        self.asked = set[str]()

    def sync(self, hour: int, steps: int | None) -> None:
        """A sync at this hour, killed after so many steps."""
        shown_at = [at + late for at, late in self.changes]
        self.requester.directory.users = [u for u, shown in zip(self.users, shown_at, strict=True) if shown <= hour]
        left = iter(range(10**9 if steps is None else steps))

        def choose(_: int) -> int:
            if next(left, None) is None:
                raise KilledError
            return 0

        sync = sync_at(self.requester, hour * HOUR, self.state, choose=choose)
        rows = 0
        with suppress(KilledError):
            sync.read_all()
            rows = len(sync.rows)
        if sync.full_states:
            rows, self.state = max(rows, sync.full_states[-1][0]), sync.full_states[-1][1]
        self.asked |= set(sync.rows[:rows])


@settings(max_examples=40)
@given(
    st.lists(st.tuples(st.integers(200, 320), st.integers(0, 10)), max_size=25),
    st.sampled_from([(24, 10), (8, 10), (30, 12)]),
    st.lists(st.integers(1, 9), min_size=1, max_size=4),
    st.lists(st.one_of(st.none(), st.integers(0, 30)), min_size=1, max_size=5),
)
def test_whoever_is_shown_at_most_the_lateness_late_is_asked(
    changes: list[tuple[int, int]], options: tuple[int, int], gaps: list[int], kills: list[int | None]
):
    """In any order, with syncs at any hours, of which any are killed at any time."""
    every, lateness = options
    tenant = LateIndex(changes, users_deep_look_back_every=every, users_index_lateness=lateness)
    hour, number = 210, 0
    while hour < 335:
        tenant.sync(hour, kills[number % len(kills)])
        hour, number = hour + gaps[number % len(gaps)], number + 1
    for last in range(3):
        tenant.sync(340 + last * (every + 1), None)
    assert set(ids(tenant.users)) == tenant.asked


def with_config(requester: FakeUserRequester, **config: Any) -> FakeUserRequester:
    """The same tenant, read with another config."""
    other = requester_for([], **{"num_workers": 2, **config})
    other.directory.users = requester.directory.users
    return other


def both(user_id: str, second: float, *connections: str) -> User:
    """A user with an identity in each of these connections."""
    identities = [{"connection": name} for name in connections]
    return {**users_at(second)[0], "user_id": user_id, "identities": identities}


FILTERED_USERS = [
    both("a|1", 1000, "a"),
    both("ab|1", 2000, "a", "b"),
    both("b|1", 3000, "b"),
    both("c|1", 4000, "c"),
    both("a|2", 30_000, "a"),
    both("b|2", 30_000, "b"),
    both("abc|3", 40_000, "a", "b", "c"),
]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ({"start_date": timestamp(3500)}, {"start_date": timestamp(1500)}, {"ab|1", "b|1"}),
        ({"start_date": timestamp(3500)}, {}, {"a|1", "ab|1", "b|1"}),
        ({"start_date": timestamp(3500)}, {"start_date": timestamp(5000)}, set()),
        ({"users_connections": ["a"]}, {"users_connections": ["a", "b"]}, {"b|1", "b|2"}),
        ({"users_connections": ["a", "b"]}, {"users_connections": ["a"]}, set()),
        # Names of connections that are no longer in the config are not known: everybody is asked.
        ({"users_connections": ["a"]}, {}, set(ids(FILTERED_USERS))),
        ({"users_connections": ["a"]}, {"users_connections": ["b"]}, {"ab|1", "b|1", "b|2"}),
        ({}, {"users_connections": ["a"]}, set()),
        # Nobody is in it yet, or nobody else.
        ({"users_connections": ["a"]}, {"users_connections": ["a", "new"]}, set()),
        (
            {"start_date": timestamp(3500), "users_connections": ["a"]},
            {"users_connections": ["a", "b"]},
            {"a|1", "ab|1", "b|1", "b|2", "a|2"},
        ),
    ],
)
def test_a_wider_filter_asks_those_newly_wanted_whenever_the_sync_is_killed(
    before: dict[str, Any], after: dict[str, Any], expected: set[str]
):
    """And the newest user, unless the overlap holds the same users as before."""
    newest = {"abc|3"}
    first = Sync(with_config(requester_for(FILTERED_USERS), **before))
    first.read_all()
    second = Sync(with_config(first.requester, **after), full_state(first))
    assert expected <= set(second.read_all()) <= expected | newest
    assert set() == set(Sync(second.requester, full_state(second)).read_all())
    for rows, state in second.full_states[:-1]:
        resumed = Sync(second.requester, state)
        assert expected <= set(second.rows[:rows]) | set(resumed.read_all()) <= expected | newest
        assert full_state(second)["read_with"] == full_state(resumed)["read_with"]


@pytest.mark.parametrize(
    "before", [{"start_date": timestamp(3500)}, {"users_connections": ["b"]}, {"users_connections": ["c"]}]
)
@pytest.mark.parametrize("is_first_sync", [True, False])
def test_a_filter_that_becomes_wider_while_a_sync_is_unfinished_loses_nobody(
    before: dict[str, Any], is_first_sync: bool
):
    """Those whose ids the unfinished pass has passed are asked too, even if the next sync is killed."""
    saved, asked_before = None, set[str]()
    if not is_first_sync:
        narrow = read(Sync(with_config(requester_for(FILTERED_USERS), start_date=timestamp(35_000))))
        saved, asked_before = full_state(narrow), set(narrow.rows)
    first = read(Sync(with_config(requester_for(FILTERED_USERS), **before), saved))
    for rows, state in first.full_states:
        second = read(Sync(with_config(first.requester), state))
        assert set(ids(FILTERED_USERS)) == asked_before | set(first.rows[:rows]) | set(second.rows)
        for more_rows, more_state in second.full_states:
            third = read(Sync(second.requester, more_state))
            asked = {*asked_before, *first.rows[:rows], *second.rows[:more_rows], *third.rows}
            assert set(ids(FILTERED_USERS)) == asked
            assert NO_FILTER == full_state(third)["read_with"]


def read(sync: Sync) -> Sync:
    """The sync, read to its end."""
    sync.read_all()
    return sync


def test_a_stalled_index_holds_the_position_until_it_goes_on():
    """However long it stands: whoever moved in the meantime is asked once they are shown."""
    users = named("before", *range(1000, 20_000, 2000))
    requester = requester_for([*users])
    sync = Sync(requester)
    assert set(ids(users)) == set(sync.read_all())
    for hour in (20, 40, 70):
        sync = sync_at(requester, hour * HOUR, full_state(sync))
        sync.read_all()
        assert timestamp(19_000) == sync.state["updated_at"]
    while_stalled = named("stalled", *range(21_000, 70 * HOUR, 5000))
    requester.directory.users += while_stalled
    sync = sync_at(requester, 71 * HOUR, full_state(sync))
    assert set(ids(while_stalled)) <= set(sync.read_all())
    assert while_stalled[-1]["updated_at"] == sync.state["updated_at"]


def test_the_users_of_the_overlap_are_asked_again_only_if_the_index_shows_one_more():
    """A bulk import that ended a while ago costs no request an hour; one of its users who is indexed late is asked."""
    requester = requester_for([*named("import", *range(10_000, 10_250)), *named("before", 1000)])
    first = read(Sync(requester))
    quiet = read(sync_at(requester, 13 * HOUR, full_state(first)))
    assert [] == quiet.requested
    assert full_state(first) == full_state(quiet)
    late = {**users_at(10_100)[0], "user_id": "late"}
    requester.directory.users.append(late)
    next_sync = read(sync_at(requester, 14 * HOUR, full_state(quiet)))
    assert "late" in next_sync.requested
    assert [] == read(sync_at(requester, 15 * HOUR, full_state(next_sync))).requested
    requester.directory.users.append({**users_at(10_300)[0], "user_id": "new"})
    assert ["new"] == read(sync_at(requester, 16 * HOUR, full_state(next_sync))).requested


def test_a_state_without_the_overlap_asks_its_users_again():
    """As the states of earlier versions, and where the look-back was changed."""
    requester = requester_for(named("import", *range(10_000, 10_250)))
    state = full_state(read(Sync(requester)))
    del state["overlap"]
    assert 250 == len(read(sync_at(requester, 13 * HOUR, state)).requested)


def test_users_who_move_at_every_query_are_asked_in_every_sync():
    requester = requester_for([*named("hot", 10, 20), *named("quiet", *range(0, 40_000, 100))])
    queries = iter(range(10**9))

    def move(_: Any) -> None:
        for user in requester.directory.users[:2]:
            user["updated_at"] = timestamp(requester.tenant.second - 30 + next(queries) / 1000)  # type: ignore[attr-defined]

    requester.directory.on_query = move
    sync = Sync(requester)
    assert set(ids(requester.directory.users)) == set(sync.read_all())
    for hour in (13, 14, 50):
        sync = sync_at(requester, hour * HOUR, full_state(sync))
        assert {"hot|0", "hot|1"} <= set(sync.read_all())


DEEP_PASS = {**OPEN_PASS, "deep_at": INCREMENTAL_SYNC_END, "since": timestamp(1)}


@pytest.mark.parametrize(
    "saved",
    [
        *({**finished_state(40_000), "deep_at": value} for value in (None, 7, "soon", "2024-01-01T11:59:00Z")),
        *({**finished_state(40_000), "read_with": value} for value in (None, 7, [], {}, {"start_date": None})),
        {**finished_state(40_000), "read_with": {**NO_FILTER, "start_date": "2024-01-01"}},
        {**finished_state(40_000), "read_with": {**NO_FILTER, "connections": "db"}},
        {**finished_state(40_000), "read_with": {**NO_FILTER, "connections": [7]}},
        {**finished_state(40_000), "read_with": {**NO_FILTER, "more": 1}},
        *({**finished_state(40_000), "overlap": value} for value in (None, 7, [])),
        *({"open": {**DEEP_PASS, key: value}} for key in ("deep_at", "since") for value in (None, 7, "soon")),
        *({"open": {name: value for name, value in DEEP_PASS.items() if name != key}} for key in ("deep_at", "since")),
        {"open": {**OPEN_PASS, "read_with": None}},
        {"open": {**OPEN_PASS, "read_with": {}}},
        # Of no mark.
        {"open": OPEN_PASS, "deep_at": INCREMENTAL_SYNC_END},
        {"open": OPEN_PASS, "read_with": NO_FILTER},
        # Nobody would read what lies in between.
        {"open": {**DEEP_PASS, "since": timestamp(43_150)}},
        {**finished_state(40_000), "open": {**DEEP_PASS, "since": timestamp(40_001)}},
    ],
)
def test_a_malformed_look_back_or_filter_is_an_error_that_says_how_to_reset_it(saved: dict[str, Any]):
    with pytest.raises(AirbyteTracedException, match="The saved state of `user_things` cannot be read"):
        Sync(requester_for([]), saved).read_all()
