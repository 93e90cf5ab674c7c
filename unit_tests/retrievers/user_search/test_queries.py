import time
from datetime import datetime, timezone
from types import SimpleNamespace
from typing import Any
from urllib.parse import quote

import pytest
from airbyte_cdk.models import FailureType
from hypothesis import given
from hypothesis import strategies as st

from source_auth0.api.tenant import Tenant
from source_auth0.errors import QueryTimeoutError, RequestRefusedError
from source_auth0.retrievers.user_search.queries import (
    MAX_QUERY_CHARACTERS,
    QueryWindow,
    UserSearch,
    and_conditions,
    quote_term,
)
from source_auth0.timestamps import to_iso, to_milliseconds
from testing.fakes.clock import FakeClock
from testing.fakes.times import timestamp
from testing.fakes.user_search import UserDirectory, ids, user_retriever, users_at

FIRST, END = 1_704_067_200_000, 1_704_067_260_007
#: 9999-12-31T23:59:59.999Z
LAST = 253_402_300_799_999


@pytest.mark.parametrize(
    ("window", "query"),
    [
        (QueryWindow("updated_at", FIRST, END), "updated_at:[2024-01-01T00:00:00.000Z TO 2024-01-01T00:01:00.007Z}"),
        (QueryWindow("created_at", None, END), "created_at:[* TO 2024-01-01T00:01:00.007Z}"),
        (QueryWindow("created_at", FIRST, None), "created_at:[2024-01-01T00:00:00.000Z TO *]"),
        (QueryWindow("created_at", None, None, "blocked:true"), "created_at:[* TO *] AND blocked:true"),
    ],
)
def test_a_window_is_half_open_in_the_search_syntax(window: QueryWindow, query: str):
    assert query == window.query


@pytest.mark.parametrize(
    ("start", "end", "found"), [(1, 3, [1, 2]), (None, 3, [0, 1, 2]), (1, None, [1, 2, 3]), (None, None, [0, 1, 2, 3])]
)
def test_a_window_includes_its_start_and_excludes_its_end(start: int | None, end: int | None, found: list[int]):
    users = users_at(0, 0.001, 0.002, 0.003)
    low, high = (None if at is None else FIRST + at for at in (start, end))
    page = user_retriever(UserDirectory(users)).search.find(QueryWindow("updated_at", low, high))
    assert ([users[n] for n in found], len(found), high) == (page.rows, page.total, page.end)


def test_a_window_may_have_a_lower_bound_of_updated_at_besides():
    window = QueryWindow("created_at", FIRST, None, "blocked:true", updated_since=END)
    created, updated = "created_at:[2024-01-01T00:00:00.000Z TO *]", "updated_at:[2024-01-01T00:01:00.007Z TO *]"
    assert f"{created} AND {updated} AND blocked:true" == window.query


@pytest.mark.parametrize(
    ("window", "bound"),
    [
        (QueryWindow("updated_at", FIRST, END), FIRST),
        (QueryWindow("updated_at", None, END), None),
        (QueryWindow("created_at", FIRST, None), None),
        (QueryWindow("created_at", FIRST, None, updated_since=END), END),
    ],
)
def test_only_a_lower_bound_of_updated_at_tells_of_the_index(window: QueryWindow, bound: int | None):
    assert bound == window.index_bound


@pytest.mark.parametrize(
    ("one", "other", "whole"), [("a", "b", "a AND b"), ("a", "", "a"), ("", "b", "b"), ("", "", "")]
)
def test_conditions_are_joined_where_there_are_two(one: str, other: str, whole: str):
    assert whole == and_conditions(one, other)


@pytest.mark.parametrize(
    ("value", "term"), [("db", '"db"'), ('a"b', '"a\\"b"'), ("a\\b", '"a\\\\b"'), ('\\"', '"\\\\\\""'), ("*", '"*"')]
)
def test_a_quoted_value_cannot_leave_its_quotes(value: str, term: str):
    assert term == quote_term(value)


