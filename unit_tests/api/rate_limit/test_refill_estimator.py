import pytest

from source_auth0.api.rate_limit.published_limits import RefillRate
from source_auth0.api.rate_limit.rate_limit_headers import RateLimitHeaders
from source_auth0.api.rate_limit.refill_estimator import RefillEstimator, RefillSample


def refill(*published: float, limit: int = 60, step: float = 0.0, reset: float = 1.0) -> RefillEstimator:
    return RefillEstimator(
        RateLimitHeaders(limit, limit - 1, reset, 0.0, 0.5), [RefillRate(rate, step) for rate in published]
    )


def sample(at: float, tokens: float, doubt: float = 1.0) -> RefillSample:
    """A sample at one instant: between so many tokens and `doubt` more were refilled since the start."""
    return RefillSample(at, at, tokens, tokens + doubt)


def after_samples(refill: RefillEstimator, *samples: tuple[float, float], doubt: float = 1.0) -> RefillEstimator:
    """Record samples of (seconds, tokens) from a bucket that was not full."""
    for at, tokens in samples:
        refill.record(sample(at, tokens, doubt), full=False)
    return refill


def known(refill: RefillEstimator) -> tuple[bool, float]:
    return refill.is_known, pytest.approx(refill.rate)


@pytest.mark.parametrize(
    ("limit", "reset", "rate"),
    [(60, 0.0, 10.0), (60, 3.0, 1.0), (3, 0.0, 1.0), (3, 2.0, 0.5), (1, 4.0, 0.25), (6, 4.0, 0.5), (6, 2.5, 1.0)],
)
def test_the_initial_estimate_fills_a_bucket_in_six_seconds_or_follows_the_reset(limit: int, reset: float, rate: float):
    """A reset is in whole seconds of two clocks, so one token takes up to two seconds less than it says."""
    initial = refill(limit=limit, reset=reset)
    assert (False, rate) == known(initial)
    assert (0.0, 0.0, False) == (initial.known_at, initial.step, initial.is_published)


def test_a_published_rate_is_known_from_the_start():
    """The first of the published rates, with the longest of their steps."""
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
def test_eight_tokens_in_five_seconds_are_a_measurement(seconds: float, tokens: float, expected: tuple[bool, float]):
    """Fewer give only an upper bound: one token more in one second less."""
    assert expected == known(after_samples(refill(), (0, 0), (seconds, tokens)))


def test_the_time_of_a_measurement_is_when_the_response_came():
    measured = refill()
    for observed in (
        RefillSample(0.0, 0.5, 0.0, 1.0),
        RefillSample(4.0, 4.5, 11.0, 12.0),
        RefillSample(5.0, 6.0, 15.0, 16.0),
    ):
        measured.record(observed, full=False)
    assert (True, 3.0) == known(measured)
    assert 6.0 == measured.known_at


