from itertools import count

import pytest

from source_auth0.api.rate_limit.published_limits import RefillRate
from source_auth0.api.rate_limit.rate_limit_headers import RateLimitHeaders
from source_auth0.api.rate_limit.refill_estimator import RefillEstimator, RefillSample
from source_auth0.api.rate_limit.token_bucket import RequestRateCeiling, TakenToken, TokenBucket


def headers(remaining: int, at: float = 0.0, *, limit: int = 60, sent: float | None = None) -> RateLimitHeaders:
    """Headers of a response whose request was sent at the same instant, or at `sent`."""
    return RateLimitHeaders(limit, remaining, 1.0, at if sent is None else sent, at)


def bucket(
    remaining: int = 59,
    *published: float,
    share: float = 1.0,
    limit: int = 60,
    step: float = 0.0,
    reserved_part: float = 0.0,
) -> TokenBucket:
    """A bucket of which nothing is left alone but what is not of the share, or `reserved_part`."""
    rates = [RefillRate(rate, step) for rate in published]
    return TokenBucket(headers(remaining, limit=limit), share, rates, reserved_part)


def admitted(bucket: TokenBucket, now: float) -> int:
    """How many requests are admitted at this time."""
    return next(ahead for ahead in count() if bucket.wait(now, ahead) > 0)


def tokens(bucket: TokenBucket, now: float) -> object:
    """Tokens of this connector at this time, with fractions: derived from the wait of the hundredth request."""
    return pytest.approx(100 - bucket.wait(now, 99) * bucket.share * bucket.refill.rate)


def spend(bucket: TokenBucket, number: int = 1, at: float = 0.0) -> TakenToken:
    """Take so many tokens in turn, none in flight afterwards; returns the last."""
    for _ in range(number):
        token = bucket.take(at)
        bucket.in_flight -= 1
    return token


def record(bucket: TokenBucket, token: TakenToken, headers: RateLimitHeaders) -> None:
    """Record the headers of a response to the last request in flight."""
    bucket.in_flight += 1
    bucket.record(token, headers)
    bucket.in_flight -= 1


def refused(bucket: TokenBucket, until: float, at: float = 0.0, *, sent: float | None = None) -> TokenBucket:
    """A bucket after a 429 that closes it until then."""
    bucket.take(at)
    bucket.record_refusal(until, headers(0, at, limit=bucket.limit, sent=sent))
    bucket.in_flight -= 1
    return bucket


class RecordingEstimator(RefillEstimator):
    """Keeps the samples that it is given."""

    def __init__(self) -> None:
        super().__init__(headers(59), [RefillRate(3.0)])
        self.samples: list[tuple[RefillSample, bool]] = []

    def record(self, sample: RefillSample, *, full: bool) -> None:
        self.samples.append((sample, full))


def recording_bucket(limit: int = 60) -> tuple[TokenBucket, list[tuple[RefillSample, bool]]]:
    """A full bucket, and the samples that its refill estimator is given."""
    full, refill = bucket(limit - 1, 3.0, limit=limit), RecordingEstimator()
    full.refill = refill
    return full, refill.samples


@pytest.mark.parametrize(
    ("remaining", "limit", "share", "expected"),
    [
        (59, 60, 1.0, 60),
        (59, 60, 0.5, 30),
        (39, 60, 0.5, 10),
        (29, 60, 0.5, 0),
        (0, 60, 1.0, 1),
        (9, 10, 0.1, 1),
        (0, 1, 0.1, 1),
    ],
)
def test_remaining_tokens_above_the_reserve_are_admitted_at_once(
    remaining: int, limit: int, share: float, expected: int
):
    """Including the token of the request that created it; the smallest bucket may be used in full."""
    assert expected == admitted(bucket(remaining, 3.0, limit=limit, share=share), 0.0)


