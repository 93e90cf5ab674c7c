import pytest

from source_auth0.progress.expectation import ABOUT, AT_LEAST, Expectation, Figures
from source_auth0.progress.sentences import Spent, in_words, minute_line, not_begun_line, start_line

SPENT, TAKEN = Spent(31_000, 12_040, 840), "12,040 requests in 14 minutes."


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (1, "1 second"),
        (99, "99 seconds"),
        (100, "2 minutes"),
        (5_999, "100 minutes"),
        (6_000, "2 hours"),
        (140_400, "39 hours"),
        (359_999, "100 hours"),
        (360_000, "4 days"),
        (200_000_000, "2,315 days"),
    ],
)
def test_a_length_of_time_has_the_unit_that_suits_it(seconds: float, words: str):
    assert words == in_words(seconds)


@pytest.mark.parametrize(
    ("expected", "pace", "waits", "line"),
    [
        (Expectation(), 0, [], "31,000 rows so far, 12,040 requests in 14 minutes."),
        (
            Expectation(100_000),
            23,
            ["A"],
            f"31,000 of 100,000 rows, {TAKEN} About 50 minutes left at this pace. In the last minute it waited for A.",
        ),
        (
            Expectation(2_000_000, done=12_000, unit="users"),
            0,
            ["A", "B"],
            f"12,000 of 2,000,000 users read, 31,000 rows, {TAKEN} In the last minute it waited for A, and for B.",
        ),
        (
            Expectation(left=9_000, certainty=ABOUT),
            0,
            [],
            "31,000 of about 40,000 rows, 12,040 requests in 14 minutes.",
        ),
        (
            Expectation(left=9_000, certainty=AT_LEAST),
            50,
            [],
            "31,000 of at least 40,000 rows, 12,040 requests in 14 minutes. At least 3 minutes left at this pace.",
        ),
        (
            Expectation(left=9, certainty=AT_LEAST),
            50,
            [],
            "31,000 of at least 31,009 rows, 12,040 requests in 14 minutes.",
        ),
    ],
)
def test_a_line_says_how_far_a_stream_is_for_how_long_still_and_what_it_waited_for(
    expected: Expectation, pace: float, waits: list[str], line: str
):
    """Seconds are not said of a total that may be far from all: they would be no estimate of anything."""
    assert f"`things`: {line}" == minute_line("things", Figures.of(expected, 31_000, 0), SPENT, pace, waits)


@pytest.mark.parametrize(
    ("expected", "start"),
    [
        (
            Expectation(2_000_000, unit="users", per_request=1, advice="Do this."),
            "`things` has 2,000,000 users to read, at least a request each:",
        ),
        (
            Expectation(left=2_000_000, certainty=ABOUT, advice="Do this."),
            "`things` has about 2,000,000 rows to read, at most 100 with a request:",
        ),
    ],
)
def test_the_start_line_has_the_estimate_the_limit_and_the_advice(expected: Expectation, start: str):
    line = start_line("things", Figures.of(expected, 0, 0), expected, 14.4, 138_889)
    limit = "39 hours or more at 14.4 requests a second, Auth0's present limit for all that share it."
    assert f"{start} {limit} Do this." == line


def test_streams_that_have_not_begun_are_told_with_what_they_wait_for():
    seven = [f"s{number}" for number in range(7)]
    assert "Not begun yet, waiting for `logs`: `s0`, `s1`." == not_begun_line(seven[:2], ["logs"])
    assert "Not begun yet, until others end: `s0`, `s1`, `s2`, `s3`, `s4` and 2 more." == not_begun_line(seven, [])
