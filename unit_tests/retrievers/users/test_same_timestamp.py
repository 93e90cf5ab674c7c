from collections.abc import Callable
from typing import Any

import pytest
from airbyte_cdk.models import FailureType
from airbyte_cdk.utils.traced_exception import AirbyteTracedException
from hypothesis import given, settings
from hypothesis import strategies as st

from source_auth0.errors import MissingScopeError, QueryTimeoutError, transient_error
from source_auth0.retrievers.users.keyset_retriever import KeysetUserRetriever
from source_auth0.retrievers.users.queries import QueryWindow
from source_auth0.retrievers.users.same_timestamp import MAX_ATTEMPTS
from source_auth0.retrievers.users.time_slices import TimeSlice
from testing.fakes.times import MIDNIGHT, moment
from testing.fakes.user_search import TOTALS, User, UserDirectory, ids, user_retriever, users_at

INSTANT = QueryWindow("created_at", MIDNIGHT + 5000, MIDNIGHT + 5001)


def at_once(number: int, *updated: float, connections: tuple[str, ...] = ("db",)) -> list[User]:
    """So many users created in one millisecond, updated at these seconds in turn, of these connections in turn."""
    users = users_at(*[5.0] * number)
    for n, user in enumerate(users):
        user["updated_at"] = moment((updated or (5.0,))[n % len(updated or (5.0,))])
        user["identities"] = [{"connection": connections[n % len(connections)]}]
    return users


def others(*seconds: float) -> list[User]:
    """Users created at these seconds, and updated when those of the one millisecond were."""
    return [{**user, "user_id": f"other|{n}", "updated_at": moment(5)} for n, user in enumerate(users_at(*seconds))]


def read(directory: UserDirectory, instant: QueryWindow = INSTANT) -> list[str]:
    """The users of one millisecond as a walk hands them on: none of them twice."""
    return told_apart(user_retriever(directory), instant)


def told_apart(search: KeysetUserRetriever, instant: QueryWindow = INSTANT) -> list[str]:
    piece = TimeSlice(instant.field, instant.start, instant.end)
    return [row["user_id"] for page in search._same_timestamp(piece, instant.start, set()) for row in page]


def sorts(directory: UserDirectory) -> set[tuple[str, bool]]:
    """What was sorted by, and whether page numbers were used."""
    return {(query["sort"], query["page"] > 0) for query in directory.queries}


@pytest.mark.parametrize("limit", [50, 100])
@pytest.mark.parametrize("number", [0, 1, 50, 51, 100, 101, 250, 499, 500])
def test_few_users_are_read_by_page_number(number: int, limit: int):
    directory = UserDirectory([*at_once(number), *users_at(4, 6)], limit=limit)
    assert ids(directory.users[:number]) == read(directory)
    assert {"created_at:1"} == {sort for sort, _ in sorts(directory)}


@pytest.mark.parametrize("total", TOTALS[:2])
@pytest.mark.parametrize("number", [501, 999, 1000, 1001, 2500])
def test_more_are_told_apart_by_the_other_timestamp(number: int, total: Callable[[int], int | None]):
    directory = UserDirectory([*at_once(number, *range(5, 3000)), *users_at(4, 6)], total=total)
    assert sorted(ids(directory.users[:number])) == sorted(read(directory))
    assert {("created_at:1", False), ("updated_at:1", False)} == sorts(directory)


def test_they_are_read_in_the_fewest_requests():
    """A page begins with the last row of the one before, so that 99 of its 100 rows are new."""
    directory = UserDirectory(at_once(100 + 5 * 99, *range(5, 3000)))
    assert ids(directory.users) == sorted(read(directory))
    assert 1 + 1 + 5 == len(directory.queries)