@pytest.mark.parametrize(
    ("remaining", "share", "now", "ahead", "wait"),
    [
        (0, 1.0, 0, 0, 0),
        (0, 1.0, 0, 1, 1 / 3),
        (0, 1.0, 1, 3, 0),
        (0, 1.0, 1, 4, 1 / 3),
        (0, 1.0, -1, 1, 1 / 3),
        (59, 0.5, 0, 30, 1 / 1.5),
        (59, 0.5, 9, 31, 2 / 1.5),
        (0, 1.0, 1 / 3 - 1e-5, 1, 0.001),
        (0, 1.0, 1 / 3 - 1e-9, 1, 0.001),
        (0, 1.0, 1 / 3 - 1e-10, 1, 0),
    ],
)
def test_the_wait_is_the_time_until_the_token_is_refilled(
    remaining: int, share: float, now: float, ahead: int, wait: float
):
    """At three tokens a second times the share; a billionth of a token is ignored, and no wait is below 0.001."""
    assert pytest.approx(wait) == bucket(remaining, 3.0, share=share).wait(now, ahead)


@pytest.mark.parametrize(
    ("published", "now", "expected"), [([10.0], 2, 10), ([10.0], 100, 30), ([], 2, 20), ([], 9, 30)]
)
def test_the_share_of_the_refill_is_used_once_the_rate_is_known(published: list[float], now: float, expected: int):
    """At ten a second there are twenty above the reserve after two seconds, of which ten are this connector's."""
    half = bucket(59, *published, share=0.5)
    spend(half, 30)
    assert 0 == admitted(half, 0)
    assert expected == admitted(half, now)


@pytest.mark.parametrize(("sent", "expected"), [(2.0, 0), (1.5, 5), (1.0, 10), (-5.0, 10)])
def test_what_flows_in_during_a_round_trip_counts_towards_the_reserve(sent: float, expected: int):
    """At ten a second, for a second at most: the next request arrives as long after it was sent as the reported one.

    The reserve is half of sixty, and thirty remain.
    """
    first = TokenBucket(headers(29, 2, sent=sent), 1.0, [RefillRate(10.0)], 0.5)
    assert expected == admitted(first, 2)
    later = bucket(59, 10.0, reserved_part=0.5)
    record(later, spend(later), headers(30, 2, sent=sent))
    assert expected == admitted(later, 2)


def test_what_others_take_leaves_no_debt():
    """They took 24 of sixty; after ten seconds there are five above the reserve, which this connector may use."""
    half = bucket(59, 3.0, share=0.5)
    record(half, spend(half, 30), headers(5, 0))
    assert (0, 5) == (admitted(half, 0), admitted(half, 10))


def test_tokens_are_numbered_and_have_the_count_in_flight():
    numbered = bucket()
    assert [TakenToken(1, 0), TakenToken(2, 1), TakenToken(3, 2)] == [numbered.take(0.0) for _ in range(3)]
    assert (3, 3) == (numbered.taken_total, numbered.in_flight)


@pytest.mark.parametrize(
    ("remaining", "later", "expected"), [(51, 0, 16.0), (31, 10, 21.0), (55, 0, 17.5), (55, 1, 19.0)]
)
def test_tokens_that_others_take_or_leave_are_shared(remaining: int, later: float, expected: float):
    """Of sixty, twenty are taken: forty remain, and 52 after four seconds, of which sixteen are this connector's.

    Twenty fewer remaining are ten fewer for it; three more are one and a half more.
    """
    half = bucket(59, 3.0, share=0.5)
    record(half, spend(half, 20), headers(remaining, 4))
    assert expected == tokens(half, 4 + later)


def test_a_debt_from_an_unknown_rate_is_limited_to_half_of_its_part():
    """Ninety were taken before the rate was known, 45 of them of others' share; fifteen of these are owed."""
    half = bucket(59, share=0.5)
    for at in (0, 3, 6):
        token = spend(half, 30, at)
    record(half, token, headers(30, 6))
    half.refill.is_known = True
    assert -15 == tokens(half, 6)


def test_requests_in_flight_may_not_be_counted_in_the_remaining_tokens():
    """Fifty remain; of the two others in flight Auth0 may have counted both or none."""
    bucket_in_use = bucket(59, 3.0)
    first, *_ = [bucket_in_use.take(0) for _ in range(3)]
    bucket_in_use.record(first, headers(50))
    assert 48 == admitted(bucket_in_use, 0)


