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
from source_auth0.errors import MissingScopeError, transient_error
from source_auth0.retrievers.log_events.ordering import LogPosition
from source_auth0.retrievers.user_lists.changed_users import MAX_FAILED_USERS, ChangedUsersCursor
from source_auth0.retrievers.user_lists.retrievers import UnpagedUserListRetriever
from source_auth0.retrievers.user_lists.user_pass import MAX_PENDING_USERS, UserPass
from testing.fakes.clock import TurnTakingCondition
from testing.fakes.event_log import Event, EventLog, event, log_id
from testing.fakes.times import INCREMENTAL_SYNC_END, moment
from testing.fakes.user_requester import FakeUserRequester, user_requester
from testing.fakes.user_search import User, ids, users_at


def role_given(number: int, second: float, *users: str) -> Event:
    """A write that names users in its body."""
    request = {"method": "post", "path": "/api/v2/roles/rol_1/users", "body": {"users": list(users)}}
    return event(number, second, type="sapi", details={"request": request, "response": {"statusCode": 200}})


def mark(second: float, number: int = 0, at: float = 0) -> dict[str, Any]:
    """The state of a sync that ended then, with the log read up to an event."""
    spot = {"log_id": log_id(number), "date": moment(at)} if number else {"log_id": "", "date": ""}
    return {"updated_at": moment(second), **spot}


class Sync:
    """One sync of users' things at noon, read by turns.

    choose: which of so many readers has the next turn. waits: whether a user is read in two turns.
    """

    def __init__(
        self,
        home: FakeUserRequester,
        saved: dict[str, Any] | None = None,
        *,
        incremental: bool = True,
        choose: Callable[[int], int] = lambda _: 0,
        named_by: tuple[str, ...] = ("roles/*/users",),
    ) -> None:
        # Another sync is another process.
        home.tenant._results.clear()
        home.tenant.shared_pages = SharedPages()
        manager = ConnectorStateManager([])
        if saved is not None:
            manager.update_state_for_stream("user_things", None, saved)
        self.cursor = ChangedUsersCursor(
            config=home.tenant,
            stream_name="user_things",
            cursor_field="read_at",
            incremental=incremental,
            state_manager=manager,
            message_repository=self,
        )
        self.cursor._changed = TurnTakingCondition(self.turn)
        self.home, self.choose = home, choose
        self.stream = UnpagedUserListRetriever(
            home.tenant,
            home.name,
            home,  # type: ignore[arg-type]
            cursor=self.cursor,
            named_by=list(named_by),
            named_by_types=["slo"],
        )
        self.readers: list[Iterator[Any]] = []
        self.asked: list[str] = []
        self.rows: list[str] = []
        #: States as they were emitted, with the number of rows before each.
        self.states: list[tuple[int, dict[str, Any]]] = []
        self.failed: list[Exception] = []
        home.things, self.things = self.read, home.things

    def emit_message(self, message: AirbyteMessage) -> None:
        self.states.append((len(self.rows), json.loads(json.dumps(vars(message.state.stream.stream_state)))))

    def read(self, user_id: str) -> Any:
        self.asked.append(user_id)
        return self.things(user_id)

    def turn(self) -> None:
        """One reader hands a row on, or comes to its end."""
        rows = self.readers[self.choose(len(self.readers)) % len(self.readers)]
        try:
            self.rows.append(next(rows)["user_id"])
        except StopIteration:
            self.readers.remove(rows)
        except AirbyteTracedException as error:
            self.failed.append(error)
            self.readers.remove(rows)

    def all(self) -> list[str]:
        """The users asked, in order."""
        for part in self.cursor.stream_slices():
            self.readers.append(iter(self.stream.read_records({}, part)))
            while len(self.readers) >= self.home.tenant.workers:
                self.turn()
        assert [] == self.readers
        self.cursor.ensure_at_least_one_state_emitted()
        return self.asked

    @property
    def state(self) -> dict[str, Any]:
        return self.states[-1][1]


def tenant_of(users: list[User], *events: Event, **config: Any) -> FakeUserRequester:
    home = user_requester(users, **config)
    home.log = EventLog(list(events))
    return home


class Unwell:
    """A user's things, but for some users at whom Auth0 fails."""

    def __init__(self, *users: str, error: Exception | None = None) -> None:
        self.users, self.error = users, error or transient_error("unwell")

    def __call__(self, user_id: str) -> Any:
        if user_id in self.users:
            raise self.error
        return [{"id": 1}]