@pytest.mark.parametrize(
    ("text", "milliseconds"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("0001-01-01T00:00:00Z", 0),
        ("2024-01-01T00:00:00Z", FIRST),
        (" 2024-01-01T00:00:00.000Z\n", FIRST),
        ("2024-01-01T00:00:00.1Z", FIRST + 100),
        ("2024-01-01T00:00:00.123999Z", FIRST + 123),
        ("2024-01-01T00:00:00.123+00:00", FIRST + 123),
        ("2024-01-01T00:00:00", FIRST),
        ("9999-12-31T23:59:59.999Z", LAST),
    ],
)
def test_timestamps_of_every_format_are_parsed(text: str, milliseconds: int):
    """The formats of states of all published versions, of start dates in configs, and of Auth0."""
    assert milliseconds == to_milliseconds(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "yesterday",
        "2024-13-01T00:00:00Z",
        "2024-03-01T02:00:00.xZ",
        "2024-03-01T02:00:00.²Z",
        "2024-03-01T02:00:00+02:00",
        "2024-03-01T02:00:00.5-00:00",
        "1709251200",
        "Z",
    ],
)
def test_a_malformed_timestamp_is_refused(text: str):
    with pytest.raises(ValueError, match=r"."):
        to_milliseconds(text)


@pytest.mark.parametrize("value", [None, 1709251200, ["2024-01-01T00:00:00Z"]])
def test_a_timestamp_that_is_no_string_is_refused(value: Any):
    with pytest.raises(AttributeError):
        to_milliseconds(value)


@given(st.integers(0, LAST))
def test_a_timestamp_survives_formatting_and_parsing(milliseconds: int):
    assert milliseconds == to_milliseconds(to_iso(milliseconds))
    assert 24 == len(to_iso(milliseconds))


@given(st.integers(0, LAST), st.integers(0, LAST))
def test_formatted_timestamps_sort_chronologically(one: int, other: int):
    assert (one < other) == (to_iso(one) < to_iso(other))


def test_timestamps_are_utc():
    assert FIRST == datetime(2024, 1, 1, tzinfo=timezone.utc).timestamp() * 1000


