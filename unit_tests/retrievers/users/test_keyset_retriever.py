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
from source_auth0.retrievers.users.queries import QueryWindow
from source_auth0.retrievers.users.time_slices import TimeSlice
from source_auth0.timestamps import to_milliseconds
from testing.fakes.times import MIDNIGHT, moment, timestamps
from testing.fakes.user_search import RANGE, TOTALS, User, UserDirectory, ids, user_retriever, users_at

END = MIDNIGHT + 86_399_000


class Reader:
    """Reads one piece, and notes what the cursor is told."""

    def __init__(self, directory: UserDirectory, start: int = 0, end: int = END, attribute: str = "created_at") -> None:
        self.stream = user_retriever(directory)
        self.piece = TimeSlice(attribute, start, end)
        self.told: list[int | str] = []

    def page_handed_on(self, piece: TimeSlice, rows: int) -> None:
        assert self.piece is piece
        self.told.append(rows)

    def release(self, piece: TimeSlice) -> None:
        assert self.piece is piece
        self.told.append("left")

    def without_deleted(self, page: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return page

    def rows(self) -> Any:
        part = StreamSlice(partition={}, cursor_slice={}, extra_fields={"time_slice": self.piece, "cursor": self})
        return self.stream.read_records({}, part)


def read(directory: UserDirectory, start: int = 0, end: int = END) -> list[str]:
    return ids(Reader(directory, start, end).rows())


def requests_of(number: int) -> int:
    directory = UserDirectory(users_at(*range(number)))
    read(directory)
    return len(directory.queries)


class Broken(RecordTransformation):
    def transform(self, *_: Any, **__: Any) -> None:
        raise KeyError("an accident")


def test_a_row_that_breaks_the_reading_leaves_the_piece_while_the_error_is_held():
    """As the framework holds it; the thread that cuts pieces would wait for this one for ever."""
    reader = Reader(UserDirectory(users_at(1)))
    reader.stream.transformations.append(Broken())
    with pytest.raises(KeyError) as held:
        list(reader.rows())
    assert (["left"], "an accident") == (reader.told, held.value.args[0])


@pytest.mark.parametrize("total", TOTALS)
@pytest.mark.parametrize("number", [0, 1, 99, 100, 101, 199, 200, 300, 999, 1000, 1001, 2500])
def test_every_user_is_read_once_whatever_their_number(number: int, total: Callable[[int], int | None]):
    users = users_at(*range(number))
    assert ids(users) == read(UserDirectory(users, total=total))


def test_a_piece_is_read_in_the_fewest_requests():
    """A page starts at the last one's timestamp, so that 99 of its 100 rows are new; the count ends the piece."""
    assert 1 == requests_of(100)
    assert 2 == requests_of(199)
    assert 3 == requests_of(200)


def test_no_page_number_is_used_where_timestamps_differ():
    directory = UserDirectory(users_at(*range(500)))
    read(directory)
    assert {0} == {query["page"] for query in directory.queries}


def test_a_user_who_logs_in_meanwhile_hides_nobody():
    """Page numbers over `updated_at` would skip a row for each user of the first page that moves to the end."""
    directory = UserDirectory(users_at(*range(300)))

    def log_in(_: Any) -> None:
        for user in directory.users[:90:7]:
            user["updated_at"] = moment(90_000) if directory.queries else user["updated_at"]

    directory.meanwhile = log_in
    assert ids(directory.users) == ids(Reader(directory, attribute="updated_at").rows())


def test_the_cursor_is_told_of_each_page_once_its_rows_are_handed_on():
    reader = Reader(UserDirectory(users_at(*range(150))))
    rows = reader.rows()
    assert [100, 50] == [len([next(rows) for _ in range(100)]), len(list(rows))]
    assert [100, 50, "left"] == reader.told


def test_rows_that_are_not_handed_on_yet_are_not_told_of():
    reader = Reader(UserDirectory(users_at(*range(150))))
    rows = reader.rows()
    next(rows)
    assert [] == reader.told
    rows.close()
    assert ["left"] == reader.told


def test_a_piece_that_fails_is_left():
    reader = Reader(UserDirectory(users_at(1), slow=0))
    with pytest.raises(QueryTimeoutError):
        list(reader.rows())
    assert {0, "left"} == set(reader.told)
    assert "left" == reader.told[-1]


@pytest.mark.parametrize("number", [2, 99, 100, 101, 250, 500, 501, 1000, 1001])
@pytest.mark.parametrize("before", [[], [1], [0, 1]])
def test_users_of_one_millisecond_are_read_between_others(number: int, before: list[float]):
    """And once, although their first page and what tells them apart overlap."""
    users = users_at(*before, *[2] * number, 3, 4)
    assert sorted(ids(users)) == sorted(read(UserDirectory(users)))


@pytest.mark.parametrize("number", [101, 501])
def test_the_millisecond_after_such_users_is_read_too(number: int):
    users = users_at(1.999, *[2] * number, *(2 + n / 1000 for n in range(1, 200)))
    assert sorted(ids(users)) == sorted(read(UserDirectory(users)))


@pytest.mark.parametrize("number", [300, 1200])
def test_users_of_one_millisecond_are_of_the_chosen_connections(number: int):
    users = users_at(*[2] * number)
    for user in users[::2]:
        user["identities"] = [{"connection": "sms"}]
    assert ids(users[1::2]) == sorted(read(UserDirectory(users, users_connections=["db"], connections=["db", "sms"])))


def test_a_piece_ends_where_the_next_begins():
    users = users_at(*range(300))
    assert ids(users[100:200]) == read(UserDirectory(users), MIDNIGHT + 100_000, MIDNIGHT + 200_000)


class Ahead(UserDirectory):
    """A directory behind a cache that once answers with what lies further on in the window, and ends sooner."""

    def get(self, _: Any, query: dict[str, Any]) -> Any:
        answer = super().get(_, query)
        return {**answer, "users": answer["users"][50:]} if len(self.queries) == 2 else answer


def test_a_page_that_does_not_begin_where_the_last_one_ended_is_asked_for_again():
    directory = Ahead(users_at(*range(250)))
    assert ids(directory.users) == read(directory)


class Echo(UserDirectory):
    """A directory behind a cache that gives the answer to another question, some times."""

    times = 0

    def get(self, _: Any, query: dict[str, Any]) -> Any:
        answer = super().get(_, query)
        if self.times:
            self.times -= 1
            return {**answer, "users": self.users[-1:]}
        return answer


def test_an_answer_to_another_question_is_asked_for_again():
    directory = Echo(users_at(*range(150)))
    directory.times = 1
    assert ids(directory.users[:120]) == read(directory, end=MIDNIGHT + 120_000)


def test_an_answer_to_another_question_ends_no_piece():
    directory = Echo(users_at(*range(150)))
    directory.times = 2
    with pytest.raises(AirbyteTracedException, match="another question than was asked for `users`"):
        read(directory, end=MIDNIGHT + 120_000)


def test_a_piece_that_was_cut_ends_where_it_was_cut():
    """The rows above are another reader's, although this one has asked for them."""
    users = users_at(*range(300))
    reader = Reader(UserDirectory(users))
    rows = reader.rows()
    seen = [next(rows) for _ in range(100)]
    assert reader.piece.split(MIDNIGHT + 150_000, None) is not None
    assert ids(users[:150]) == ids([*seen, *rows])


@pytest.mark.parametrize("end", [150, 198])
def test_rows_that_another_reader_was_given_meanwhile_are_not_handed_on(end: int):
    """The piece is cut while its page is on the way, amid its rows or at the last of them; none is asked for after."""
    reader = Reader(UserDirectory(users_at(*range(500))))
    cut: list[TimeSlice | None] = []

    def meanwhile(_: Any) -> None:
        if len(reader.stream.requester.queries) == 1:
            cut.append(reader.piece.split(MIDNIGHT + end * 1000, None))

    reader.stream.requester.meanwhile = meanwhile
    assert ids(users_at(*range(end))) == ids(reader.rows())
    assert [MIDNIGHT + end * 1000] == [piece.start for piece in cut if piece]
    assert 2 == len(reader.stream.requester.queries)


def test_the_first_page_of_a_part_is_not_asked_for_again():
    directory = UserDirectory(users_at(*range(150)))
    reader = Reader(directory)
    reader.piece = TimeSlice("created_at", 0, END, reader.stream.search.find(QueryWindow("created_at", 0, END)))
    assert ids(directory.users) == ids(reader.rows())
    assert 2 == len(directory.queries)


@pytest.mark.parametrize("body", [None, {"users": []}, {"users": [], "total": 0}, {"users": [], "total": "5"}])
def test_nothing_found_is_nothing_to_read(body: Any):
    assert [] == list(Reader(SimpleNamespace(get=lambda *_: body, tenant=Tenant({}), name="users")).rows())


def test_an_answer_without_users_is_an_error():
    reader = Reader(SimpleNamespace(get=lambda *_: {"results": []}, tenant=Tenant({}), name="users"))
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
def test_what_is_chosen_is_asked_for(config: dict[str, Any], conditions: str):
    assert conditions == user_retriever(UserDirectory([], **config)).search.conditions


def test_a_start_date_means_updated_since_although_the_walk_is_by_creation():
    users = users_at(*range(10))
    users[3]["updated_at"] = moment(5000)
    assert ids([users[3], *users[7:]]) == read(UserDirectory(users, start_date=moment(7)))


def test_users_of_the_chosen_connections_alone_are_read():
    users = [*users_at(1, 2, connection="db"), *users_at(3, connection="sms"), *users_at(4, connection="ldap")]
    reader = Reader(UserDirectory(users, users_connections=["db", "ldap"]))
    assert [moment(1), moment(2), moment(4)] == [row["created_at"] for row in reader.rows()]


class Mark(RecordTransformation):
    def transform(self, record: dict[str, Any], config=None, stream_state=None, stream_slice=None) -> None:
        record["marked"] = record.get("marked", 0) + 1


def test_rows_are_transformed_once():
    reader = Reader(UserDirectory(users_at(*range(150))))
    reader.stream.transformations.append(Mark())
    assert {1} == {row["marked"] for row in reader.rows()}


def test_an_export_is_read_in_the_place_of_pieces():
    stream = user_retriever(UserDirectory([]), transformations=[Mark()])
    stream.export = SimpleNamespace(pages=lambda job: iter([[{"user_id": job}], [], [{"user_id": "b"}]]))
    extra = {"export": "a", "cursor": Reader(UserDirectory([]))}
    part = StreamSlice(partition={}, cursor_slice={}, extra_fields=extra)
    assert [{"user_id": "a", "marked": 1}, {"user_id": "b", "marked": 1}] == list(stream.read_records({}, part))


def test_deletions_are_read_in_the_place_of_pieces():
    stream = user_retriever(UserDirectory([]))
    extra = {"tombstones": SimpleNamespace(pages=lambda: iter([[{"user_id": "a"}]])), "cursor": stream}
    part = StreamSlice(partition={}, cursor_slice={}, extra_fields=extra)
    assert [{"user_id": "a"}] == list(stream.read_records({}, part))


@pytest.mark.parametrize("slow", [1, 3, 99, 100, 101, 299])
def test_a_window_that_takes_too_long_is_halved(slow: int):
    users = users_at(*range(300))
    assert ids(users) == read(UserDirectory(users, slow=slow), MIDNIGHT, MIDNIGHT + 300_000)


def test_a_window_grows_again_where_users_are_few():
    """A dense second costs some halvings, and the years after it no more than a doubling each."""
    directory = UserDirectory(users_at(*(n / 100 for n in range(100)), 40_000), slow=20)
    assert ids(directory.users) == read(directory)
    assert len(directory.queries) < 100


def test_a_window_doubles_from_one_answer_to_the_next():
    directory = UserDirectory(users_at(0.5, 0.6), slow=1)
    assert ids(directory.users) == read(directory, MIDNIGHT, MIDNIGHT + 16_000)
    bounds = [RANGE.fullmatch(query["q"]) for query in directory.queries]
    lengths = [to_milliseconds(found[4]) - to_milliseconds(found[2]) for found in bounds if found]
    assert [16_000, 8000, 4000, 2000, 1000, 500] == lengths[:6]
    assert [62, 124, 248, 496, 992, 1984, 3968, 7626] == lengths[-8:]


def test_a_window_is_halved_down_to_a_millisecond():
    users = users_at(2, 2, 2.001, 2.001)
    assert ids(users) == read(UserDirectory(users, slow=2), MIDNIGHT + 2000, MIDNIGHT + 2002)


def test_a_millisecond_that_takes_too_long_is_an_error_and_no_gap():
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
def test_every_user_is_read_once_though_pages_are_shorter_than_asked_for(
    seconds: list[float], limit: int, total: Callable[[int], int | None]
):
    users = users_of(seconds)
    assert sorted(ids(users)) == sorted(read(UserDirectory(users, limit=limit, total=total)))


@settings(max_examples=60)
@given(timestamps(60), st.integers(1, 200))
def test_every_user_is_read_once_though_some_windows_take_too_long(seconds: list[float], slow: int):
    """As long as the users of a millisecond can be searched for."""
    slow += max((seconds.count(second) for second in set(seconds)), default=0)
    users = users_of(seconds)
    assert sorted(ids(users)) == sorted(read(UserDirectory(users, slow=slow)))


class LookUp:
    """Answers a search for some users by their ids with those that are there, or with nothing at all."""

    def __init__(self, *there: str, answers: bool = True) -> None:
        self.tenant, self.name = Tenant({}), "users"
        self.there, self.answers = there, answers
        self.queries: list[dict[str, Any]] = []

    def get(self, part: Any, query: dict[str, Any]) -> Any:
        assert part is None
        self.queries.append(query)
        return [{"user_id": one} for one in self.there if f'"{one}"' in query["q"]] if self.answers else None


def test_some_users_are_looked_up_forty_at_a_time():
    users = [f"auth0|{n:02d}" for n in range(41)]
    look_up = LookUp("auth0|00", "auth0|40")
    found = list(user_retriever(look_up, columns={"fields": "user_id"}).search.find_by_ids(users))
    assert [(users[:40], ["auth0|00"]), (users[40:], ["auth0|40"])] == [(some, ids(rows)) for some, rows in found]
    own = {"search_engine": "v3", "per_page": 100, "page": 0, "fields": "user_id"}
    assert {"q": 'user_id:("auth0|40")', **own} == look_up.queries[1]
    assert look_up.queries[0]["q"].startswith('user_id:("auth0|00" OR "auth0|01" OR ')


def test_a_look_up_may_ask_for_more_than_the_ids():
    look_up = LookUp("a")
    assert [(["a"], [{"user_id": "a"}])] == list(user_retriever(look_up).search.find_by_ids(["a"], "blocked:true"))
    assert 'user_id:("a") AND blocked:true' == look_up.queries[0]["q"]


def test_a_look_up_that_is_answered_with_nothing_found_nobody():
    assert [(["a"], [])] == list(user_retriever(LookUp(answers=False)).search.find_by_ids(["a"]))