def unwell(home: FakeUserRequester, *users: str, error: Exception | None = None) -> FakeUserRequester:
    home.things = Unwell(*users, error=error)
    return home


def test_a_first_sync_asks_everybody_in_the_order_of_their_ids():
    sync = Sync(tenant_of(users_at(3, 2, 1), event(1, 10)))
    assert ["auth0|00000", "auth0|00001", "auth0|00002"] == sync.all()
    assert mark(43_140, 1, 10) == sync.state


def test_a_full_refresh_asks_everybody_and_neither_reads_the_log_nor_leaves_a_state():
    sync = Sync(tenant_of(users_at(1, 2), event(1, 10)), mark(40_000, 1, 10), incremental=False)
    assert ids(sync.home.people.users) == sync.all()
    assert ([], {NO_CURSOR_STATE_KEY: True}) == (sync.home.log.queries, sync.state)


def test_a_tenant_without_users_and_events_is_read_to_its_end():
    sync = Sync(tenant_of([]))
    assert [] == sync.all()
    assert mark(43_140) == sync.state


@pytest.mark.parametrize(("config", "expected"), [({}, [2, 3]), ({"users_look_back": 0}, [3])])
def test_a_sync_asks_those_who_moved_since_a_look_back_before_the_last_one(config: Any, expected: list[int]):
    users = users_at(1, 39_000, 39_800, 41_000)
    sync = Sync(tenant_of(users, **config), mark(40_000))
    assert [users[n]["user_id"] for n in expected] == sync.all()
    assert {"updated_at:1"} == {query["sort"] for query in sync.home.people.queries}


def test_a_sync_asks_those_whom_the_log_names():
    """They need not have moved; other kinds of events, and those of the last sync, name nobody."""
    users = users_at(*range(6))
    home = tenant_of(
        users,
        role_given(1, 39_000, "auth0|00000"),
        role_given(2, 41_000, "auth0|00001", "auth0|00002"),
        event(3, 41_000, type="slo", user_id="auth0|00003"),
        event(4, 41_000, type="sce", user_id="auth0|00004"),
        role_given(5, 41_000, "auth0|gone"),
    )
    sync = Sync(home, mark(40_000, 1, 39_000))
    assert [*(f"auth0|0000{n}" for n in (1, 2, 3)), "auth0|gone"] == sync.all()
    assert mark(43_140, 5, 41_000) == sync.state
    assert [] == Sync(home, sync.state).all()


def test_users_named_by_the_log_whom_the_config_leaves_out_are_not_asked():
    users = [*users_at(1), *users_at(2, connection="other")]
    users[1]["user_id"] = "auth0|other"
    events = [event(1, 1), role_given(2, 41_000, *ids(users))]
    home = tenant_of(users, *events, users_connections=["other"])
    assert ["auth0|other"] == Sync(home, mark(40_000, 1, 1)).all()


def test_a_stream_that_no_event_names_users_for_only_reads_where_the_log_ends():
    home = tenant_of(users_at(1), event(1, 1), role_given(2, 41_000, "auth0|00000"))
    sync = Sync(home, mark(40_000, 1, 1), named_by=())
    sync.cursor.selection = replace(sync.cursor.selection, named_by_types=())
    assert [] == sync.all()
    assert 1 == home.log.pages


def no_log(home: FakeUserRequester) -> FakeUserRequester:
    def refuse(_: Any) -> None:
        raise MissingScopeError("user_things", ("read:logs",))

    home.log.meanwhile = refuse
    return home


def test_without_the_scope_for_the_log_those_who_moved_are_asked_and_a_warning_says_so(
    caplog: pytest.LogCaptureFixture,
):
    home = no_log(tenant_of(users_at(1, 41_000), event(1, 1)))
    saved = mark(40_000, 1, 1)
    for _ in range(2):
        sync = Sync(home, saved)
        assert ["auth0|00001"] == sync.all()
        assert mark(43_140, 1, 1) == sync.state
    warnings = [record.message for record in caplog.records if record.levelno == logging.WARNING]
    assert 1 == len(warnings)
    assert "lacks the scope `read:logs`" in warnings[0]


