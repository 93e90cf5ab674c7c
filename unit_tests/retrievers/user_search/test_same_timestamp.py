from collections.abc import Callable
from typing import Any

import pytest
from airbyte_cdk.models import FailureType
from airbyte_cdk.utils.traced_exception import AirbyteTracedException
from hypothesis import given, settings
from hypothesis import strategies as st

from source_auth0.errors import MissingScopeError, QueryTimeoutError, transient_error
from source_auth0.retrievers.user_search.queries import QueryWindow, UserSearch
from source_auth0.retrievers.user_search.same_timestamp import MAX_ATTEMPTS, read_same_timestamp
from testing.fakes.times import MIDNIGHT, timestamp
from testing.fakes.user_search import TOTALS, User, UserDirectory, ids, user_retriever, users_at

MILLISECOND = QueryWindow("created_at", MIDNIGHT + 5000, MIDNIGHT + 5001)


def users_created_together(number: int, *updated: float, connections: tuple[str, ...] = ("db",)) -> list[User]:
    """Users created in one millisecond; their `updated_at` and connections cycle through these."""
    users = users_at(*[5.0] * number)
    for n, user in enumerate(users):
        user["updated_at"] = timestamp((updated or (5.0,))[n % len(updated or (5.0,))])
        user["identities"] = [{"connection": connections[n % len(connections)]}]
    return users


def others(*seconds: float) -> list[User]:
    """Users created at these seconds, with the `updated_at` of those created in one millisecond."""
    return [{**user, "user_id": f"other|{n}", "updated_at": timestamp(5)} for n, user in enumerate(users_at(*seconds))]


def read(directory: UserDirectory, window: QueryWindow = MILLISECOND) -> list[str]:
    """The users of one millisecond, without duplicates."""
    return read_with(user_retriever(directory).search, window)


def read_with(search: UserSearch, window: QueryWindow = MILLISECOND) -> list[str]:
    return list(dict.fromkeys(row["user_id"] for page in read_same_timestamp(search, window) for row in page))


def sort_orders(directory: UserDirectory) -> set[tuple[str, bool]]:
    """The sort orders of the queries, each with whether page numbers were used."""
    return {(query["sort"], query["page"] > 0) for query in directory.queries}


@pytest.mark.parametrize("limit", [50, 100])
@pytest.mark.parametrize("number", [0, 1, 50, 51, 100, 101, 250, 499, 500])
def test_few_users_are_read_by_page_number(number: int, limit: int):
    directory = UserDirectory([*users_created_together(number), *users_at(4, 6)], limit=limit)
    assert ids(directory.users[:number]) == read(directory)
    assert {"created_at:1"} == {sort for sort, _ in sort_orders(directory)}


@pytest.mark.parametrize("total", TOTALS[:2])
@pytest.mark.parametrize("number", [501, 999, 1000, 1001, 2500])
def test_many_users_are_split_by_the_other_timestamp(number: int, total: Callable[[int], int | None]):
    directory = UserDirectory([*users_created_together(number, *range(5, 3000)), *users_at(4, 6)], total=total)
    assert sorted(ids(directory.users[:number])) == sorted(read(directory))
    assert {("created_at:1", False), ("updated_at:1", False)} == sort_orders(directory)


def test_splitting_by_the_other_timestamp_needs_the_fewest_requests():
    """A page begins with the last row of the one before, so that 99 of its 100 rows are new."""
    directory = UserDirectory(users_created_together(100 + 5 * 99, *range(5, 3000)))
    assert ids(directory.users) == sorted(read(directory))
    assert 1 + 1 + 5 == len(directory.queries)


def test_the_millisecond_after_users_sharing_both_timestamps_is_read_too():
    directory = UserDirectory(
        [*users_created_together(600), *users_created_together(150, *(5 + n / 1000 for n in range(1, 150)))]
    )
    for n, user in enumerate(directory.users):
        user["user_id"] = f"auth0|{n}"
    assert sorted(ids(directory.users)) == sorted(read(directory))
    both = f"updated_at:[{timestamp(5)} TO {timestamp(5.001)}}} AND created_at:[{timestamp(5)} TO {timestamp(5.001)}}}"
    assert both in [query["q"] for query in directory.queries]


