import pytest

from source_auth0.progress.expectation import ABOUT, AT_LEAST, Expectation, Figures


@pytest.mark.parametrize(
    ("expected", "text"),
    [
        (Expectation(), "1,200 rows so far"),
        (Expectation(2_000_000), "1,200 of 2,000,000 rows"),
        (Expectation(left=300, certainty=ABOUT), "1,200 of about 1,500 rows"),
        (Expectation(left=300, certainty=AT_LEAST), "1,200 of at least 1,500 rows"),
        (Expectation(left=0, certainty=AT_LEAST), "1,200 rows so far"),
        (Expectation(500, unit="users"), "40 of 500 users"),
        (Expectation(500, unit="users", done=7), "7 of 500 users"),
        (Expectation(30, unit="users"), "40 of at least 40 users"),
        (Expectation(1000), "1,200 rows so far"),
    ],
)
def test_figures_say_how_far_a_stream_is_and_how_sure_its_total_is(expected: Expectation, text: str):
    """1,200 rows and 40 slices are done; more than was counted is no count any more."""
    assert text == str(Figures.of(expected, 1200, 40))


@pytest.mark.parametrize(
    ("expected", "left"),
    [(Expectation(), None), (Expectation(1500), 300), (Expectation(left=5), 5), (Expectation(7), 0)],
)
def test_what_is_left_is_never_negative(expected: Expectation, left: int | None):
    assert left == Figures.of(expected, 1200, 0).left