def test_the_millisecond_after_users_that_share_both_is_read_too():
    directory = UserDirectory([*at_once(600), *at_once(150, *(5 + n / 1000 for n in range(1, 150)))])
    for n, user in enumerate(directory.users):
        user["user_id"] = f"auth0|{n}"
    assert sorted(ids(directory.users)) == sorted(read(directory))
    both = f"updated_at:[{moment(5)} TO {moment(5.001)}}} AND created_at:[{moment(5)} TO {moment(5.001)}}}"
    assert both in [query["q"] for query in directory.queries]


def test_users_of_one_login_storm_are_told_apart_by_creation():
    directory = UserDirectory(at_once(600, *range(5, 1000)))
    for user in directory.users:
        user["created_at"], user["updated_at"] = user["updated_at"], user["created_at"]
    instant = QueryWindow("updated_at", INSTANT.start, INSTANT.end)
    assert sorted(ids(directory.users)) == sorted(read(directory, instant))
    assert {"updated_at:1", "created_at:1"} == {sort for sort, _ in sorts(directory)}


@pytest.mark.parametrize("total", TOTALS[:2])
def test_users_that_share_both_are_told_apart_by_their_connections(total: Callable[[int], int | None]):
    """Page numbers are used within a connection, where they reach all."""
    names = ("a", "b", "c d", "e")
    users = at_once(1400, connections=names)
    directory = UserDirectory([*users, *others(4, 6)], total=total, connections=names)
    assert sorted(ids(users)) == sorted(read(directory))
    assert {"created_at:1", "updated_at:1"} == {sort for sort, _ in sorts(directory)}


def test_a_user_of_no_known_connection_is_found_too():
    directory = UserDirectory(at_once(1200, connections=("a", "b", "gone")), connections=["a", "b"])
    assert sorted(ids(directory.users)) == sorted(read(directory))


def test_each_part_that_is_told_apart_ends_where_the_next_begins():
    """A storm of updates between others, all created in one millisecond."""
    directory = UserDirectory([*at_once(700), *at_once(90, *range(10, 100)), *at_once(120, *range(200, 400))])
    for n, user in enumerate(directory.users):
        user["user_id"] = f"auth0|{n}"
    assert sorted(ids(directory.users)) == sorted(read(directory))


@pytest.mark.parametrize("connections", [[], ["db"], ["other"], MissingScopeError("users", ("read:connections",))])
@pytest.mark.parametrize("total", TOTALS)
@pytest.mark.parametrize("number", [501, 1000, 1300])
def test_users_that_share_everything_are_told_apart_by_their_ids(
    number: int, total: Callable[[int], int | None], connections: Any
):
    users = at_once(number)
    directory = UserDirectory([*users, *others(4, 6)], total=total, connections=connections)
    assert sorted(ids(users)) == sorted(read(directory))
    assert ("user_id:1", False) in sorts(directory)


@pytest.mark.parametrize(("total", "requests"), [(TOTALS[0], 1 + 5), (TOTALS[2], 1 + 5 + 1)])
def test_ids_are_read_in_the_fewest_requests(total: Callable[[int], int | None], requests: int):
    """Without a total, one more tells that nobody follows the last one."""
    directory = UserDirectory(at_once(100 + 5 * 99), total=total)
    assert ids(directory.users) == sorted(read(directory))
    assert requests == [query["sort"] for query in directory.queries].count("user_id:1")


def test_connections_are_learned_once():
    directory = UserDirectory(at_once(1200, connections=("a", "b")), connections=["a", "b"])
    stream = user_retriever(directory)
    asked: list[str] = []
    ask = directory.get_path
    directory.get_path = lambda path, query: asked.append(path) or ask(path, query)
    for _ in range(2):
        assert sorted(ids(directory.users)) == sorted(told_apart(stream))
    assert ["connections"] == asked


def test_connections_that_cannot_be_had_are_none():
    """A plan that lacks them, say; an answer of nothing ends the list."""
    directory = UserDirectory(at_once(600))
    directory.get_path = lambda *_: None
    assert sorted(ids(directory.users)) == sorted(read(directory))


