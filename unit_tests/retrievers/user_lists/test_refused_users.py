from collections.abc import Collection

import pytest

from source_auth0.errors import ParentRefusedError
from source_auth0.retrievers.lists.refused_parents import RefusedParents
from source_auth0.retrievers.log_events.ordering import LogPosition
from source_auth0.retrievers.user_lists.refused_users import MAX_REFUSED_IN_STATE, RefusedUsers
from source_auth0.retrievers.user_lists.user_pass import UserPass


def refused_users(*saved: str) -> RefusedUsers:
    return RefusedUsers(RefusedParents("user_roles"), saved)


def a_pass(users: Collection[str] = "abc") -> UserPass:
    return UserPass(list(users), 0, LogPosition())


def refuse(users: RefusedUsers, user: str, *, lacks_feature: bool = False) -> None:
    users.parents.record_refusal(user, ParentRefusedError("user_roles", 400, "no", lacks_feature=lacks_feature))


def test_the_refused_of_the_last_sync_are_known_and_asked_again():
    users = refused_users("b", "a")
    assert (frozenset("ab"), True, {"refused": ["a", "b"]}) == (
        users.parents.known,
        users.parents.carries_over,
        users.state,
    )
    assert {} == refused_users().state


def test_who_is_answered_is_refused_no_more():
    users, user_pass = refused_users("b"), a_pass()
    users.settle(user_pass, 1)
    assert ({}, set()) == (users.state, users.undecided)
    assert [0] == user_pass.pending


def test_who_is_refused_while_others_are_answered_is_skipped_and_done():
    users, user_pass = refused_users(), a_pass()
    users.parents.is_answered = True
    refuse(users, "a")
    users.settle(user_pass, 0)
    assert ({"refused": ["a"]}, set(), 0) == (users.state, users.undecided, user_pass.last_done)


def test_who_is_refused_before_anybody_was_answered_is_undecided():
    users, user_pass = refused_users("c"), a_pass()
    for index, user in enumerate("ac"):
        refuse(users, user)
        users.settle(user_pass, "abc".index(user))
        assert {"a"} == users.undecided, index  # another refusal of `c` says nothing new
    assert {"refused": ["c"]} == users.state
    users.parents.is_answered = True
    users.settle(user_pass, 1)
    assert (set(), {"refused": ["a", "c"]}, True) == (users.undecided, users.state, user_pass.is_done)


def test_who_is_not_asked_any_more_is_not_done():
    users, user_pass = refused_users("b"), a_pass()
    users.parents.is_over = True
    users.settle(user_pass, 1)
    assert (-1, {"refused": ["b"]}) == (user_pass.last_done, users.state)


def test_a_pass_adds_its_users_to_those_expected():
    users = refused_users("b", "x")
    users.begin(3)
    users.begin(4, ["a", "b"])
    assert (7, {"b"}) == (users.parents.expected, users.parents.known_unfinished)
    users.begin(1, ["x"])
    assert {"b", "x"} == users.parents.known_unfinished


@pytest.mark.parametrize("lacks_feature", [True, False])
def test_where_the_tenant_lacks_the_feature_nobody_is_left_to_ask(*, lacks_feature: bool):
    users, user_pass = refused_users(), a_pass()
    refuse(users, "a", lacks_feature=lacks_feature)
    users.settle(user_pass, 0)
    users.conclude(user_pass)
    assert (set() if lacks_feature else {"a"}, lacks_feature) == (users.undecided, user_pass.is_done)


def test_a_state_has_at_most_two_hundred_of_them():
    users = refused_users(*(f"{number:03d}" for number in range(MAX_REFUSED_IN_STATE + 1)))
    assert [f"{number:03d}" for number in range(MAX_REFUSED_IN_STATE)] == users.state["refused"]
