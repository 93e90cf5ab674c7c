from array import array
from collections.abc import Callable
from typing import Any

import pytest
from airbyte_cdk.utils.traced_exception import AirbyteTracedException

from source_auth0.errors import transient_error
from source_auth0.records import PAGE_SIZE
from source_auth0.retrievers.cursors.compact_ids import PackedIds
from source_auth0.retrievers.user_lists.user_ids import UserIds, users_in_scope
from source_auth0.timestamps import to_milliseconds
from testing.fakes.times import timestamp
from testing.fakes.user_requester import FakeUserRequester, UserDirectoryById, user_requester
from testing.fakes.user_search import TOTALS, ids, users_at
from testing.threads import in_threads


def timestamps_by_id(user_ids: UserIds) -> dict[str, int]:
    return dict(zip(user_ids.ids, user_ids.updated_at, strict=True))


@pytest.mark.parametrize("number", [0, 1, 100, 101, 2500])
@pytest.mark.parametrize("total", TOTALS)
def test_every_user_id_has_its_updated_at(number: int, total: Callable[[int], int | None]):
    users = users_at(*range(number))
    requester = FakeUserRequester(UserDirectoryById(users, total=total))
    user_ids = UserIds.of(requester, None)  # type: ignore[arg-type]
    assert {user["user_id"]: to_milliseconds(user["updated_at"]) for user in users} == timestamps_by_id(user_ids)
    assert number == len(user_ids.ids)


def test_changed_users_are_found_from_a_look_back_before_the_given_time():
    requester = user_requester(users_at(*range(0, 40_000, 100)))
    user_ids = UserIds.of(requester, to_milliseconds(timestamp(20_000)))  # type: ignore[arg-type]
    assert ids(requester.directory.users[197:]) == sorted(user_ids.ids)


@pytest.mark.parametrize("since", [None, to_milliseconds(timestamp(20_000))])
@pytest.mark.parametrize(("config", "lag"), [({}, 60), ({"users_safety_lag": 5}, 5)])
def test_users_are_complete_up_to_a_safety_lag_before_now(since: int | None, config: dict[str, Any], lag: int):
    """Those just changed come too, and come again."""
    requester = user_requester(users_at(1, 43_199), **config)
    user_ids = UserIds.of(requester, since)  # type: ignore[arg-type]
    assert to_milliseconds(timestamp(43_200 - lag)) == user_ids.until
    assert (["auth0|00000"] if since is None else []) + ["auth0|00001"] == sorted(set(user_ids.ids))


def test_user_ids_are_read_once_per_sync_for_all_streams():
    requester = user_requester(users_at(*range(300)))
    user_ids = in_threads(4, lambda _: UserIds.of(requester, None))  # type: ignore[arg-type]
    assert {id(user_ids[0])} == set(map(id, user_ids))
    read_once = user_requester(requester.directory.users)
    UserIds.of(read_once, None)  # type: ignore[arg-type]
    assert len(read_once.directory.queries) == len(requester.directory.queries)
    assert UserIds.of(requester, 7) is not user_ids[0]  # type: ignore[arg-type]


def test_user_ids_are_read_by_as_many_threads_as_there_are_workers(pool_sizes: list[int]):
    UserIds.of(user_requester(users_at(1), num_workers=40), None)  # type: ignore[arg-type]
    assert [40] == pool_sizes


def test_excluded_fields_do_not_change_the_query_for_user_ids():
    """It requests only three fields, and a query cannot both include and exclude fields."""
    requester = user_requester(users_at(1), users_excluded_fields=["user_metadata"])
    UserIds.of(requester, None)  # type: ignore[arg-type]
    assert [] == [query for query in requester.directory.queries if "fields" in query or "include_fields" in query]


def test_the_error_of_a_malformed_response_names_the_stream_users():
    requester = user_requester([])
    requester.directory.get = lambda *_: {"users": 7}  # type: ignore[method-assign]
    with pytest.raises(AirbyteTracedException, match="`users`"):
        UserIds.of(requester, None)  # type: ignore[arg-type]


def test_a_failed_read_is_repeated_by_the_next_stream():
    requester = user_requester(users_at(*range(300)))
    requester.directory.on_query = lambda _: (_ for _ in ()).throw(transient_error("unwell"))
    with pytest.raises(AirbyteTracedException, match="unwell"):
        UserIds.of(requester, None)  # type: ignore[arg-type]
    requester.directory.on_query = lambda _: None
    assert 300 == len(UserIds.of(requester, None).ids)  # type: ignore[arg-type]


def test_one_failed_time_slice_fails_the_whole_read():
    """Users left out would count as read."""
    requester = user_requester(users_at(*range(300)))
    pages: list[Any] = []

    def fail(query: Any) -> None:
        pages.append(query)
        if len(pages) > 2:
            raise transient_error("unwell")

    requester.directory.on_query = fail
    with pytest.raises(AirbyteTracedException, match="unwell"):
        UserIds.of(requester, None)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [(None, None, "abc"), (2, None, "bc"), (None, 2, "ab"), (2, 2, "b"), (4, None, ""), (None, 0, "")],
)
def test_ranges_of_timestamps_include_both_bounds(low: int | None, high: int | None, expected: str):
    user_ids = UserIds(PackedIds("abc"), array("q", [1, 2, 3]), 9)
    assert expected == "".join(user_ids.between(low, high))


def test_only_users_in_scope_are_read():
    users = [*users_at(1, 2), *users_at(3, connection="other")]
    users[2]["user_id"] = "auth0|other"
    requester = user_requester(users, users_connections=["other"])
    assert ["auth0|other"] == list(UserIds.of(requester, None).ids)  # type: ignore[arg-type]


def test_without_conditions_every_user_is_in_scope_without_a_request():
    requester = user_requester([])
    assert {"a", "b"} == users_in_scope(requester, iter("ab"))  # type: ignore[arg-type]
    assert [] == requester.directory.queries


@pytest.mark.parametrize("config", [{"users_connections": ["db"]}, {"start_date": timestamp(100)}])
def test_users_excluded_by_the_config_are_not_in_scope(config: dict[str, Any]):
    users = users_at(*range(200))
    for user in users[:100]:
        user["identities"] = [{"connection": "other"}]
    requester = user_requester(users, **config)
    assert set(ids(users[100:])) == users_in_scope(requester, [*ids(users), "auth0|gone"])  # type: ignore[arg-type]
    assert -(-201 // PAGE_SIZE) == len(requester.directory.queries)