def test_connections_may_come_as_a_bare_array():
    directory = UserDirectory(at_once(900, connections=("a", "b")))
    directory.get_path = lambda *_: [{"name": "a"}, {"name": "b"}]
    assert sorted(ids(directory.users)) == sorted(read(directory))
    assert {"created_at:1", "updated_at:1"} == {sort for sort, _ in sorts(directory)}


@pytest.mark.parametrize(
    "failure", [transient_error("unwell"), QueryTimeoutError("users"), MissingScopeError("users", ())]
)
def test_a_failure_while_ids_are_sorted_by_is_no_refusal_of_that(failure: AirbyteTracedException):
    """Another sync may do, or another scope."""
    directory = UserDirectory(at_once(600))

    def fail(query: dict[str, Any]) -> None:
        if query["sort"].startswith("user_id"):
            raise failure

    directory.meanwhile = fail
    with pytest.raises(AirbyteTracedException) as caught:
        read(directory)
    assert failure is caught.value


def test_users_that_nothing_tells_apart_fail_by_name_and_are_not_left_out():
    with pytest.raises(AirbyteTracedException) as caught:
        read(UserDirectory(at_once(1100), knows_ids=False))
    assert FailureType.system_error == caught.value.failure_type
    assert f"share the updated_at {moment(5)}" in caught.value.message
    assert "Set First Load of Users (`users_initial_load`) to `export`" in caught.value.message


def test_a_search_that_does_not_go_on_along_the_ids_fails_by_name():
    """Auth0 may sort by `user_id` and yet pass over the range."""
    directory = UserDirectory(at_once(1100))
    find = directory.get
    directory.get = lambda part, query: find(part, {**query, "q": query["q"].partition(" AND user_id:")[0]})
    with pytest.raises(AirbyteTracedException, match="can tell apart"):
        read(directory)


def test_a_user_who_leaves_while_pages_are_numbered_hides_nobody():
    """Those behind have moved up, past the border of a page: all are read again."""
    directory = UserDirectory(at_once(250))
    everybody = ids(directory.users)

    def leave(query: dict[str, Any]) -> None:
        if query["page"] == 1 and len(directory.users) == 250:
            del directory.users[0]

    directory.meanwhile = leave
    assert everybody == sorted(read(directory))
    assert 6 == len(directory.queries)


def test_a_user_who_leaves_while_others_come_hides_nobody():
    """As many as there were at first have come by then, although one was passed over."""
    directory = UserDirectory(at_once(250))
    everybody = ids(directory.users)

    def change(query: dict[str, Any]) -> None:
        if query["page"] == 1 and len(directory.users) == 250:
            del directory.users[0]
        if query["page"] == 2 and len(directory.users) == 249:
            directory.users += [{**directory.users[-1], "user_id": f"auth0|9000{n}"} for n in range(2)]

    directory.meanwhile = change
    assert {*everybody, "auth0|90000", "auth0|90001"} == set(read(directory))


def test_a_page_that_repeats_does_not_stand_for_the_next_one():
    directory = UserDirectory(at_once(250))
    answer, asked = directory.get, []

    def repeating(_: Any, query: dict[str, Any]) -> Any:
        asked.append(query["page"])
        return answer(_, {**query, "page": 0} if len(asked) == 2 else query)

    directory.get = repeating  # type: ignore[method-assign]
    assert set(ids(directory.users)) == set(read(directory))


def test_users_that_never_settle_fail_the_sync_for_now():
    directory = UserDirectory(at_once(250))

    def leave(query: dict[str, Any]) -> None:
        if query["page"] == 1:
            del directory.users[0]

    directory.meanwhile = leave
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
        at_once(number, *range(10, 10 + updates), connections=tuple(connections)),
        limit=limit,
        total=total,
        connections=["a", "b"],
    )
    assert sorted(ids(directory.users)) == sorted(read(directory))
