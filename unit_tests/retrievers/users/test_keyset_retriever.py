from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from airbyte_cdk.sources.declarative.transformations import RecordTransformation
from airbyte_cdk.sources.types import StreamSlice
from airbyte_cdk.utils.traced_exception import AirbyteTracedException
from hypothesis import example, given, settings
from hypothesis import strategies as st

from source_auth0.api.tenant import Tenant
from source_auth0.errors import QueryTimeoutError
from source_auth0.retrievers.user_search.queries import QueryWindow
from source_auth0.retrievers.user_search.time_slices import TimeSlice
from source_auth0.timestamps import to_milliseconds
from testing.fakes.times import MIDNIGHT, timestamp, timestamps
from testing.fakes.user_search import RANGE, TOTALS, User, UserDirectory, ids, user_retriever, users_at

END = MIDNIGHT + 86_399_000


class SliceReader:
    """Reads one time slice, and records the calls of its cursor."""

    def __init__(self, directory: UserDirectory, start: int = 0, end: int = END, attribute: str = "created_at") -> None:
        self.stream = user_retriever(directory)
        self.time_slice = TimeSlice(attribute, start, end)
        self.calls: list[int | str] = []

    def page_handed_on(self, time_slice: TimeSlice, rows: int) -> None:
        assert self.time_slice is time_slice
        self.calls.append(rows)

    def release(self, time_slice: TimeSlice) -> None:
        assert self.time_slice is time_slice
        self.calls.append("left")

    def without_deleted(self, page: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return page

    def rows(self) -> Any:
        stream_slice = StreamSlice(
            partition={}, cursor_slice={}, extra_fields={"time_slice": self.time_slice, "cursor": self}
        )
        return self.stream.read_records({}, stream_slice)


def read(directory: UserDirectory, start: int = 0, end: int = END) -> list[str]:
    return ids(SliceReader(directory, start, end).rows())


def requests_of(number: int) -> int:
    directory = UserDirectory(users_at(*range(number)))
    read(directory)
    return len(directory.queries)


class FailingTransformation(RecordTransformation):
    def transform(self, *_: Any, **__: Any) -> None:
        raise KeyError("an accident")


def test_a_failing_transformation_releases_the_slice_while_the_error_is_held():
    """As the framework holds it; the thread that splits slices would wait for this one for ever."""
    reader = SliceReader(UserDirectory(users_at(1)))
    reader.stream.transformations.append(FailingTransformation())
    with pytest.raises(KeyError) as held:
        list(reader.rows())
    assert (["left"], "an accident") == (reader.calls, held.value.args[0])


@pytest.mark.parametrize("total", TOTALS)
@pytest.mark.parametrize("number", [0, 1, 99, 100, 101, 199, 200, 300, 999, 1000, 1001, 2500])
def test_every_user_is_read_once_whatever_their_number(number: int, total: Callable[[int], int | None]):
    users = users_at(*range(number))
    assert ids(users) == read(UserDirectory(users, total=total))


def test_a_slice_is_read_in_the_fewest_requests():
    """A page starts at the last one's timestamp, so that 99 of its 100 rows are new; the total ends the slice."""
    assert 1 == requests_of(100)
    assert 2 == requests_of(199)
    assert 3 == requests_of(200)


def test_no_page_number_is_used_where_timestamps_differ():
    directory = UserDirectory(users_at(*range(500)))
    read(directory)
    assert {0} == {query["page"] for query in directory.queries}


def test_a_login_during_the_sync_hides_no_user():
    """Page numbers over `updated_at` would skip a row for each user of the first page that moves to the end."""
    directory = UserDirectory(users_at(*range(300)))

    def log_in(_: Any) -> None:
        for user in directory.users[:90:7]:
            user["updated_at"] = timestamp(90_000) if directory.queries else user["updated_at"]

    directory.on_query = log_in
    assert ids(directory.users) == ids(SliceReader(directory, attribute="updated_at").rows())


def test_a_page_is_reported_to_the_cursor_once_its_rows_are_handed_on():
    reader = SliceReader(UserDirectory(users_at(*range(150))))
    rows = reader.rows()
    assert [100, 50] == [len([next(rows) for _ in range(100)]), len(list(rows))]
    assert [100, 50, "left"] == reader.calls


def test_a_page_is_not_reported_before_its_rows_are_handed_on():
    reader = SliceReader(UserDirectory(users_at(*range(150))))
    rows = reader.rows()
    next(rows)
    assert [] == reader.calls
    rows.close()
    assert ["left"] == reader.calls


def test_a_failed_slice_is_released():
    reader = SliceReader(UserDirectory(users_at(1), slow=0))
    with pytest.raises(QueryTimeoutError):
        list(reader.rows())
    assert {0, "left"} == set(reader.calls)
    assert "left" == reader.calls[-1]


@pytest.mark.parametrize("number", [2, 99, 100, 101, 250, 500, 501, 1000, 1001])
@pytest.mark.parametrize("before", [[], [1], [0, 1]])
def test_users_of_one_millisecond_are_read_between_others(number: int, before: list[float]):
    """And once, although their first page and the queries for that millisecond overlap."""
    users = users_at(*before, *[2] * number, 3, 4)
    assert sorted(ids(users)) == sorted(read(UserDirectory(users)))


@pytest.mark.parametrize("number", [101, 501])
def test_the_millisecond_after_users_of_one_millisecond_is_read_too(number: int):
    users = users_at(1.999, *[2] * number, *(2 + n / 1000 for n in range(1, 200)))
    assert sorted(ids(users)) == sorted(read(UserDirectory(users)))


@pytest.mark.parametrize("number", [300, 1200])
def test_users_of_one_millisecond_are_filtered_by_connection(number: int):
    users = users_at(*[2] * number)
    for user in users[::2]:
        user["identities"] = [{"connection": "sms"}]
    assert ids(users[1::2]) == sorted(read(UserDirectory(users, users_connections=["db"], connections=["db", "sms"])))


def test_a_slice_ends_where_the_next_begins():
    users = users_at(*range(300))
    assert ids(users[100:200]) == read(UserDirectory(users), MIDNIGHT + 100_000, MIDNIGHT + 200_000)


class SkippingDirectory(UserDirectory):
    """A directory whose second response skips the first 50 rows of its window, as from a cache."""

    def get(self, _: Any, query: dict[str, Any]) -> Any:
        response = super().get(_, query)
        return {**response, "users": response["users"][50:]} if len(self.queries) == 2 else response


def test_a_page_that_skips_the_end_of_the_last_one_is_requested_again():
    directory = SkippingDirectory(users_at(*range(250)))
    assert ids(directory.users) == read(directory)


class WrongResponseDirectory(UserDirectory):
    """A directory behind a cache whose next responses, so many, belong to another query."""

    wrong_responses = 0

    def get(self, _: Any, query: dict[str, Any]) -> Any:
        response = super().get(_, query)
        if self.wrong_responses:
            self.wrong_responses -= 1
            return {**response, "users": self.users[-1:]}
        return response


def test_a_response_to_another_query_is_requested_again():
    directory = WrongResponseDirectory(users_at(*range(150)))
    directory.wrong_responses = 1
    assert ids(directory.users[:120]) == read(directory, end=MIDNIGHT + 120_000)


def test_a_repeated_response_to_another_query_is_an_error_and_no_gap():
    directory = WrongResponseDirectory(users_at(*range(150)))
    directory.wrong_responses = 2
    with pytest.raises(AirbyteTracedException, match="another question than was asked for `users`"):
        read(directory, end=MIDNIGHT + 120_000)


def test_a_split_slice_ends_at_the_split_point():
    """The rows above belong to another reader, although this one has requested them."""
    users = users_at(*range(300))
    reader = SliceReader(UserDirectory(users))
    rows = reader.rows()
    first_rows = [next(rows) for _ in range(100)]
    assert reader.time_slice.split(MIDNIGHT + 150_000, None) is not None
    assert ids(users[:150]) == ids([*first_rows, *rows])


@pytest.mark.parametrize("end", [150, 198])
def test_rows_split_off_during_a_request_are_not_handed_on(end: int):
    """The slice is split during its request, within its rows or at the last one; no request follows."""
    reader = SliceReader(UserDirectory(users_at(*range(500))))
    split_off: list[TimeSlice | None] = []

    def on_query(_: Any) -> None:
        if len(reader.stream.requester.queries) == 1:
            split_off.append(reader.time_slice.split(MIDNIGHT + end * 1000, None))

    reader.stream.requester.on_query = on_query
    assert ids(users_at(*range(end))) == ids(reader.rows())
    assert [MIDNIGHT + end * 1000] == [time_slice.start for time_slice in split_off if time_slice]
    assert 2 == len(reader.stream.requester.queries)


def test_the_first_page_of_a_split_off_slice_is_not_requested_again():
    directory = UserDirectory(users_at(*range(150)))
    reader = SliceReader(directory)
    reader.time_slice = TimeSlice("created_at", 0, END, reader.stream.search.find(QueryWindow("created_at", 0, END)))
    assert ids(directory.users) == ids(reader.rows())
    assert 2 == len(directory.queries)


@pytest.mark.parametrize("body", [None, {"users": []}, {"users": [], "total": 0}, {"users": [], "total": "5"}])
def test_an_empty_response_yields_no_rows(body: Any):
    assert [] == list(SliceReader(SimpleNamespace(get=lambda *_: body, tenant=Tenant({}), name="users")).rows())


def test_a_response_without_users_is_an_error():
    reader = SliceReader(SimpleNamespace(get=lambda *_: {"results": []}, tenant=Tenant({}), name="users"))
    with pytest.raises(AirbyteTracedException, match="where a list of rows was due"):
        list(reader.rows())


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


def test_a_start_date_filters_updated_at_although_slices_are_along_created_at():
    users = users_at(*range(10))
    users[3]["updated_at"] = timestamp(5000)
    assert ids([users[3], *users[7:]]) == read(UserDirectory(users, start_date=timestamp(7)))


def test_only_users_of_the_configured_connections_are_read():
    users = [*users_at(1, 2, connection="db"), *users_at(3, connection="sms"), *users_at(4, connection="ldap")]
    reader = SliceReader(UserDirectory(users, users_connections=["db", "ldap"]))
    assert [timestamp(1), timestamp(2), timestamp(4)] == [row["created_at"] for row in reader.rows()]


class CountingTransformation(RecordTransformation):
    def transform(self, record: dict[str, Any], config=None, stream_state=None, stream_slice=None) -> None:
        record["marked"] = record.get("marked", 0) + 1


def test_rows_are_transformed_once():
    reader = SliceReader(UserDirectory(users_at(*range(150))))
    reader.stream.transformations.append(CountingTransformation())
    assert {1} == {row["marked"] for row in reader.rows()}


def test_an_export_is_read_instead_of_time_slices():
    stream = user_retriever(UserDirectory([]), transformations=[CountingTransformation()])
    stream.export = SimpleNamespace(pages=lambda job: iter([[{"user_id": job}], [], [{"user_id": "b"}]]))
    extra = {"export": "a", "cursor": SliceReader(UserDirectory([]))}
    stream_slice = StreamSlice(partition={}, cursor_slice={}, extra_fields=extra)
    assert [{"user_id": "a", "marked": 1}, {"user_id": "b", "marked": 1}] == list(stream.read_records({}, stream_slice))


def test_deletions_are_read_instead_of_time_slices():
    stream = user_retriever(UserDirectory([]))
    extra = {"tombstones": SimpleNamespace(pages=lambda: iter([[{"user_id": "a"}]])), "cursor": stream}
    stream_slice = StreamSlice(partition={}, cursor_slice={}, extra_fields=extra)
    assert [{"user_id": "a"}] == list(stream.read_records({}, stream_slice))


@pytest.mark.parametrize("slow", [1, 3, 99, 100, 101, 299])
def test_a_window_whose_query_times_out_is_halved(slow: int):
    users = users_at(*range(300))
    assert ids(users) == read(UserDirectory(users, slow=slow), MIDNIGHT, MIDNIGHT + 300_000)


def test_a_window_grows_again_where_users_are_few():
    """A dense second costs some halvings, and the time after it one doubling per request."""
    directory = UserDirectory(users_at(*(n / 100 for n in range(100)), 40_000), slow=20)
    assert ids(directory.users) == read(directory)
    assert len(directory.queries) < 100


def test_a_window_doubles_with_each_response():
    directory = UserDirectory(users_at(0.5, 0.6), slow=1)
    assert ids(directory.users) == read(directory, MIDNIGHT, MIDNIGHT + 16_000)
    bounds = [RANGE.fullmatch(query["q"]) for query in directory.queries]
    lengths = [to_milliseconds(found[4]) - to_milliseconds(found[2]) for found in bounds if found]
    assert [16_000, 8000, 4000, 2000, 1000, 500] == lengths[:6]
    assert [62, 124, 248, 496, 992, 1984, 3968, 7626] == lengths[-8:]


def test_a_window_is_halved_down_to_a_millisecond():
    users = users_at(2, 2, 2.001, 2.001)
    assert ids(users) == read(UserDirectory(users, slow=2), MIDNIGHT + 2000, MIDNIGHT + 2002)


def test_a_millisecond_whose_query_times_out_is_an_error_and_no_gap():
    with pytest.raises(QueryTimeoutError):
        read(UserDirectory(users_at(1, 2, 2, 2, 3), slow=2))


def users_of(seconds: list[float]) -> list[User]:
    return users_at(*(second for second in seconds if second < 86_399))


@settings(max_examples=100)
@given(timestamps(230), st.sampled_from(TOTALS))
@example([5.0] * 100 + [6.0] * 100, TOTALS[0])
def test_every_user_is_read_once_whatever_their_timestamps(seconds: list[float], total: Callable[[int], int | None]):
    users = users_of(seconds)
    assert sorted(ids(users)) == sorted(read(UserDirectory(users, total=total)))


@settings(max_examples=100)
@given(timestamps(45), st.integers(2, 95), st.sampled_from(TOTALS))
@example([float(second) for second in range(120)], 2, TOTALS[0])
@example([5.0] * 120, 50, TOTALS[0])
def test_every_user_is_read_once_though_pages_are_shorter_than_requested(
    seconds: list[float], limit: int, total: Callable[[int], int | None]
):
    users = users_of(seconds)
    assert sorted(ids(users)) == sorted(read(UserDirectory(users, limit=limit, total=total)))


@settings(max_examples=60)
@given(timestamps(60), st.integers(1, 200))
def test_every_user_is_read_once_though_some_queries_time_out(seconds: list[float], slow: int):
    """As long as the users of a millisecond can be searched for."""
    slow += max((seconds.count(second) for second in set(seconds)), default=0)
    users = users_of(seconds)
    assert sorted(ids(users)) == sorted(read(UserDirectory(users, slow=slow)))


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


def test_users_are_looked_up_by_id_forty_at_a_time():
    users = [f"auth0|{n:02d}" for n in range(41)]
    requester = UsersByIdRequester("auth0|00", "auth0|40")
    found = list(user_retriever(requester, columns={"fields": "user_id"}).search.find_by_ids(users))
    assert [(users[:40], ["auth0|00"]), (users[40:], ["auth0|40"])] == [(some, ids(rows)) for some, rows in found]
    own = {"search_engine": "v3", "per_page": 100, "page": 0, "fields": "user_id"}
    assert {"q": 'user_id:("auth0|40")', **own} == requester.queries[1]
    assert requester.queries[0]["q"].startswith('user_id:("auth0|00" OR "auth0|01" OR ')


def test_a_lookup_by_id_may_have_further_conditions():
    requester = UsersByIdRequester("a")
    assert [(["a"], [{"user_id": "a"}])] == list(user_retriever(requester).search.find_by_ids(["a"], "blocked:true"))
    assert 'user_id:("a") AND blocked:true' == requester.queries[0]["q"]


def test_an_empty_response_to_a_lookup_finds_no_user():
    assert [(["a"], [])] == list(user_retriever(UsersByIdRequester(responses=False)).search.find_by_ids(["a"]))