def test_the_newest_response_sets_the_remaining_tokens():
    """Also to more than was estimated."""
    poor = bucket(9, 3.0)
    record(poor, spend(poor), headers(50))
    assert 50 == admitted(poor, 0)


@pytest.mark.parametrize(("remaining", "expected"), [(52, 47), (44, 44)])
def test_an_overtaken_response_can_only_lower_the_remaining_tokens(remaining: int, expected: int):
    """Its count is older than the current one; but its request is no longer in flight."""
    overtaken = bucket(59, 3.0)
    first, second = overtaken.take(0), overtaken.take(0)
    overtaken.record(second, headers(47))
    overtaken.in_flight -= 1
    assert 46 == admitted(overtaken, 0)
    overtaken.record(first, headers(remaining))
    assert expected == admitted(overtaken, 0)


@pytest.mark.parametrize("published", [[], [3.0]])
def test_a_token_of_another_bucket_is_given_back(published: list[float]):
    mistaken = bucket(29, *published)
    spend(mistaken, 3)
    assert 27 == admitted(mistaken, 0)
    mistaken.give_back()
    mistaken.give_back()
    assert 29 == admitted(mistaken, 0)


def test_tokens_given_back_belong_to_this_connector():
    """Its thirty of sixty are taken, and ten given back; after ten seconds it has half of thirty more."""
    mistaken = bucket(59, 3.0, share=0.5)
    spend(mistaken, 30)
    for _ in range(10):
        mistaken.give_back()
    assert -7 == mistaken.mismatch(headers(31))
    assert [10, 25] == [tokens(mistaken, at) for at in (0, 10)]


@pytest.mark.parametrize(("returned", "rate"), [(0, 3.0), (2, 2.6)])
def test_the_refill_is_measured_from_remaining_and_taken_tokens(returned: int, rate: float):
    """29 remain, 20 are taken in five seconds, 24 remain: 15 were refilled, or 13 where two are given back."""
    measured = bucket(29)
    record(measured, spend(measured), headers(29))
    for _ in range(returned):
        measured.give_back()
    record(measured, spend(measured, 20, at=5), headers(24, 5))
    assert (True, pytest.approx(rate)) == (measured.refill.is_known, measured.refill.rate)


@pytest.mark.parametrize(
    ("limit", "spent", "remaining", "expected"),
    [
        (60, 0, 40, -18),
        (60, 0, 51, -7),
        (60, 0, 52, 0),
        (60, 0, 59, 0),
        (60, 30, 50, 21),
        (60, 30, 36, 7),
        (60, 30, 35, 0),
        (2, 2, 1, 2),
        (2, 2, 0, 1),
        (2, 0, 0, 0),
    ],
)
def test_a_mismatch_is_a_difference_that_taken_tokens_do_not_explain(
    limit: int, spent: int, remaining: int, expected: float
):
    """Of more than a tenth of the bucket. Of sixty, the next response has 59 or, between two tokens, 58."""
    full = bucket(limit - 1, 3.0, limit=limit)
    for _ in range(spent):
        spend(full)
    assert expected == full.mismatch(headers(remaining, limit=limit))


@pytest.mark.parametrize(
    ("seconds", "late", "remaining", "expected"), [(4, 0, 33, -8), (4, 2, 27, -8), (100, 0, 40, -19), (4, 0, 56, 14)]
)
def test_a_mismatch_takes_refilled_tokens_into_account(seconds: float, late: float, remaining: int, expected: float):
    """Of sixty, thirty are taken, and 42 remain after four seconds, when a response comes.

    A response that took two seconds may have been counted six tokens ago.
    """
    refilled = bucket(59, 3.0)
    token = spend(refilled, 30)
    assert expected == refilled.mismatch(headers(remaining, seconds, sent=seconds - late), token)


def test_a_recorded_difference_is_no_mismatch_again():
    """Of 52 that were expected, twenty are missing: 32 remain now, or 31."""
    refilled = bucket(59, 3.0)
    record(refilled, spend(refilled, 20), headers(31, 4))
    assert [0, -7] == [refilled.mismatch(headers(remaining, 4)) for remaining in (24, 23)]