def test_users_updated_in_one_millisecond_are_split_by_created_at():
    directory = UserDirectory(users_created_together(600, *range(5, 1000)))
    for user in directory.users:
        user["created_at"], user["updated_at"] = user["updated_at"], user["created_at"]
    window = QueryWindow("updated_at", MILLISECOND.start, MILLISECOND.end)
    assert sorted(ids(directory.users)) == sorted(read(directory, window))
    assert {"updated_at:1", "created_at:1"} == {sort for sort, _ in sort_orders(directory)}


@pytest.mark.parametrize("total", TOTALS[:2])
def test_users_sharing_both_timestamps_are_split_by_connection(total: Callable[[int], int | None]):
    """Page numbers are used within a connection, where they reach every user."""
    names = ("a", "b", "c d", "e")
    users = users_created_together(1400, connections=names)
    directory = UserDirectory([*users, *others(4, 6)], total=total, connections=names)
    assert sorted(ids(users)) == sorted(read(directory))
    assert {"created_at:1", "updated_at:1"} == {sort for sort, _ in sort_orders(directory)}


def test_a_user_of_an_unknown_connection_is_read_too():
    directory = UserDirectory(users_created_together(1200, connections=("a", "b", "gone")), connections=["a", "b"])
    assert sorted(ids(directory.users)) == sorted(read(directory))


def test_ranges_of_the_other_timestamp_leave_no_gap():
    """A burst of updates between others, of users all created in one millisecond."""
    directory = UserDirectory(
        [
            *users_created_together(700),
            *users_created_together(90, *range(10, 100)),
            *users_created_together(120, *range(200, 400)),
        ]
    )
    for n, user in enumerate(directory.users):
        user["user_id"] = f"auth0|{n}"
    assert sorted(ids(directory.users)) == sorted(read(directory))


@pytest.mark.parametrize("connections", [[], ["db"], ["other"], MissingScopeError("users", ("read:connections",))])
@pytest.mark.parametrize("total", TOTALS)
@pytest.mark.parametrize("number", [501, 1000, 1300])
def test_users_sharing_timestamps_and_connection_are_paged_by_user_id(
    number: int, total: Callable[[int], int | None], connections: Any
):
    users = users_created_together(number)
    directory = UserDirectory([*users, *others(4, 6)], total=total, connections=connections)
    assert sorted(ids(users)) == sorted(read(directory))
    assert ("user_id:1", False) in sort_orders(directory)


@pytest.mark.parametrize(("total", "requests"), [(TOTALS[0], 1 + 5), (TOTALS[2], 1 + 5 + 1)])
def test_paging_by_user_id_needs_the_fewest_requests(total: Callable[[int], int | None], requests: int):
    """Without a total, one more request shows that no user follows the last one."""
    directory = UserDirectory(users_created_together(100 + 5 * 99), total=total)
    assert ids(directory.users) == sorted(read(directory))
    assert requests == [query["sort"] for query in directory.queries].count("user_id:1")


def test_connections_are_listed_once():
    directory = UserDirectory(users_created_together(1200, connections=("a", "b")), connections=["a", "b"])
    search = user_retriever(directory).search
    requested: list[str] = []
    get_path = directory.get_path
    directory.get_path = lambda path, query: requested.append(path) or get_path(path, query)
    for _ in range(2):
        assert sorted(ids(directory.users)) == sorted(read_with(search))
    assert ["connections"] == requested


def test_unavailable_connections_count_as_none():
    """A plan may lack them; an empty response ends the list."""
    directory = UserDirectory(users_created_together(600))
    directory.get_path = lambda *_: None
    assert sorted(ids(directory.users)) == sorted(read(directory))


def test_connections_may_come_as_a_bare_array():
    directory = UserDirectory(users_created_together(900, connections=("a", "b")))
    directory.get_path = lambda *_: [{"name": "a"}, {"name": "b"}]
    assert sorted(ids(directory.users)) == sorted(read(directory))
    assert {"created_at:1", "updated_at:1"} == {sort for sort, _ in sort_orders(directory)}


