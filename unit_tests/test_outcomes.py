import json

import pytest

from source_auth0.outcomes import StreamEnd, StreamErrors, StreamOutcome

CHECKED, UNCHECKED = StreamOutcome(requests=1234, skipped=5), StreamOutcome(not_verified=("no total", "no log"))
FAILED = "`roles` failed after 7 rows, 1,234 requests, 5 skipped, 0 not verified, 1.0 seconds. Auth0 is down."


@pytest.mark.parametrize(
    ("end", "expected"),
    [
        (
            StreamEnd("roles", 0, 0.04),
            "`roles` is complete: 0 rows, 0 requests, 0 skipped, 0 not verified, 0.0 seconds.",
        ),
        (
            StreamEnd("user_roles", 1_234_567, 3601.25, CHECKED),
            "`user_roles` is complete: 1,234,567 rows, 1,234 requests, 5 skipped, 0 not verified, 3,601.2 seconds.",
        ),
        (
            StreamEnd("users", 7, 1.0, UNCHECKED),
            "`users` is complete: 7 rows, 0 requests, 0 skipped, 2 not verified (no total; no log), 1.0 seconds.",
        ),
        (
            StreamEnd("roles", 7, 1.0, CHECKED, StreamErrors("Auth0 is down.")),
            FAILED,
        ),
        (
            StreamEnd("roles", 7, 1.0, CHECKED, StreamErrors("Auth0 is down.", 2001)),
            f"{FAILED} 2,000 more errors like it followed.",
        ),
        (
            StreamEnd("roles", 7, 1.0, CHECKED, StreamErrors("Auth0 is down.", 2)),
            f"{FAILED} 1 more errors like it followed.",
        ),
    ],
)
def test_the_end_of_a_stream_is_told_to_people_in_figures(end: StreamEnd, expected: str):
    assert expected == end.sentence


@pytest.mark.parametrize(
    ("errors", "expected"), [(None, ("complete", 0)), (StreamErrors("down", 3), ("incomplete", 3))]
)
def test_the_end_of_a_stream_is_told_to_machines(errors: StreamErrors | None, expected: tuple[str, int]):
    outcome = StreamOutcome(requests=1234, skipped=5, not_verified=("no total",))
    assert {
        "stream": "users",
        "outcome": expected[0],
        "rows": 7,
        "requests": 1234,
        "skipped": 5,
        "not_verified": 1,
        "seconds": 1.235,
        "errors": expected[1],
    } == json.loads(StreamEnd("users", 7, 1.23456, outcome, errors).json)


def test_an_outcome_of_nothing_is_none():
    assert StreamOutcome(0, 0, (), (), None) == StreamOutcome() == StreamEnd("roles", 0, 0.0).outcome
    assert 1 == StreamErrors("down").number