@pytest.mark.parametrize("scope", [True, False])
def test_a_log_that_was_empty_or_refused_names_users_since_the_last_sync_once_it_is_there(scope: bool):
    home = tenant_of(users_at(1, 2, 3))
    if not scope:
        no_log(home)
    first = Sync(home)
    first.all()
    assert mark(43_140) == first.state
    events = [role_given(1, 1, "auth0|00000"), event(2, 40_000), role_given(3, 43_190, "auth0|00001")]
    home.log = EventLog(events)
    second = Sync(home, first.state)
    assert ["auth0|00001"] == second.all()
    assert mark(43_140, 3, 43_190) == second.state


def test_a_log_that_was_refused_and_went_quiet_is_looked_at_from_before_its_end():
    named = role_given(2, 30_000 - 599, "auth0|00000")
    plain = [event(n, 29_970 + n) for n in range(3, 31)]
    assert ["auth0|00000"] == Sync(tenant_of(users_at(1), event(1, 1), named, *plain), mark(40_000)).all()


def test_a_log_that_was_refused_is_looked_at_from_before_the_last_sync_by_what_may_come_late():
    named = role_given(2, 40_000 - 599, "auth0|00000")
    plain = [event(n, 40_000 + n) for n in range(3, 30)]
    assert ["auth0|00000"] == Sync(tenant_of(users_at(1), event(1, 1), named, *plain), mark(40_000)).all()


def test_a_state_amid_a_round_names_the_last_one_too():
    saved = mark(40_000, 1, 1)
    sync = Sync(tenant_of(users_at(*range(41_000, 41_100)), event(1, 1), num_workers=4), saved)
    sync.all()
    while_running = [state for _, state in sync.states if "open" in state]
    assert [{**saved, "open": state["open"]} for state in while_running] == while_running
    assert 25 == len(while_running)


def test_a_state_follows_as_many_users_as_there_are_workers():
    sync = Sync(tenant_of(users_at(*range(100)), num_workers=4))
    sync.all()
    while_running = [(rows, state) for rows, state in sync.states if "open" in state]
    assert [4 * n for n in range(1, len(while_running) + 1)] == [rows - rows % 4 for rows, _ in while_running]
    assert 25 == len(while_running)
    assert all({"open"} == set(state) for _, state in while_running)
    assert {(INCREMENTAL_SYNC_END, "", "")} == {
        tuple(s["open"][k] for k in ("until", "log_id", "date")) for _, s in while_running
    }


