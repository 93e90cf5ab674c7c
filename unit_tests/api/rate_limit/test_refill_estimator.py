import pytest

from source_auth0.api.rate_limit.published_limits import RefillRate
from source_auth0.api.rate_limit.refill_estimator import RateLimitHeaders, RefillEstimator, RefillSample


def refill(*published: float, limit: int = 60, step: float = 0.0, reset: float = 1.0) -> RefillEstimator:
    return RefillEstimator(
        RateLimitHeaders(limit, limit - 1, reset, 0.0, 0.5), [RefillRate(rate, step) for rate in published]
    )


def seen(at: float, tokens: float, doubt: float = 1.0) -> RefillSample:
    """An answer that came at once; between so many tokens and `doubt` more had come in."""
    return RefillSample(at, at, tokens, tokens + doubt)


def saw(refill: RefillEstimator, *moments: tuple[float, float], doubt: float = 1.0) -> RefillEstimator:
    """What was seen at these seconds of these tokens, in a bucket that was not full."""
    for at, tokens in moments:
        refill.record(seen(at, tokens, doubt), full=False)
    return refill


def known(refill: RefillEstimator) -> tuple[bool, float]:
    return refill.is_known, pytest.approx(refill.rate)


@pytest.mark.parametrize(
    ("limit", "reset", "rate"),
    [(60, 0.0, 10.0), (60, 3.0, 1.0), (3, 0.0, 1.0), (3, 2.0, 0.5), (1, 4.0, 0.25), (6, 4.0, 0.5), (6, 2.5, 1.0)],
)
def test_a_refill_is_first_taken_to_fill_a_bucket_in_six_seconds_unless_the_reset_says_other(
    limit: int, reset: float, rate: float
):
    """A reset is in whole seconds of two clocks: one token takes between two seconds less and that long."""
    guess = refill(limit=limit, reset=reset)
    assert (False, rate) == known(guess)
    assert (0.0, 0.0, False) == (guess.known_at, guess.step, guess.is_published)


def test_what_is_published_is_known_from_the_start():
    """The first of what is published; the longest step that tokens may come in."""
    published = RefillEstimator(RateLimitHeaders(60, 59, 1.0, 7.0, 8.0), [RefillRate(2.0), RefillRate(10.0, 1.0)])
    assert (True, 2.0) == known(published)
    assert (7.0, 1.0, True) == (published.known_at, published.step, published.is_published)


@pytest.mark.parametrize(
    ("seconds", "tokens", "expected"),
    [
        (5, 15, (True, 3.0)),
        (5, 8, (True, 1.6)),
        (5, 7, (False, 8 / 4)),
        (4, 8, (False, 9 / 3)),
        (2.5, 2, (False, 3 / 1.5)),
        (2, 2, (False, 10.0)),
        (1, 0, (False, 10.0)),
    ],
)
def test_eight_tokens_in_five_seconds_tell_a_refill(seconds: float, tokens: float, expected: tuple[bool, float]):
    """Less tells only the most that it can be: a token more in a second less."""
    assert expected == known(saw(refill(), (0, 0), (seconds, tokens)))


def test_when_a_refill_was_measured_is_when_the_answer_came():
    measured = refill()
    for moment in (
        RefillSample(0.0, 0.5, 0.0, 1.0),
        RefillSample(4.0, 4.5, 11.0, 12.0),
        RefillSample(5.0, 6.0, 15.0, 16.0),
    ):
        measured.record(moment, full=False)
    assert (True, 3.0) == known(measured)
    assert 6.0 == measured.known_at


@pytest.mark.parametrize(
    ("moments", "rate"),
    [
        ([(0, 0), (10, 50), (70, 110)], 1.0),
        ([(0, 0), (10, 50), (69, 109)], 109 / 69),
        ([(0, 0), (10, 50), (70, 57)], 57 / 70),
        ([(0, 0), (10, 50), (70, 58)], 8 / 60),
        ([(0, 0), (10, 50), (20, 150)], 10.0),
        ([(0, 0), (10, 50), (19, 150)], 150 / 19),
        ([(0, 0), (10, 50), (20, 149)], 149 / 20),
        ([(0, 0), (1, 20), (10, 50), (20, 150)], 10.0),
    ],
)
def test_a_refill_is_measured_over_the_last_minute_or_hundred_tokens(moments: list[tuple[float, float]], rate: float):
    """Over ten seconds at least, and eight tokens."""
    assert (True, max(rate, 0.1)) == known(saw(refill(limit=12), *moments))


@pytest.mark.parametrize(
    ("published", "tokens", "doubt", "rate"),
    [
        ([10.0], 60, 1, 6.0),
        ([4.0], 45, 1, 4.0),
        ([5.0], 44, 1, 5.0),
        ([4.0, 5.0], 44, 1, 4.0),
        ([4.0, 5.0], 43, 7, 5.0),
    ],
)
def test_of_the_published_refills_that_fit_the_nearest_is_believed(
    published: list[float], tokens: float, doubt: float, rate: float
):
    """Where none fits, what was measured; ten seconds are uncertain by the step, and tokens by what was under way."""
    measured = refill(*published, step=1.0)
    measured.rate = published[-1]
    for moment in (seen(0, 0), seen(10, tokens, doubt)):
        measured.record(moment, full=False)
    assert (True, rate) == known(measured)


@pytest.mark.parametrize(("seconds", "rate"), [(10, 6.0), (9, 55 / 8)])
def test_what_is_known_is_measured_again_over_ten_seconds(seconds: float, rate: float):
    """In less, the most that it can be is told."""
    assert (True, rate) == known(saw(refill(10.0, step=1.0), (0, 0), (seconds, 6 * seconds)))