@pytest.mark.parametrize(("remaining", "expected"), [(22, 0), (21, -7)])
def test_a_stepwise_refill_may_come_a_step_earlier(remaining: int, expected: float):
    stepping = bucket(59, 3.0, step=1.0)
    spend(stepping, 27)
    assert expected == stepping.mismatch(headers(remaining))


@pytest.mark.parametrize(("token", "remaining", "expected"), [(33, 36, 7), (33, 35, 0), (None, 36, 7), (None, 35, 0)])
def test_a_mismatch_takes_requests_in_flight_into_account(token: int | None, remaining: int, expected: float):
    """Thirty were left, and five more are in flight. Auth0 may have counted the third after the four others.

    Or the next request after all five.
    """
    bucket_in_use = bucket(59, 3.0)
    spend(bucket_in_use, 30)
    for _ in range(5):
        bucket_in_use.take(0)
    assert expected == bucket_in_use.mismatch(headers(remaining), token and TakenToken(token, 2))


@pytest.mark.parametrize(("returned", "least", "most"), [(0, 51, 54), (2, 49, 52)])
def test_a_sample_is_the_sum_of_remaining_and_taken_tokens(returned: int, least: float, most: float):
    """Three were taken and fifty remain, with or without the two others in flight, plus a fraction of a token."""
    bucket_in_use, samples = recording_bucket()
    _, second, _ = (bucket_in_use.take(0) for _ in range(3))
    for _ in range(returned):
        bucket_in_use.give_back()
    bucket_in_use.record(second, headers(50, 2, sent=1))
    assert [(RefillSample(1, 2, least, most), False)] == samples


@pytest.mark.parametrize(("returned", "least", "most"), [(0, -1, 3), (2, -3, 1)])
def test_a_sample_of_a_429_is_the_number_of_counted_tokens(returned: int, least: float, most: float):
    """Three were taken: one was refused, and the others may not have been counted; plus a fraction of a token."""
    bucket_in_use, samples = recording_bucket()
    for _ in range(3):
        bucket_in_use.take(0)
    for _ in range(returned):
        bucket_in_use.give_back()
    bucket_in_use.record_refusal(2, headers(0, 2, sent=1))
    assert [(RefillSample(1, 2, least, most), False)] == samples


@pytest.mark.parametrize(
    ("limit", "remaining", "full"),
    [(60, 56, True), (60, 55, False), (40, 37, True), (40, 36, False), (10, 9, True), (10, 8, False)],
)
def test_a_bucket_counts_as_full_with_up_to_a_twentieth_missing(limit: int, remaining: int, full: bool):
    """Besides the token of the request itself."""
    recorded, samples = recording_bucket(limit=limit)
    record(recorded, spend(recorded), headers(remaining, limit=limit))
    assert [full] == [was_full for _, was_full in samples]


@pytest.mark.parametrize(
    ("limit", "published", "rate", "at", "expected"),
    [
        (60, 6.0, 6.0, 71, (True, True, 71)),
        (60, 6.0, 6.0, 70, (False, True, 10)),
        (60, 5.9, 5.9, 71, (False, True, 71)),
        (60, 5.0, 6.0, 26, (True, True, 26)),
        (60, 5.0, 6.0, 25, (False, True, 10)),
        (60, 5.0, 5.9, 26, (False, False, 26)),
        (8, 5.0, 0.8, 26, (True, True, 26)),
        (6, 5.0, 6.0, 26, (False, False, 26)),
    ],
)
def test_a_bucket_that_stays_full_saves_up_for_a_burst_to_measure_its_refill(
    limit: int, published: float, rate: float, at: float, expected: tuple[bool, bool, float]
):
    """After a minute, or after fifteen seconds where the rate is not as published.

    Only where ten seconds save up a burst of four or more; otherwise a measured rate becomes unknown.
    """
    full = bucket(limit - 1, published, limit=limit, share=0.5)
    full.refill.rate, full.refill.known_at = rate, 10.0
    record(full, spend(full, at=at), headers(limit - 1, at, limit=limit))
    is_saving_up = full.wait(at) > 0
    assert expected == (is_saving_up, full.refill.is_known, full.refill.known_at)
    if is_saving_up:
        assert pytest.approx(1 / (0.5 * rate)) == full.wait(at)
        spend(full, at=at + 9)
        assert 0 == full.wait(at + 9)


