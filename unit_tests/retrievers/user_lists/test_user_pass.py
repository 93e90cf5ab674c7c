from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from source_auth0.retrievers.log_events.ordering import LogPosition
from source_auth0.retrievers.user_lists.user_pass import MAX_PENDING_USERS, UserPass
from source_auth0.timestamps import to_iso


@pytest.mark.parametrize(
    ("done_indices", "retried", "asked", "pending"),
    [
        ([], 0, "c", "abc"),
        ([0], 0, "c", "bc"),
        ([4], 0, "e", "abcd"),
        ([4, 0, 3], 0, "e", "bc"),
        ([2, 0, 1], 0, "c", ""),
        ([1], 2, "c", "c"),
        ([2], 2, "c", ""),
        ([4, 0], 2, "e", "cd"),
    ],
)
def test_the_state_of_a_pass_lists_the_pending_users_below_its_last_id(
    done_indices: list[int], retried: int, asked: str, pending: str
):
    """The last id never goes back; users who are retried are listed elsewhere in the state."""
    user_pass = UserPass(list("abcdef"), 0, LogPosition(), "c", retried)
    for index in done_indices:
        user_pass.mark_done(index)
    assert (asked, list(pending)) == (user_pass.state["asked"], user_pass.state["left"])
    assert not user_pass.is_done


def test_a_user_cannot_be_marked_done_twice():
    user_pass = UserPass(list("ab"), 0, LogPosition())
    user_pass.mark_done(0)
    with pytest.raises(ValueError, match="not in list"):
        user_pass.mark_done(0)


@given(st.permutations(range(60)), st.integers(0, 60))
def test_the_state_of_a_pass_covers_every_pending_user_and_exactly_them_where_few(order: list[int], number: int):
    users = [f"{n:02d}" for n in range(60)]
    user_pass = UserPass(users, 0, LogPosition())
    for index in order[:number]:
        user_pass.mark_done(index)
    state = user_pass.state
    covered = {user for user in users if user > state["asked"] or user in state["left"]}
    expected = {users[index] for index in order[number:]}
    assert len(state["left"]) <= MAX_PENDING_USERS
    assert expected <= covered
    assert len(user_pass.pending) > MAX_PENDING_USERS or expected == covered
    assert user_pass.is_done == (number == 60)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, {}),
        ({"since": 0}, {}),
        ({"deep_at": 7000, "since": 0}, {"deep_at": to_iso(7000), "since": to_iso(0)}),
        ({"read_with": {"start_date": None}}, {"read_with": {"start_date": None}}),
    ],
)
def test_the_state_of_a_pass_tells_its_deep_look_back_and_its_filter(fields: dict[str, Any], expected: dict[str, Any]):
    state = UserPass(["a"], 9000, LogPosition(), **fields).state
    assert {"until": to_iso(9000), "log_id": "", "date": "", "asked": "", "left": [], **expected} == state
