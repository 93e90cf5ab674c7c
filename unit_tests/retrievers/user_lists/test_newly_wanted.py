from typing import Any

import pytest

from source_auth0.retrievers.user_lists.newly_wanted import newly_wanted_users
from source_auth0.retrievers.users.state import connection_hash
from testing.fakes.times import timestamp
from testing.fakes.user_requester import user_requester
from testing.fakes.user_search import User, users_at


def user_in(user_id: str, second: float, *connections: str) -> User:
    """A user with an identity in each of these connections."""
    return {**users_at(second)[0], "user_id": user_id, "identities": [{"connection": name} for name in connections]}


USERS = [user_in("a1", 10, "a"), user_in("ab", 20, "a", "b"), user_in("b1", 30, "b"), user_in("a2", 40, "a")]


def saved_filter(start: float | None = None, *connections: str) -> dict[str, Any]:
    """A filter as a state holds it."""
    return {
        "start_date": None if start is None else timestamp(start),
        "connections": [connection_hash(name) for name in connections] or None,
    }


@pytest.mark.parametrize(
    ("read_with", "config", "expected"),
    [
        (saved_filter(30), {"start_date": timestamp(20)}, {"ab"}),
        (saved_filter(30), {}, {"a1", "ab"}),
        (saved_filter(None, "a"), {"users_connections": ["a", "b"]}, {"b1"}),
        (saved_filter(None, "a"), {}, {"a1", "ab", "b1", "a2"}),
        (saved_filter(30, "a"), {"users_connections": ["a", "b"]}, {"a1", "ab", "b1", "a2"}),
        (saved_filter(None, "a"), {"users_connections": ["a", "nobody's"]}, set()),
    ],
)
def test_a_wider_filter_adds_users(read_with: dict[str, Any], config: dict[str, Any], expected: set[str]):
    requester = user_requester([dict(user) for user in USERS], **config)
    assert expected == {*newly_wanted_users(requester, read_with)}  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("read_with", "config"),
    [
        (None, {}),
        (saved_filter(), {"start_date": timestamp(20), "users_connections": ["a"]}),
        (saved_filter(20), {"start_date": timestamp(20)}),
        (saved_filter(20), {"start_date": timestamp(30)}),
        (saved_filter(None, "a", "b"), {"users_connections": ["b"]}),
    ],
)
def test_the_same_a_narrower_or_an_unknown_filter_costs_no_request(read_with: Any, config: dict[str, Any]):
    requester = user_requester([dict(user) for user in USERS], **config)
    assert set() == {*newly_wanted_users(requester, read_with)}  # type: ignore[arg-type]
    assert [] == requester.directory.queries


def test_a_user_without_updated_at_is_wanted_once_no_start_date_is():
    users = [dict(user) for user in USERS]
    del users[0]["updated_at"]
    assert {"a1", "ab"} == {*newly_wanted_users(user_requester(users), saved_filter(30))}  # type: ignore[arg-type]
