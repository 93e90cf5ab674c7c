from typing import Any

import pytest

from source_auth0.retrievers.followed_parents.parents_in_log import ReadUpTo
from source_auth0.retrievers.log_events.ordering import LogPosition


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ({}, ReadUpTo(LogPosition(), 0)),
        (
            {"until": "1970-01-01T00:00:01.000Z", "log_id": "9001", "date": "1970-01-01T00:00:00.000Z"},
            ReadUpTo(LogPosition("9001", "1970-01-01T00:00:00.000Z"), 1000),
        ),
    ],
)
def test_a_state_says_up_to_where_changes_were_read(state: dict[str, Any], expected: ReadUpTo) -> None:
    assert expected == ReadUpTo.of(state)
