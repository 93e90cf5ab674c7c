from typing import Any

import pytest

from source_auth0.api.tenant import Tenant
from source_auth0.retrievers.users.state import UserFilter, UserState
from source_auth0.retrievers.users.walk_parts import _state_of_part, combined_state, validate_parts
from source_auth0.timestamps import to_iso, to_milliseconds


def filter_of(*names: str, start_date: int | None = None) -> UserFilter:
    dated = {} if start_date is None else {"start_date": to_iso(start_date)}
    return UserFilter.of(Tenant({"base_url": "https://acme.us.auth0.com", **dated}), names)


def state(at: int, *names: str, **more: Any) -> UserState:
    return UserState(updated_at=at, read_with=filter_of(*names), **more)


def test_a_part_resumes_from_its_own_state_with_its_open_ranges():
    own = UserState(5, None, None, ((5, 8),), until=9, walk_read_with=filter_of("a", "b"))
    assert own is _state_of_part([state(3, "c"), own], filter_of("b", "a"))


@pytest.mark.parametrize(
    ("saved", "wanted", "expected"),
    [
        ([state(7, "a", "b"), state(5, "c")], ("b", "c"), 5),
        ([state(7, "a", "b"), state(5, "c")], ("a",), 7),
        ([state(7)], ("a", "b"), 7),
        ([state(7, "a", "b")], ("b", "d"), None),
        ([state(7, "a", "b")], (), None),
        ([], ("a",), None),
        ([UserState()], ("a",), None),
        ([UserState(updated_at=4)], ("a",), 4),
    ],
)
def test_a_new_part_resumes_where_all_its_connections_were_read(
    saved: list[UserState], wanted: tuple[str, ...], expected: int | None
):
    found = _state_of_part(saved, filter_of(*wanted))
    assert (expected, ()) == (found.updated_at, found.open)


def test_a_merged_part_was_read_with_the_latest_start_date():
    """Whoever was updated before is newly wanted where the config has an earlier one."""
    dated = [UserState(7, read_with=filter_of("a", start_date=3)), UserState(7, read_with=filter_of("b", start_date=6))]
    assert 6 == _state_of_part(dated, filter_of("a", "b")).read_with.start_date  # type: ignore[union-attr]


def test_a_merged_part_has_looked_back_deeply_if_all_have():
    assert 2 == _state_of_part([state(7, "a", deep_at=2), state(7, "b", deep_at=4)], filter_of("a", "b")).deep_at
    assert None is _state_of_part([state(7, "a", deep_at=2), state(7, "b")], filter_of("a", "b")).deep_at


def test_the_state_of_parts_says_of_all_up_to_where_they_are_read():
    saved = combined_state([state(7_000, "a"), state(5_000, "b")])
    assert {"updated_at", "v", "parts"} == set(saved)
    assert 5_000 == to_milliseconds(saved["updated_at"])
    validate_parts(saved)
    assert [7_000, 5_000] == [UserState.of(part).updated_at for part in saved["parts"]]


def test_a_part_that_has_not_begun_is_left_out_and_nothing_counts_as_read():
    saved = combined_state([state(7_000, "a"), UserState()])
    assert (0, 1) == (to_milliseconds(saved["updated_at"]), len(saved["parts"]))
    assert {} == combined_state([UserState(), UserState()])


@pytest.mark.parametrize(
    "parts", [[], {}, "x", [{}], [{"updated_at": None}], [{"updated_at": "yesterday"}], [{"deletions": {}}], [5]]
)
def test_parts_that_no_version_saved_are_refused(parts: Any):
    with pytest.raises((KeyError, ValueError, TypeError, AttributeError)):
        validate_parts({"updated_at": to_iso(0), "parts": parts})
