import re
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from airbyte_cdk.models import FailureType
from airbyte_cdk.utils.traced_exception import AirbyteTracedException
from hypothesis import example, given, settings
from hypothesis import strategies as st

from source_auth0.components.search import Found, KeysetSearch
from source_auth0.components.tenant import Tenant
from source_auth0.components.windows import Window

QUERY = re.compile(r"(created_at|updated_at):\[(\S+) TO (?:(\*)\]|(\S+)\})(?: AND updated_at:\[(\S+) TO \*\])?")
User = dict[str, str]


class Directory:
    """The user search of a small tenant: ranges, ascending order, the cap of 1,000 rows, totals that may be capped."""

    def __init__(
        self, users: list[User], *, limit: int = 100, total: Callable[[int], int | None] = lambda count: count
    ) -> None:
        self.users, self.limit, self.total = users, limit, total
        self.queries: list[dict[str, Any]] = []

    def get(self, _stream_slice: Any, query: dict[str, Any]) -> Any:
        self.queries.append(query)
        match = QUERY.fullmatch(query["q"])
        assert match, query["q"]
        field, low, _, end, since = match.groups()
        assert f"{field}:1" == query["sort"]
        assert ("true", "v3") == (query["include_totals"], query["search_engine"])
        found = [user for user in self.users if self._within(user[field], low, end)]
        found = [user for user in found if since is None or user["updated_at"] >= since]
        found.sort(key=lambda user: (user[field], user["user_id"]))
        size = min(query["per_page"], self.limit)
        start = query["page"] * size
        if start + size > 1000:
            raise AssertionError("asked for a page beyond the first 1,000 rows")
        page = [dict(user) for user in found[start : start + size]]
        beside = {} if (total := self.total(len(found))) is None else {"total": total}
        return {"users": page, "start": start, "limit": size, "length": len(page), **beside}

    @staticmethod
    def _within(moment: str, low: str, end: str | None) -> bool:
        return (low == "*" or moment >= low) and (end is None or moment < end)


def moment(second: float) -> str:
    return f"2024-01-01T{int(second) // 3600:02d}:{int(second) // 60 % 60:02d}:{second % 60:06.3f}Z"


def users_at(*seconds: float) -> list[User]:
    return [
        {"user_id": f"auth0|{n:05d}", "created_at": moment(second), "updated_at": moment(second)}
        for n, second in enumerate(seconds)
    ]


def search(directory: Directory) -> KeysetSearch:
    return KeysetSearch(config=Tenant({}), name="users", requester=directory, rows="users")  # type: ignore[arg-type]


def read(directory: Directory, window: Window | None = None) -> list[str]:
    window = window or Window("created_at", "*", moment(86399))
    return [row["user_id"] for row in search(directory).read_records({}, window.as_slice())]


def ids(users: list[User]) -> list[str]:
    return [user["user_id"] for user in users]


@pytest.mark.parametrize("number", [0, 1, 99, 100, 101, 199, 200, 999, 1000, 1001, 2500])
def test_every_user_is_read_once_whatever_their_number(number: int):
    users = users_at(*range(number))
    assert ids(users) == read(Directory(users))


def test_the_window_is_read_in_the_fewest_requests():
    """A page starts at the last one's timestamp, so that 99 of its 100 rows are new; the count ends the window."""
    assert 1 == requests_of(100)
    assert 2 == requests_of(199)
    assert 3 == requests_of(200)


def requests_of(number: int) -> int:
    directory = Directory(users_at(*range(number)))
    read(directory)
    return len(directory.queries)


def test_no_page_number_is_used_where_timestamps_differ():
    directory = Directory(users_at(*range(500)))
    read(directory)
    assert {0} == {query["page"] for query in directory.queries}


def test_a_user_who_logs_in_meanwhile_hides_nobody():
    """Page numbers over `updated_at` would skip a row for each user of the first page that moves to the end."""
    directory = Directory(users_at(*range(300)))
    seen: list[str] = []
    for page in search(directory).pages(Window("updated_at", "*", moment(80000)).as_slice()):
        seen += ids(page)
        for user in directory.users[:90:7]:
            user["updated_at"] = moment(86000)
    assert ids(directory.users) == seen