def test_the_state_stays_small_while_one_user_takes_long_among_thousands():
    sync = Sync(tenant_of(users_at(*range(3000))), choose=lambda readers: readers - 1)
    sync.all()
    left = [state["open"]["left"] for _, state in sync.states if "open" in state]
    assert ["auth0|00000"] == left[0][:1] == left[len(left) // 2][:1]
    assert max(map(len, left)) < sync.home.tenant.workers
    assert max(len(json.dumps(state)) for _, state in sync.states) < 2000


def test_what_an_interrupted_sync_left_comes_first_and_then_what_moved_since():
    users = users_at(*range(8), 41_000)
    begun = {"until": moment(40_000), "log_id": log_id(1), "date": moment(1), "asked": "auth0|00005"}
    saved = {"open": {**begun, "left": ["auth0|00000", "auth0|00002"]}}
    home = tenant_of(users, event(1, 1), role_given(2, 41_000, "auth0|00001", "auth0|00005"))
    sync = Sync(home, saved)
    assert [f"auth0|0000{n}" for n in (0, 2, 6, 7, 1, 5, 8)] == sync.all()
    assert mark(43_140, 2, 41_000) == sync.state


def test_a_later_round_that_was_interrupted_goes_on_with_whom_the_log_had_named():
    users = users_at(*range(6), 39_000, 41_000)
    begun = {"until": moment(40_000), "log_id": log_id(2), "date": moment(39_000), "asked": "auth0|00002"}
    saved = {**mark(38_000, 1, 1), "open": {**begun, "left": []}}
    named = role_given(2, 39_000, "auth0|00001", "auth0|00004")
    sync = Sync(tenant_of(users, event(1, 1), named, event(3, 41_500)), saved)
    assert ["auth0|00004", "auth0|00006", "auth0|00007"] == sync.all()
    assert mark(43_140, 3, 41_500) == sync.state


def test_a_sync_that_fails_before_anybody_is_asked_leaves_the_state_alone():
    begun = {"until": moment(40_000), "log_id": "", "date": "", "asked": "auth0|00002", "left": []}
    home = tenant_of(users_at(1))
    home.people.meanwhile = lambda _: (_ for _ in ()).throw(transient_error("unwell"))
    sync = Sync(home, {"open": begun})
    with pytest.raises(AirbyteTracedException, match="unwell"):
        sync.all()
    sync.cursor.ensure_at_least_one_state_emitted()
    assert {"open": begun} == sync.state


def test_a_user_who_fails_is_left_to_the_next_sync_and_the_others_are_not():
    home = unwell(tenant_of(users_at(*range(100))), "auth0|00005")
    first = Sync(home)
    assert ids(home.people.users) == first.all()
    assert 1 == len(first.failed)
    assert {**mark(43_140), "missed": ["auth0|00005"]} == first.state
    home.people.users[7]["updated_at"] = moment(43_000)
    second = Sync(home, first.state)
    assert ["auth0|00005", "auth0|00007"] == second.all()
    assert {**mark(43_140), "missed": ["auth0|00005"]} == second.state
    assert ["auth0|00005", "auth0|00007"] == Sync(unwell(home), second.state).all()


@pytest.mark.parametrize("second", [1, 41_000])
def test_a_user_who_was_missed_is_forgotten_once_asked(second: float):
    """And asked once, whether or not they moved."""
    sync = Sync(tenant_of(users_at(second)), {**mark(40_000), "missed": ["auth0|00000"]})
    assert ["auth0|00000"] == sync.all()
    assert mark(43_140) == sync.state


def test_a_user_who_was_missed_in_a_round_is_asked_again_before_it_goes_on():
    """Whoever comes behind what was asked; one who fails again is not asked twice in a sync."""
    begun = {"until": moment(40_000), "log_id": "", "date": "", "asked": "auth0|00005", "left": []}
    saved = {"open": begun, "missed": ["auth0|00001", "auth0|00005"]}
    home = unwell(tenant_of(users_at(*range(4), 41_000, 5, 39_900)), "auth0|00005", "auth0|00006")
    home.people.users[5]["updated_at"] = moment(41_000)
    sync = Sync(home, saved, choose=lambda _: 0)
    assert [f"auth0|0000{n}" for n in (1, 5, 6, 4)] == sync.all()
    assert {**mark(43_140), "missed": ["auth0|00005", "auth0|00006"]} == sync.state


@pytest.mark.parametrize("missed", ["auth0|00001", "auth0|00007"])
@pytest.mark.parametrize("before", [{}, mark(30_000)])
def test_a_kill_while_missed_users_are_asked_again_falls_back_behind_nobody(missed: str, before: dict[str, Any]):
    """And leaves nobody out."""
    begun = {"until": moment(40_000), "log_id": "", "date": "", "asked": "auth0|00003", "left": []}
    saved = {**before, "open": begun, "missed": [missed]}
    sync = Sync(tenant_of(users_at(*[35_000] * 9), num_workers=2), saved)
    parts = sync.cursor.stream_slices()
    part = next(parts)
    assert saved == dict(sync.cursor.state)
    assert [missed] == [row["user_id"] for row in sync.stream.read_records({}, part)]
    assert {**before, "open": begun} == dict(sync.cursor.state)


def test_a_kill_after_missed_users_were_asked_leaves_those_who_moved_to_the_next_sync():
    saved = {**mark(40_000), "missed": ["auth0|00007"]}
    sync = Sync(tenant_of(users_at(*[41_000] * 9), num_workers=2), saved)
    assert ["auth0|00007"] == [
        row["user_id"] for row in sync.stream.read_records({}, next(sync.cursor.stream_slices()))
    ]
    assert {**mark(40_000), "open": {**OPEN, "until": moment(43_140)}} == dict(sync.cursor.state)


@pytest.mark.parametrize("workers", [2, 16])
def test_where_many_users_fail_nobody_else_is_asked(workers: int):
    users = users_at(*range(1000))
    home = unwell(tenant_of(users, num_workers=workers), *ids(users)[10:])
    sync = Sync(home)
    assert len(sync.all()) <= 10 + MAX_FAILED_USERS + workers
    assert "updated_at" not in sync.state
    assert ids(users)[10 : 10 + MAX_FAILED_USERS] == sync.state["missed"]
    resumed = Sync(unwell(home), sync.state)
    assert ids(users)[10:] == sorted(resumed.all())
    assert mark(43_140) == resumed.state


def test_what_a_person_has_to_mend_is_asked_of_no_further_user():
    """Without the scope, each of a million users would be a request."""
    users = users_at(*range(1000))
    home = unwell(
        tenant_of(users, num_workers=4), *ids(users), error=MissingScopeError("user_things", ("read:things",))
    )
    sync = Sync(home)
    assert len(sync.all()) <= 4
    assert "missed" not in sync.state
    assert ids(users) == Sync(unwell(home), sync.state).all()


def test_slices_that_wait_when_nobody_else_is_to_be_asked_cost_no_request():
    users = users_at(*range(10))
    home = unwell(
        tenant_of(users, num_workers=100), *ids(users), error=MissingScopeError("user_things", ("read:things",))
    )
    assert 1 == len(Sync(home).all())


def test_a_reading_that_is_abandoned_is_over_and_nobody_was_asked():
    sync = Sync(tenant_of(users_at(1)))
    parts = sync.cursor.stream_slices()
    rows: Any = sync.stream.read_records({}, next(parts))
    next(rows)
    rows.close()
    assert [] == list(parts)
    assert "" == sync.cursor.state["open"]["asked"]


def test_once_the_tenant_lacks_the_feature_users_count_as_asked():
    home = tenant_of(users_at(*range(100)))

    def refuse(user_id: str) -> Any:
        home.tenant.streams_without_feature.add("user_things")
        return []

    home.things = refuse
    sync = Sync(home)
    assert ["auth0|00000"] == sync.all()
    assert mark(43_140) == sync.state


OPEN = {"until": INCREMENTAL_SYNC_END, "log_id": "", "date": "", "asked": "", "left": []}


@pytest.mark.parametrize("saved", [{"open": {**OPEN, "until": moment(43_140.9)}}, mark(43_200.9)])
def test_no_state_falls_behind_the_last_one_where_the_clock_does(saved: dict[str, Any]):
    sync = Sync(tenant_of(users_at(1)), saved)
    sync.all()
    assert (saved.get("open") or {"until": saved.get("updated_at")})["until"] == sync.state["updated_at"]


@pytest.mark.parametrize(
    "saved",
    [
        {"updated_at": INCREMENTAL_SYNC_END},
        {"updated_at": "soon", "log_id": "", "date": ""},
        {"updated_at": INCREMENTAL_SYNC_END, "log_id": 7, "date": ""},
        {"updated_at": INCREMENTAL_SYNC_END, "log_id": "", "date": "soon"},
        {"log_id": "", "date": ""},
        *({"open": {name: value for name, value in OPEN.items() if name != missing}} for missing in OPEN),
        {"open": {**OPEN, "until": "soon"}},
        {"open": {**OPEN, "asked": None}},
        {"open": {**OPEN, "left": [7]}},
        {"open": 7},
        {"open": OPEN, "missed": 7},
        {"open": OPEN, "missed": [None]},
        {"open": OPEN, "missed": "auth0|1"},
        {"open": {**OPEN, "left": "auth0|1"}},
        {"open": {**OPEN, "later": 1}},
        {"open": {**OPEN, "left": ["auth0|1"] * 1001}},
        {"open": OPEN, "log_id": "9", "date": INCREMENTAL_SYNC_END},
        *(
            {"open": OPEN, name: value}
            for name, value in {"updated_at": INCREMENTAL_SYNC_END, "log_id": "9", "date": INCREMENTAL_SYNC_END}.items()
        ),
        {"open": OPEN, "mised": ["auth0|1"]},
    ],
)
def test_a_malformed_state_says_how_to_get_rid_of_it(saved: dict[str, Any]):
    with pytest.raises(AirbyteTracedException, match="The saved state of `user_things` cannot be read"):
        Sync(tenant_of([]), saved).all()


@pytest.mark.parametrize(
    "saved", [mark(50_000), {**mark(40_000), "open": {**OPEN, "until": moment(50_000), "asked": "zzz"}}]
)
def test_a_state_in_the_future_is_not_believed_and_everybody_is_asked(
    saved: dict[str, Any], caplog: pytest.LogCaptureFixture
):
    """Whoever moves until then would be asked by nobody."""
    sync = Sync(tenant_of(users_at(10, 20)), saved)
    assert ["auth0|00000", "auth0|00001"] == sync.all()
    assert "2024-01-01T11:5" == sync.state["updated_at"][:15]
    assert "The saved state of `user_things` lies in the future (2024-01-01T13:53:20.000Z" in caplog.messages[0]


@pytest.mark.parametrize("saved", [mark(40_000, 9, 9), {"open": {**OPEN, "log_id": log_id(9), "date": moment(9)}}])
def test_a_place_behind_the_end_of_the_log_is_not_this_tenants(saved: dict[str, Any]):
    """Nobody would be found to be named."""
    with pytest.raises(AirbyteTracedException, match="`user_things` names an event behind the end of the tenant's log"):
        Sync(tenant_of([], role_given(1, 1, "auth0|1")), saved).all()


def test_a_state_without_anything_open_may_say_so():
    assert ["auth0|00000"] == Sync(tenant_of(users_at(41_000)), {**mark(40_000), "open": None}).all()


@pytest.mark.parametrize(
    ("done", "again", "asked", "left"),
    [
        ([], 0, "c", "abc"),
        ([0], 0, "c", "bc"),
        ([4], 0, "e", "abcd"),
        ([4, 0, 3], 0, "e", "bc"),
        ([2, 0, 1], 0, "c", ""),
        ([1], 2, "c", "c"),
        ([2], 2, "c", ""),
        ([4, 0], 2, "e", "cd"),
    ],
)
def test_a_round_names_those_who_are_left_behind_the_last(done: list[int], again: int, asked: str, left: str):
    """It never falls back behind an earlier sync, which left them, too; who is asked again is named elsewhere."""
    current = UserPass(list("abcdef"), 0, LogPosition(), "c", again)
    for place in done:
        current.mark_done(place)
    assert (asked, list(left)) == (current.state["asked"], current.state["left"])
    assert not current.is_done


def test_a_round_is_done_with_nobody_twice():
    current = UserPass(list("ab"), 0, LogPosition())
    current.mark_done(0)
    with pytest.raises(ValueError, match="not in list"):
        current.mark_done(0)


@given(st.permutations(range(60)), st.integers(0, 60))
def test_a_round_tells_exactly_who_is_left_where_few_are_and_never_too_few(order: list[int], number: int):
    users = [f"{n:02d}" for n in range(60)]
    current = UserPass(users, 0, LogPosition())
    for place in order[:number]:
        current.mark_done(place)
    state = current.state
    told = {user for user in users if user > state["asked"] or user in state["left"]}
    truth = {users[place] for place in order[number:]}
    assert len(state["left"]) <= MAX_PENDING_USERS
    assert truth <= told
    assert len(current.pending) > MAX_PENDING_USERS or truth == told
    assert current.is_done == (number == 60)


class KilledError(Exception):
    """The sync ends here."""


@settings(max_examples=80)
@given(
    st.integers(0, 60),
    st.lists(st.integers(0, 20), min_size=1, max_size=20),
    st.lists(st.integers(0, 150), min_size=1, max_size=4),
    st.sets(st.integers(0, 60), max_size=4),
    st.integers(2, 9),
)
def test_everybody_is_asked_however_often_a_sync_is_killed_and_whoever_fails(
    number: int, turns: list[int], lives: list[int], failing: set[int], workers: int
):
    """What came before the last state of each sync, and what the last one asks, is everybody."""
    users = users_at(*range(number))
    home = tenant_of(users, num_workers=workers, users_look_back=0)
    handed_on, state = set[str](), None
    for life in lives:
        left, order = iter(range(life)), iter(range(10**9))

        def choose(_: int, left: Any = left, order: Any = order) -> int:
            if next(left, None) is None:
                raise KilledError
            return turns[next(order) % len(turns)]

        sync = Sync(unwell(home, *(f"auth0|{n:05d}" for n in failing)), state, choose=choose)
        with suppress(KilledError):
            sync.all()
        rows, state = sync.states[-1] if sync.states else (0, state)
        handed_on |= set(sync.rows[:rows])
    last = Sync(unwell(home), state)
    last.all()
    assert set(ids(users)) == handed_on | set(last.rows)
    assert mark(43_140) == last.state