@pytest.mark.parametrize(
    "failure", [transient_error("unwell"), QueryTimeoutError("users"), MissingScopeError("users", ())]
)
def test_an_error_while_sorting_by_user_id_is_not_taken_for_a_lack_of_support(failure: AirbyteTracedException):
    """Another sync may succeed, or another scope."""
    directory = UserDirectory(users_created_together(600))

    def fail(query: dict[str, Any]) -> None:
        if query["sort"].startswith("user_id"):
            raise failure

    directory.on_query = fail
    with pytest.raises(AirbyteTracedException) as caught:
        read(directory)
    assert failure is caught.value


def test_indistinguishable_users_are_an_error_and_no_gap():
    with pytest.raises(AirbyteTracedException) as caught:
        read(UserDirectory(users_created_together(1100), knows_ids=False))
    assert FailureType.system_error == caught.value.failure_type
    assert f"share the updated_at {timestamp(5)}" in caught.value.message
    assert "Set First Load of Users (`users_initial_load`) to `export`" in caught.value.message


def test_a_search_that_ignores_the_user_id_range_is_an_error():
    """Auth0 may sort by `user_id` and yet ignore the range."""
    directory = UserDirectory(users_created_together(1100))
    find = directory.get
    directory.get = lambda part, query: find(part, {**query, "q": query["q"].partition(" AND user_id:")[0]})
    with pytest.raises(AirbyteTracedException, match="can tell apart"):
        read(directory)


def test_a_user_deleted_during_paging_by_number_hides_no_other():
    """Later users have moved up past a page boundary, so all pages are read again."""
    directory = UserDirectory(users_created_together(250))
    everybody = ids(directory.users)

    def delete(query: dict[str, Any]) -> None:
        if query["page"] == 1 and len(directory.users) == 250:
            del directory.users[0]

    directory.on_query = delete
    assert everybody == sorted(read(directory))
    assert 6 == len(directory.queries)


def test_a_user_deleted_while_others_are_created_hides_no_other():
    """The count matches the first total by then, although one user was skipped."""
    directory = UserDirectory(users_created_together(250))
    everybody = ids(directory.users)

    def change(query: dict[str, Any]) -> None:
        if query["page"] == 1 and len(directory.users) == 250:
            del directory.users[0]
        if query["page"] == 2 and len(directory.users) == 249:
            directory.users += [{**directory.users[-1], "user_id": f"auth0|9000{n}"} for n in range(2)]

    directory.on_query = change
    assert {*everybody, "auth0|90000", "auth0|90001"} == set(read(directory))


def test_a_repeated_page_is_not_taken_for_the_next_one():
    directory = UserDirectory(users_created_together(250))
    response, requested = directory.get, []

    def repeating(_: Any, query: dict[str, Any]) -> Any:
        requested.append(query["page"])
        return response(_, {**query, "page": 0} if len(requested) == 2 else query)

    directory.get = repeating  # type: ignore[method-assign]
    assert set(ids(directory.users)) == set(read(directory))


def test_users_that_keep_changing_are_a_transient_error():
    directory = UserDirectory(users_created_together(250))

    def delete(query: dict[str, Any]) -> None:
        if query["page"] == 1:
            del directory.users[0]

    directory.on_query = delete
    with pytest.raises(AirbyteTracedException, match="users with the same created_at kept changing") as caught:
        read(directory)
    assert FailureType.transient_error == caught.value.failure_type
    assert MAX_ATTEMPTS == 250 - len(directory.users)


@settings(max_examples=60)
@given(
    st.integers(1, 1300),
    st.integers(1, 700),
    st.lists(st.sampled_from(["a", "b", "gone"]), min_size=1, max_size=4),
    st.integers(40, 100),
    st.sampled_from(TOTALS),
)
def test_every_user_of_a_millisecond_is_read(
    number: int, updates: int, connections: list[str], limit: int, total: Callable[[int], int | None]
):
    directory = UserDirectory(
        users_created_together(number, *range(10, 10 + updates), connections=tuple(connections)),
        limit=limit,
        total=total,
        connections=["a", "b"],
    )
    assert sorted(ids(directory.users)) == sorted(read(directory))