def test_an_unknown_rate_returns_to_the_initial_estimate_where_a_bucket_stays_full():
    full = bucket(59, share=0.5)
    full.refill.rate = 7.0
    record(full, spend(full, at=16), headers(59, 16))
    assert (False, 10.0) == (full.refill.is_known, full.refill.rate)


def test_a_bucket_that_is_not_full_saves_up_for_no_burst():
    used = bucket(59, 6.0, share=0.5)
    record(used, spend(used, at=71), headers(50, 71))
    assert (0, 0) == (used.refill.known_at, used.wait(71))


def test_a_ceiling_spaces_requests_evenly():
    ceiling = RequestRateCeiling(4)
    assert [0.0, 0.5] == [ceiling.wait(10), ceiling.wait(10, 2)]
    assert TakenToken(0) == ceiling.take(10)
    assert [0.0, 0.5] == [ceiling.wait(10), ceiling.wait(10, 2)]
    ceiling.take(10)
    assert [0.25, pytest.approx(0.15), 0.75] == [ceiling.wait(10), ceiling.wait(10.1), ceiling.wait(10, 2)]


def test_a_ceiling_makes_up_for_a_late_request():
    ceiling = RequestRateCeiling(4)
    ceiling.take(10)
    ceiling.take(10.1)
    assert pytest.approx(0.15) == ceiling.wait(10.1)


def test_a_429_closes_a_bucket_until_it_has_one_token():
    closed = refused(bucket(59, 3.0), 10)
    assert (6.0, 0) == (closed.wait(4), admitted(closed, 9.9))
    assert (0, 1) == (closed.wait(10), admitted(closed, 10))


def test_late_responses_do_not_reopen_a_closed_bucket():
    """A late response only means that its request is no longer in flight."""
    closed = bucket(59, 3.0)
    closed.take(0)
    other = closed.take(0)
    closed.record_refusal(10, headers(0))
    closed.in_flight -= 1
    assert [0, 7] == [closed.mismatch(headers(remaining)) for remaining in (6, 7)]
    closed.record(other, headers(40, 1))
    closed.in_flight -= 1
    assert 2 == admitted(closed, 10)


def test_this_connectors_tokens_start_from_zero_after_a_429():
    """It gets half of 2.7 tokens a second, once that many are above the reserve."""
    closed = refused(bucket(59, 3.0, share=0.5), 0)
    assert 0.5 * 2.7 * 22.2 == tokens(closed, 22.2)


def test_the_later_reset_of_two_429s_counts():
    closed = refused(refused(bucket(59, 3.0), 10), 5)
    assert 6.0 == closed.wait(4)


@pytest.mark.parametrize(("number_of_429s", "lag"), [(1, 0.25), (2, 0.5), (4, 1.0), (5, 1.0)])
def test_each_429_delays_expected_tokens_by_a_quarter_of_a_second(number_of_429s: int, lag: float):
    """Up to one second, the step of limits per minute; the delay applies once, however many are taken."""
    slow, opened = bucket(59), 0.0
    for _ in range(number_of_429s):
        opened += 10
        refused(slow, opened, opened)
    slow.refill.rate = 2.0
    assert (1, 2) == (admitted(slow, opened + lag + 0.49), admitted(slow, opened + lag + 0.51))
    spend(slow, 2, opened + lag + 0.51)
    assert (1, 2) == (admitted(slow, opened + lag + 1.01), admitted(slow, opened + lag + 1.51))


@pytest.mark.parametrize(("sent", "rate"), [(0.5, 9.0), (1.0, 8.1)])
def test_a_429_of_a_request_sent_before_an_earlier_429_does_not_lower_the_rate(sent: float, rate: float):
    closed = refused(refused(bucket(59), 2, 1), 5, 3, sent=sent)
    assert (2.0, pytest.approx(rate)) == (closed.wait(3), closed.refill.rate)