@pytest.mark.parametrize(
    ("published", "moments", "expected"),
    [
        ([], [(0, 0), (1, 19)], (True, 9.0)),
        ([], [(0, 0), (1, 9)], (True, 5.0)),
        ([], [(3, 0), (8, 61)], (True, 10.0)),
        ([], [(0, 0), (5.5, 61)], (True, 5.0)),
        ([], [(0, 0), (1, 0), (2, 0), (6.5, 56)], (True, 10.0)),
        ([1.0, 10.0, 20.0], [(0, 0), (1, 19)], (True, 10.0)),
        ([1.0, 10.0, 20.0], [(0, 0), (1, 21)], (True, 10.0)),
        ([1.0, 10.0, 20.0], [(0, 0), (1, 11)], (True, 5.0)),
        ([1.0, 10.0, 20.0], [(0, 0), (1, 43)], (False, 21.0)),
    ],
)
def test_what_came_in_within_five_seconds_raises_an_estimate(
    published: list[float], moments: list[tuple[float, float]], expected: tuple[bool, float]
):
    """To all but one token, in a second more; or to the next published one, and beyond them it is not known."""
    low = refill(*published, step=1.0)
    low.rate, low.is_known = 5.0, True
    assert expected == known(saw(low, *moments))


@pytest.mark.parametrize(
    ("first", "last", "most"),
    [
        ((0.0, 0.5), (3.0, 3.5), 6 / 2.4),
        ((0.0, 10.0), (3.0, 11.0), 6 / 0.1),
    ],
)
def test_the_most_a_refill_can_be_is_told_by_the_shortest_time_between_two_counts(
    first: tuple[float, float], last: tuple[float, float], most: float
):
    """From the first answer to the last request, less a tenth; that long, where they overlap."""
    fast = refill(100.0)
    fast.record(RefillSample(*first, 0.0, 1.0), full=False)
    fast.record(RefillSample(*last, 5.0, 6.0), full=False)
    assert (True, most) == known(fast)


def test_the_least_a_refill_can_be_is_told_by_the_longest_time_between_two_counts():
    """From the first request to the last answer, and a tenth."""
    slow = refill(5.0)
    slow.record(RefillSample(0.0, 0.5, 0.0, 1.0), full=False)
    slow.record(RefillSample(1.0, 1.9, 21.0, 22.0), full=False)
    assert (False, 10.0) == known(slow)


@pytest.mark.parametrize(
    ("limit", "times", "doubt", "rate"), [(60, 1, 1, 11.0), (60, 1, 2, 10 * 1.1**0.5), (1, 8, 1, 2.0)]
)
def test_a_refill_that_is_not_known_is_raised_by_a_tenth_while_the_bucket_is_full(
    limit: int, times: int, doubt: float, rate: float
):
    """The less, the more are under way; no bucket is filled twice a second."""
    raised = refill(limit=limit)
    for _ in range(times):
        raised.record(seen(0, 7, doubt), full=True)
    assert (False, rate) == known(raised)


@pytest.mark.parametrize(
    ("seconds", "tokens", "rate", "known_at"),
    [(5, 15, 3.0, 5.5), (5, 8, 1.6, 5.5), (5, 7, 1.0, 0.0), (4, 8, 1.0, 0.0), (10, 8, 1.0, 10.5)],
)
def test_what_came_in_until_a_bucket_was_full_can_only_raise_what_is_known(
    seconds: float, tokens: float, rate: float, known_at: float
):
    full = refill(1.0, step=1.0)
    full.record(seen(0, 0, 15), full=True)
    full.record(seen(1, 0, 15), full=False)
    full.record(RefillSample(seconds, seconds + 0.5, tokens, tokens + 15), full=True)
    assert (True, rate) == known(full)
    assert known_at == full.known_at


def test_what_comes_into_a_full_bucket_is_not_measured():
    full = refill()
    for at in (0, 5):
        full.record(seen(at, 0), full=True)
    assert (True, 3.0) == known(saw(full, (10, 15)))


def test_a_refusal_lowers_an_estimate_by_a_tenth():
    refused = refill()
    refused.record_refusal(seen(0, 0))
    assert (False, 9.0) == known(refused)


def test_the_slowest_refill_that_is_believed_fills_a_bucket_in_two_minutes():
    assert (False, 0.5) == known(saw(refill(), (0, 0), (60, 0)))


@pytest.mark.parametrize(
    ("rate", "published", "expected"),
    [
        (2.0, [RefillRate(3.0, 1.0), RefillRate(4.0)], (3.0, 1.0, True)),
        (2.0, [RefillRate(1.0), RefillRate(2.0)], (2.0, 0.0, True)),
        (2.5, [RefillRate(3.0, 1.0)], (2.5, 1.0, False)),
        (2.0, [], (2.0, 0.0, False)),
    ],
)
def test_what_is_measured_stays_where_others_are_published(
    rate: float, published: list[RefillRate], expected: tuple[float, float, bool]
):
    thought = refill(2.0, step=0.5)
    thought.rate = rate
    thought.set_published(published)
    assert expected == (thought.rate, thought.step, thought.is_published)


@pytest.mark.parametrize(("rate", "believed"), [(3.0, 10.0), (20.0, 20.0)])
def test_what_is_sought_again_is_not_known_and_at_least_what_was_first_thought(rate: float, believed: float):
    sought = refill()
    sought.rate, sought.is_known = rate, True
    sought.reprobe()
    assert (False, believed) == known(sought)