@pytest.mark.parametrize(
    ("samples", "rate"),
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
def test_the_rate_is_measured_over_the_last_minute_or_hundred_tokens(samples: list[tuple[float, float]], rate: float):
    """Over at least ten seconds and eight tokens."""
    assert (True, max(rate, 0.1)) == known(after_samples(refill(limit=12), *samples))


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
def test_the_nearest_published_rate_within_the_error_is_used(
    published: list[float], tokens: float, doubt: float, rate: float
):
    """Or else the measured one. The time is uncertain by the step, the tokens by the requests in flight."""
    measured = refill(*published, step=1.0)
    measured.rate = published[-1]
    for observed in (sample(0, 0), sample(10, tokens, doubt)):
        measured.record(observed, full=False)
    assert (True, rate) == known(measured)


@pytest.mark.parametrize(("seconds", "rate"), [(10, 6.0), (9, 55 / 8)])
def test_a_known_rate_is_measured_again_over_ten_seconds(seconds: float, rate: float):
    """A shorter time gives only an upper bound."""
    assert (True, rate) == known(after_samples(refill(10.0, step=1.0), (0, 0), (seconds, 6 * seconds)))


@pytest.mark.parametrize(
    ("published", "samples", "expected"),
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
def test_tokens_refilled_within_five_seconds_raise_a_low_rate(
    published: list[float], samples: list[tuple[float, float]], expected: tuple[bool, float]
):
    """To one token fewer in one second more, or to the next published rate; beyond all of them it is unknown."""
    low = refill(*published, step=1.0)
    low.rate, low.is_known = 5.0, True
    assert expected == known(after_samples(low, *samples))


@pytest.mark.parametrize(
    ("first", "last", "most"),
    [
        ((0.0, 0.5), (3.0, 3.5), 6 / 2.4),
        ((0.0, 10.0), (3.0, 11.0), 6 / 0.1),
    ],
)
def test_the_upper_bound_uses_the_shortest_time_between_two_counts(
    first: tuple[float, float], last: tuple[float, float], most: float
):
    """From the first response to the last request, less 0.1 seconds; 0.1 seconds where they overlap."""
    fast = refill(100.0)
    fast.record(RefillSample(*first, 0.0, 1.0), full=False)
    fast.record(RefillSample(*last, 5.0, 6.0), full=False)
    assert (True, most) == known(fast)


def test_the_lower_bound_uses_the_longest_time_between_two_counts():
    """From the first request to the last response, and 0.1 seconds."""
    slow = refill(5.0)
    slow.record(RefillSample(0.0, 0.5, 0.0, 1.0), full=False)
    slow.record(RefillSample(1.0, 1.9, 21.0, 22.0), full=False)
    assert (False, 10.0) == known(slow)


@pytest.mark.parametrize(
    ("limit", "times", "doubt", "rate"), [(60, 1, 1, 11.0), (60, 1, 2, 10 * 1.1**0.5), (1, 8, 1, 2.0)]
)
def test_an_unknown_rate_is_raised_by_a_tenth_while_the_bucket_is_full(
    limit: int, times: int, doubt: float, rate: float
):
    """By less with more requests in flight, and to at most two buckets a second."""
    raised = refill(limit=limit)
    for _ in range(times):
        raised.record(sample(0, 7, doubt), full=True)
    assert (False, rate) == known(raised)


@pytest.mark.parametrize(
    ("seconds", "tokens", "rate", "known_at"),
    [(5, 15, 3.0, 5.5), (5, 8, 1.6, 5.5), (5, 7, 1.0, 0.0), (4, 8, 1.0, 0.0), (10, 8, 1.0, 10.5)],
)
def test_tokens_refilled_until_a_bucket_was_full_can_only_raise_the_rate(
    seconds: float, tokens: float, rate: float, known_at: float
):
    full = refill(1.0, step=1.0)
    full.record(sample(0, 0, 15), full=True)
    full.record(sample(1, 0, 15), full=False)
    full.record(RefillSample(seconds, seconds + 0.5, tokens, tokens + 15), full=True)
    assert (True, rate) == known(full)
    assert known_at == full.known_at


def test_a_full_bucket_is_not_measured():
    full = refill()
    for at in (0, 5):
        full.record(sample(at, 0), full=True)
    assert (True, 3.0) == known(after_samples(full, (10, 15)))


def test_a_429_lowers_the_rate_by_a_tenth():
    refused = refill()
    refused.record_refusal(sample(0, 0))
    assert (False, 9.0) == known(refused)


def test_the_lowest_rate_fills_a_bucket_in_two_minutes():
    assert (False, 0.5) == known(after_samples(refill(), (0, 0), (60, 0)))


@pytest.mark.parametrize(
    ("rate", "published", "expected"),
    [
        (2.0, [RefillRate(3.0, 1.0), RefillRate(4.0)], (3.0, 1.0, True)),
        (2.0, [RefillRate(1.0), RefillRate(2.0)], (2.0, 0.0, True)),
        (2.5, [RefillRate(3.0, 1.0)], (2.5, 1.0, False)),
        (2.0, [], (2.0, 0.0, False)),
    ],
)
def test_a_measured_rate_stays_when_other_rates_are_published(
    rate: float, published: list[RefillRate], expected: tuple[float, float, bool]
):
    estimator = refill(2.0, step=0.5)
    estimator.rate = rate
    estimator.set_published(published)
    assert expected == (estimator.rate, estimator.step, estimator.is_published)


@pytest.mark.parametrize(("rate", "expected"), [(3.0, 10.0), (20.0, 20.0)])
def test_reprobing_makes_the_rate_unknown_and_at_least_the_initial_one(rate: float, expected: float):
    estimator = refill()
    estimator.rate, estimator.is_known = rate, True
    estimator.reprobe()
    assert (False, expected) == known(estimator)