def test_timestamps_are_utc_in_any_local_time_zone(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        assert "2024-01-01T00:01:00.007Z" == to_iso(END)
        assert END == to_milliseconds("2024-01-01T00:01:00.007Z")
    finally:
        monkeypatch.undo()
        time.tzset()


def test_an_invalid_date_is_quoted_in_the_error():
    with pytest.raises(ValueError, match="'tomorrow' is no UTC date and time"):
        to_milliseconds("tomorrow")


@pytest.mark.parametrize(
    ("config", "conditions"),
    [
        ({}, ""),
        ({"users_connections": [], "start_date": ""}, ""),
        ({"users_connections": None, "start_date": None}, ""),
        ({"start_date": "2024-01-01T00:00:07Z"}, "updated_at:[2024-01-01T00:00:07.000Z TO *]"),
        ({"start_date": "2024-01-01T00:00:07.1239Z"}, "updated_at:[2024-01-01T00:00:07.123Z TO *]"),
        ({"users_connections": ["db"]}, '(identities.connection:"db")'),
        ({"users_connections": ["a", 'b"']}, r'(identities.connection:"a" OR identities.connection:"b\"")'),
        (
            {"users_connections": ["db"], "start_date": "2024-01-01T00:00:07Z"},
            'updated_at:[2024-01-01T00:00:07.000Z TO *] AND (identities.connection:"db")',
        ),
    ],
)
def test_the_configured_filters_become_query_conditions(config: dict[str, Any], conditions: str):
    assert conditions == user_retriever(UserDirectory([], **config)).search.conditions


class UsersByIdRequester:
    """Responds to a search by user ids with the known ones, or without any body."""

    def __init__(self, *known_ids: str, responses: bool = True) -> None:
        self.tenant, self.name = Tenant({}), "users"
        self.known_ids, self.answers = known_ids, responses
        self.queries: list[dict[str, Any]] = []

    def get(self, stream_slice: Any, query: dict[str, Any]) -> Any:
        assert stream_slice is None
        self.queries.append(query)
        return [{"user_id": one} for one in self.known_ids if f'"{one}"' in query["q"]] if self.answers else None


def test_users_are_looked_up_by_id_a_hundred_at_a_time():
    users = [f"auth0|{n:03d}" for n in range(101)]
    requester = UsersByIdRequester("auth0|000", "auth0|100")
    found = list(user_retriever(requester, columns={"fields": "user_id"}).search.find_by_ids(users))
    assert [(users[:100], ["auth0|000"]), (users[100:], ["auth0|100"])] == [(some, ids(rows)) for some, rows in found]
    own = {"search_engine": "v3", "per_page": 100, "page": 0, "fields": "user_id"}
    assert {"q": 'user_id:("auth0|100")', **own} == requester.queries[1]
    assert requester.queries[0]["q"].startswith('user_id:("auth0|000" OR "auth0|001" OR ')


def test_a_lookup_of_long_ids_fits_into_a_url():
    users = [f"samlp|{n:03d}|{'ü' * 40}" for n in range(60)]
    requester = UsersByIdRequester(*users)
    found = list(user_retriever(requester).search.find_by_ids(users, "blocked:true"))
    assert users == [user for some, rows in found for user in some if some == ids(rows)]
    lengths = [len(quote(query["q"])) for query in requester.queries]
    assert 3000 < lengths[0] == max(lengths) < MAX_QUERY_CHARACTERS + 30


def test_a_lookup_by_id_may_have_further_conditions():
    requester = UsersByIdRequester("a")
    assert [(["a"], [{"user_id": "a"}])] == list(user_retriever(requester).search.find_by_ids(["a"], "blocked:true"))
    assert 'user_id:("a") AND blocked:true' == requester.queries[0]["q"]


def test_an_empty_response_to_a_lookup_finds_no_user():
    assert [(["a"], [])] == list(user_retriever(UsersByIdRequester(responses=False)).search.find_by_ids(["a"]))


def later_now(search: UserSearch, at: int) -> UserSearch:
    search.tenant = SimpleNamespace(now_ms=at, config=search.tenant.config)  # type: ignore[assignment]
    return search


def test_the_index_has_reached_the_largest_bound_for_which_a_user_came():
    search = later_now(user_retriever(UserDirectory(users_at(0, 5, 9))).search, FIRST + 60_000)
    assert search.index_reached is None
    reached = []
    for second in (0, 7, 3, 9, 10):
        search.find(QueryWindow("updated_at", FIRST + second * 1000, None))
        reached.append(search.index_reached)
    assert [FIRST, FIRST + 7000, FIRST + 7000, FIRST + 9000, FIRST + 9000] == reached


def test_a_range_of_created_at_proves_nothing_of_the_index():
    search = later_now(user_retriever(UserDirectory(users_at(0, 5, 9))).search, FIRST + 60_000)
    search.find(QueryWindow("created_at", FIRST, None))
    assert search.index_reached is None
    search.find(QueryWindow("created_at", FIRST, None, updated_since=FIRST + 2000))
    assert FIRST + 2000 == search.index_reached


@pytest.mark.parametrize(("ahead", "is_proof"), [(2000, True), (2001, False)])
def test_a_user_dated_in_the_future_proves_nothing_of_the_index(ahead: int, is_proof: bool):
    """Auth0's clock is known to the second."""
    search = later_now(user_retriever(UserDirectory(users_at(9))).search, FIRST + 9000 - ahead)
    search.find(QueryWindow("updated_at", FIRST, None))
    assert (FIRST if is_proof else None) == search.index_reached


class AnsweringRequester:
    """Answers with these bodies in turn, then with the last; an exception is raised."""

    def __init__(self, *bodies: Any) -> None:
        self.tenant, self.name = Tenant({}), "users"
        self.bodies, self.queries = list(bodies), list[dict[str, Any]]()

    def get(self, _: Any, query: dict[str, Any]) -> Any:
        self.queries.append(query)
        body = self.bodies.pop(0) if len(self.bodies) > 1 else self.bodies[0]
        if isinstance(body, Exception):
            raise body
        return body


ANSWER = {"users": users_at(1), "total": 1}
EMPTY = {"users": [], "total": 0}


@pytest.mark.parametrize(
    ("body", "rows", "total"),
    [
        (ANSWER, users_at(1), 1),
        ({"users": users_at(1)}, users_at(1), None),
        ({"users": [], "total": "5"}, [], None),
        ({"users": [], "total": True}, [], None),
        ([], [], None),
        (None, [], None),
    ],
)
def test_a_total_is_a_number_or_unknown(body: Any, rows: list[Any], total: int | None):
    page = user_retriever(AnsweringRequester(body)).search.find(QueryWindow("created_at", FIRST, END))
    assert (rows, total, END) == (page.rows, page.total, page.end)


@pytest.mark.parametrize(("bodies", "rows"), [([EMPTY, ANSWER], 1), ([EMPTY, EMPTY, ANSWER], 0), ([ANSWER], 1)])
def test_an_empty_page_is_asked_again_once(bodies: list[Any], rows: int, search_clock: FakeClock):
    requester = AnsweringRequester(*bodies)
    page = user_retriever(requester).search.find_again_if_empty(QueryWindow("created_at", FIRST, END))
    assert (rows, [1.0] if len(bodies) > 1 else []) == (len(page.rows), search_clock.sleeps)
    assert len(requester.queries) == 1 + len(search_clock.sleeps)


TIMEOUT = QueryTimeoutError("users")


@pytest.mark.parametrize(("timeouts", "sleeps"), [(1, [1]), (2, [1, 2]), (3, [1, 2])])
def test_a_query_that_can_be_halved_is_asked_three_times(timeouts: int, sleeps: list[float], search_clock: FakeClock):
    requester = AnsweringRequester(*[TIMEOUT] * timeouts, ANSWER)
    search, window = user_retriever(requester).search, QueryWindow("created_at", FIRST, END)
    if timeouts < 3:
        assert 1 == search.find(window, can_halve=True).total
    else:
        with pytest.raises(QueryTimeoutError):
            search.find(window, can_halve=True)
    assert sleeps == search_clock.sleeps


def test_any_other_query_is_asked_for_five_minutes(search_clock: FakeClock):
    """An answer in between starts the five minutes anew."""
    search = user_retriever(AnsweringRequester(*[TIMEOUT] * 140, ANSWER, *[TIMEOUT] * 140, ANSWER, TIMEOUT)).search
    assert [1, 1] == [search.total(""), search.total("")]
    assert 2 * (1 + 139 * 2) == sum(search_clock.sleeps)
    with pytest.raises(QueryTimeoutError):
        search.total("")
    assert search.has_timed_out_for_good()
    assert 300 < sum(search_clock.sleeps) - 2 * (1 + 139 * 2) <= 303


@pytest.mark.parametrize(("total", "known"), [(7, 7), (1000, None), (1001, 1001), (None, None)])
def test_a_total_that_may_be_capped_is_unknown(total: int | None, known: int | None):
    directory = UserDirectory(users_at(1, 2), total=lambda _: total)
    search = user_retriever(directory, columns={"fields": "user_id"}).search
    assert [known, known] == [search.total(""), search.total('identities.connection:"db"')]
    asked = {"per_page": 1, "page": 0, "include_totals": "true", "fields": "user_id", "search_engine": "v3"}
    assert [asked, {"q": 'identities.connection:"db"', **asked}] == directory.queries


def test_the_users_that_the_index_has_last_come_newest_first():
    directory = UserDirectory(users_at(1, 3, 2), users_connections=["db"])
    assert [timestamp(n) for n in (3, 2, 1)] == [
        row["updated_at"] for row in user_retriever(directory).search.newest_indexed(0)
    ]
    expected = 'updated_at:[1970-01-01T00:00:00.000Z TO *] AND (identities.connection:"db")'
    assert expected == directory.queries[0]["q"]


@pytest.mark.parametrize(
    "failure",
    [QueryTimeoutError("users"), RequestRefusedError(414, "URI too long", FailureType.system_error)],
    ids=["timeout", "414"],
)
def test_a_lookup_of_too_many_ids_is_halved(failure: Exception):
    requester = UsersByIdRequester("a", "b", "c")
    get, sizes = requester.get, []

    def refuse(part: Any, query: dict[str, Any]) -> Any:
        sizes.append(query["q"].count('"') // 2)
        if sizes[-1] > 1:
            raise failure
        return get(part, query)

    requester.get = refuse  # type: ignore[method-assign]
    found = list(user_retriever(requester).search.find_by_ids(["a", "b", "c"]))
    assert [(["a"], ["a"]), (["b"], ["b"]), (["c"], ["c"])] == [(some, ids(rows)) for some, rows in found]