@pytest.mark.parametrize("number", [2, 99, 100, 101, 250, 900])
def test_users_of_one_millisecond_are_read_by_page_number(number: int):
    users = users_at(1, *[2] * number, 3, 4)
    assert ids(users) == read(Directory(users))


@pytest.mark.parametrize("total", [lambda count: count, lambda count: min(count, 1000), lambda _: None])
def test_more_users_in_one_millisecond_than_can_be_paged_fail_by_name(total: Callable[[int], int | None]):
    with pytest.raises(AirbyteTracedException) as caught:
        read(Directory(users_at(*[2] * 1001), total=total))
    assert FailureType.system_error == caught.value.failure_type
    assert f"More than 1,000 users share the created_at {moment(2)}" in caught.value.message


def test_all_users_of_the_window_are_new_to_it_and_none_beyond():
    users = users_at(*range(300))
    window = Window("created_at", moment(100), moment(200))
    assert ids(users[100:200]) == read(Directory(users), window)


def test_a_start_date_holds_in_a_full_refresh():
    users = users_at(*range(10))
    users[3]["updated_at"] = moment(5000)
    window = Window("created_at", "*", moment(86399), f"updated_at:[{moment(7)} TO *]")
    assert ids([users[3], *users[7:]]) == read(Directory(users), window)


@pytest.mark.parametrize("body", [None, {"users": []}, {"users": [], "total": 0}, {"users": [], "total": "5"}])
def test_nothing_found_is_nothing_to_read(body: Any):
    stream = search(SimpleNamespace(get=lambda *_: body))
    assert [] == list(stream.read_records({}, Window("created_at", "*", moment(1)).as_slice()))


def test_an_answer_without_users_is_an_error():
    stream = search(SimpleNamespace(get=lambda *_: {"results": []}))
    with pytest.raises(AirbyteTracedException, match="where a list of rows was due"):
        list(stream.read_records({}, Window("created_at", "*", moment(1)).as_slice()))


@pytest.mark.parametrize(
    ("rows", "total", "before", "expected"),
    [
        (0, None, 0, True),
        (0, 500, 0, True),
        (5, 5, 0, True),
        (5, 6, 0, False),
        (5, None, 0, False),
        (5, 105, 100, True),
        (100, 1000, 900, False),  # a total of 1,000 may be a capped one
        (100, 1500, 0, False),
        (1, 0, 0, True),
    ],
)
def test_only_a_count_or_an_empty_page_tells_that_no_user_follows(
    rows: int,
    total: int | None,
    before: int,
    expected: bool,  # noqa: FBT001
):
    assert expected is Found([{}] * rows, total).is_last(before)


def timestamps(most: int) -> st.SearchStrategy[list[float]]:
    """Bursts of up to so many users: of one millisecond, a millisecond apart, or far from each other."""
    burst = st.tuples(st.integers(0, 70_000), st.integers(1, most), st.sampled_from([0, 0.001, 7]))
    return st.lists(burst, max_size=5, unique_by=lambda burst: burst[0]).map(
        lambda bursts: [round(at + n * step, 3) for at, count, step in bursts for n in range(count)]
    )


def totals() -> Iterator[Callable[[int], int | None]]:
    yield lambda count: count
    yield lambda count: min(count, 1000)
    yield lambda _: None


@settings(max_examples=150)
@given(timestamps(230), st.sampled_from([*totals()]))
@example([5.0] * 100 + [6.0] * 100, lambda _: None)
def test_every_user_is_read_once_whatever_their_timestamps(seconds: list[float], total: Callable[[int], int | None]):
    users = users_at(*seconds)
    assert sorted(ids(users)) == sorted(read(Directory(users, total=total)))


@settings(max_examples=100)
@given(timestamps(45), st.integers(0, 50), st.sampled_from([*totals()]))
@example([float(second) for second in range(120)], 0, lambda count: count)
def test_every_user_is_read_once_though_pages_are_shorter_than_asked_for(
    seconds: list[float], more: int, total: Callable[[int], int | None]
):
    """As long as a page holds more users than share one millisecond."""
    limit = 1 + more + max((seconds.count(second) for second in set(seconds)), default=0)
    users = users_at(*seconds)
    assert sorted(ids(users)) == sorted(read(Directory(users, limit=limit, total=total)))
