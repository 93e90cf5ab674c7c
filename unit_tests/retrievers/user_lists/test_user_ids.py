from array import array
from collections.abc import Callable
from typing import Any

import pytest
from airbyte_cdk.utils.traced_exception import AirbyteTracedException

from source_auth0.errors import transient_error
from source_auth0.retrievers.user_lists.user_ids import UserIds, users_in_scope
from source_auth0.retrievers.users.queries import IDS_PER_QUERY
from source_auth0.timestamps import to_milliseconds
from testing.fakes.times import moment
from testing.fakes.user_requester import FakeUserRequester, UserDirectoryById, user_requester
from testing.fakes.user_search import TOTALS, ids, users_at
from testing.threads import in_threads


def known(found: UserIds) -> dict[str, int]:
    return dict(zip(found.ids, found.updated_at, strict=True))


@pytest.mark.parametrize("number", [0, 1, 100, 101, 2500])
@pytest.mark.parametrize("total", TOTALS)
def test_everybody_is_known_with_the_moment_of_the_last_change(number: int, total: Callable[[int], int | None]):
    users = users_at(*range(number))
    home = FakeUserRequester(UserDirectoryById(users, total=total))
    found = UserIds.of(home, None)  # type: ignore[arg-type]
    assert {user["user_id"]: to_milliseconds(user["updated_at"]) for user in users} == known(found)
    assert number == len(found.ids)


def test_those_who_moved_are_known_from_a_look_back_before_on():
    home = user_requester(users_at(*range(0, 40_000, 100)))
    found = UserIds.of(home, to_milliseconds(moment(20_000)))  # type: ignore[arg-type]
    assert ids(home.people.users[197:]) == sorted(found.ids)


@pytest.mark.parametrize("since", [None, to_milliseconds(moment(20_000))])
@pytest.mark.parametrize(("config", "lag"), [({}, 60), ({"users_safety_lag": 5}, 5)])
def test_nobody_is_missing_up_to_a_safety_lag_before_now(since: int | None, config: dict[str, Any], lag: int):
    """A walk of everybody sees who was made just now, but perhaps not who has just moved."""
    home = user_requester(users_at(1, 43_199), **config)
    found = UserIds.of(home, since)  # type: ignore[arg-type]
    assert to_milliseconds(moment(43_200 - lag)) == found.until
    assert (since is None) == ("auth0|00001" in found.ids)


def test_users_are_walked_once_a_sync_for_all_streams():
    home = user_requester(users_at(*range(300)))
    found = in_threads(4, lambda _: UserIds.of(home, None))  # type: ignore[arg-type]
    assert {id(found[0])} == set(map(id, found))
    assert 4 == len(home.people.queries)
    assert UserIds.of(home, 7) is not found[0]  # type: ignore[arg-type]


def test_users_are_walked_by_as_many_threads_as_there_are_workers(pool_sizes: list[int]):
    UserIds.of(user_requester(users_at(1), num_workers=40), None)  # type: ignore[arg-type]
    assert [40] == pool_sizes


def test_what_the_config_leaves_out_of_a_profile_is_nothing_to_a_walk():
    """It asks for three fields alone, and a query cannot both name fields and leave some out."""
    home = user_requester(users_at(1), users_excluded_fields=["user_metadata"])
    UserIds.of(home, None)  # type: ignore[arg-type]
    assert [] == [query for query in home.people.queries if "fields" in query or "include_fields" in query]


def test_an_answer_that_is_no_list_of_users_is_said_to_be_one_of_users():
    home = user_requester([])
    home.people.get = lambda *_: {"users": 7}  # type: ignore[method-assign]
    with pytest.raises(AirbyteTracedException, match="`users`"):
        UserIds.of(home, None)  # type: ignore[arg-type]


def test_a_walk_that_fails_is_walked_again_by_the_next_stream():
    home = user_requester(users_at(*range(300)))
    home.people.meanwhile = lambda _: (_ for _ in ()).throw(transient_error("unwell"))
    with pytest.raises(AirbyteTracedException, match="unwell"):
        UserIds.of(home, None)  # type: ignore[arg-type]
    home.people.meanwhile = lambda _: None
    assert 300 == len(UserIds.of(home, None).ids)  # type: ignore[arg-type]


def test_a_walk_of_which_a_piece_fails_is_no_walk():
    """Whoever is left out would count as asked."""
    home = user_requester(users_at(*range(300)))
    pages: list[Any] = []

    def fail(query: Any) -> None:
        pages.append(query)
        if len(pages) > 2:
            raise transient_error("unwell")

    home.people.meanwhile = fail
    with pytest.raises(AirbyteTracedException, match="unwell"):
        UserIds.of(home, None)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [(None, None, "abc"), (2, None, "bc"), (None, 2, "ab"), (2, 2, "b"), (4, None, ""), (None, 0, "")],
)
def test_both_bounds_of_a_range_belong_to_it(low: int | None, high: int | None, expected: str):
    found = UserIds(["a", "b", "c"], array("q", [1, 2, 3]), 9)
    assert expected == "".join(found.between(low, high))


def test_only_chosen_users_are_walked():
    users = [*users_at(1, 2), *users_at(3, connection="other")]
    users[2]["user_id"] = "auth0|other"
    home = user_requester(users, users_connections=["other"])
    assert ["auth0|other"] == UserIds.of(home, None).ids  # type: ignore[arg-type]


def test_without_conditions_everybody_is_chosen_and_nobody_asked():
    home = user_requester([])
    assert {"a", "b"} == users_in_scope(home, iter("ab"))  # type: ignore[arg-type]
    assert [] == home.people.queries


@pytest.mark.parametrize("config", [{"users_connections": ["db"]}, {"start_date": moment(100)}])
def test_users_that_the_config_leaves_out_are_not_chosen(config: dict[str, Any]):
    users = users_at(*range(200))
    for user in users[:100]:
        user["identities"] = [{"connection": "other"}]
    home = user_requester(users, **config)
    assert set(ids(users[100:])) == users_in_scope(home, [*ids(users), "auth0|gone"])  # type: ignore[arg-type]
    assert -(-201 // IDS_PER_QUERY) == len(home.people.queries)
