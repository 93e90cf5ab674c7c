from itertools import count

import pytest

from source_auth0.api.rate_limit.published_limits import RefillRate
from source_auth0.api.rate_limit.refill_estimator import RateLimitHeaders, RefillEstimator, RefillSample
from source_auth0.api.rate_limit.token_bucket import RequestRateCeiling, TakenToken, TokenBucket


def told(remaining: int, at: float = 0.0, *, limit: int = 60, sent: float | None = None) -> RateLimitHeaders:
    """An answer that came at once, unless it was sent earlier."""
    return RateLimitHeaders(limit, remaining, 1.0, at if sent is None else sent, at)


def bucket(
    remaining: int = 59, *published: float, share: float = 1.0, limit: int = 60, step: float = 0.0
) -> TokenBucket:
    return TokenBucket(told(remaining, limit=limit), share, [RefillRate(rate, step) for rate in published])


def admitted(bucket: TokenBucket, now: float) -> int:
    """How many more may go at this moment."""
    return next(ahead for ahead in count() if bucket.wait(now, ahead) > 0)


def tokens(bucket: TokenBucket, now: float) -> object:
    """How many this connector has at this moment, in parts of one too: what whoever is far behind does not wait for."""
    return pytest.approx(100 - bucket.wait(now, 99) * bucket.share * bucket.refill.rate)


def spend(bucket: TokenBucket, number: int = 1, at: float = 0.0) -> TakenToken:
    """The last of some tokens that are taken one after the other, each answered before the next is taken."""
    for _ in range(number):
        token = bucket.take(at)
        bucket.in_flight -= 1
    return token


def answer(bucket: TokenBucket, token: TakenToken, told: RateLimitHeaders) -> None:
    """Observe an answer, as of the last request under way."""
    bucket.in_flight += 1
    bucket.record(token, told)
    bucket.in_flight -= 1


def refused(bucket: TokenBucket, until: float, at: float = 0.0, *, sent: float | None = None) -> TokenBucket:
    """A request is refused until then, with an empty bucket."""
    bucket.take(at)
    bucket.record_refusal(until, told(0, at, limit=bucket.limit, sent=sent))
    bucket.in_flight -= 1
    return bucket


class Watched(RefillEstimator):
    """Remembers what it was told."""

    def __init__(self) -> None:
        super().__init__(told(59), [RefillRate(3.0)])
        self.seen: list[tuple[RefillSample, bool]] = []

    def record(self, seen: RefillSample, *, full: bool) -> None:
        self.seen.append((seen, full))


def watched(limit: int = 60) -> tuple[TokenBucket, list[tuple[RefillSample, bool]]]:
    """A full bucket, and what its refill is told."""
    full, refill = bucket(limit - 1, 3.0, limit=limit), Watched()
    full.refill = refill
    return full, refill.seen


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
def test_as_many_may_go_at_once_as_remain_above_the_reserve(remaining: int, limit: int, share: float, expected: int):
    """The request that told of it takes its token too; of the smallest bucket all may be used."""
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
def test_whoever_lacks_a_token_waits_as_long_as_it_takes_to_flow_in(
    remaining: int, share: float, now: float, ahead: int, wait: float
):
    """Three tokens a second, times the share; a billionth of one is not waited for, and no wait is under 0.001."""
    assert pytest.approx(wait) == bucket(remaining, 3.0, share=share).wait(now, ahead)


@pytest.mark.parametrize(
    ("published", "now", "expected"), [([10.0], 2, 10), ([10.0], 100, 30), ([], 2, 20), ([], 9, 30)]
)
def test_of_what_flows_in_a_share_may_be_used_once_that_is_known(published: list[float], now: float, expected: int):
    """Ten a second: twenty are there after two seconds beyond the reserve, of which ten are this connector's."""
    half = bucket(59, *published, share=0.5)
    spend(half, 30)
    assert 0 == admitted(half, 0)
    assert expected == admitted(half, now)


def test_tokens_are_numbered_and_tell_how_many_are_under_way():
    numbered = bucket()
    assert [TakenToken(1, 0), TakenToken(2, 1), TakenToken(3, 2)] == [numbered.take(0.0) for _ in range(3)]
    assert (3, 3) == (numbered.taken_total, numbered.in_flight)


@pytest.mark.parametrize(
    ("remaining", "later", "expected"), [(51, 0, 16.0), (31, 10, 21.0), (55, 0, 17.5), (55, 1, 19.0)]
)
def test_what_others_take_or_leave_is_shared(remaining: int, later: float, expected: float):
    """Of sixty, twenty are taken: forty remain, and 52 after four seconds, of which this connector has sixteen more.

    Where twenty less are left, it is ten less; where there are three more, one and a half more.
    """
    half = bucket(59, 3.0, share=0.5)
    answer(half, spend(half, 20), told(remaining, 4))
    assert expected == tokens(half, 4 + later)


def test_no_more_than_half_of_its_part_is_saved_up_for_before_the_next_one_goes():
    """Ninety went before the refill was known, of which 45 were others'; fifteen of these are to be made up for."""
    half = bucket(59, share=0.5)
    for at in (0, 3, 6):
        token = spend(half, 30, at)
    answer(half, token, told(30, 6))
    half.refill.is_known = True
    assert -15 == tokens(half, 6)


def test_what_is_under_way_may_not_have_been_counted():
    """Fifty remain; of the two others under way Auth0 may have counted both or none."""
    crowded = bucket(59, 3.0)
    first, *_ = [crowded.take(0) for _ in range(3)]
    crowded.record(first, told(50))
    assert 48 == admitted(crowded, 0)


def test_the_newest_answer_tells_what_remains():
    """More than was thought, too."""
    poor = bucket(9, 3.0)
    answer(poor, spend(poor), told(50))
    assert 50 == admitted(poor, 0)


@pytest.mark.parametrize(("remaining", "expected"), [(52, 47), (44, 44)])
def test_an_answer_that_was_overtaken_tells_only_what_is_less(remaining: int, expected: int):
    """What it tells was true earlier; but it is no longer under way."""
    overtaken = bucket(59, 3.0)
    first, second = overtaken.take(0), overtaken.take(0)
    overtaken.record(second, told(47))
    overtaken.in_flight -= 1
    assert 46 == admitted(overtaken, 0)
    overtaken.record(first, told(remaining))
    assert expected == admitted(overtaken, 0)


@pytest.mark.parametrize("published", [[], [3.0]])
def test_a_token_that_another_bucket_counted_is_given_back(published: list[float]):
    mistaken = bucket(29, *published)
    spend(mistaken, 3)
    assert 27 == admitted(mistaken, 0)
    mistaken.give_back()
    mistaken.give_back()
    assert 29 == admitted(mistaken, 0)


def test_what_is_given_back_is_left_for_this_connector():
    """Thirty of sixty, its part, are taken, and ten given back; after ten seconds half of thirty more are its own."""
    mistaken = bucket(59, 3.0, share=0.5)
    spend(mistaken, 30)
    for _ in range(10):
        mistaken.give_back()
    assert -7 == mistaken.mismatch(told(31))
    assert [10, 25] == [tokens(mistaken, at) for at in (0, 10)]


@pytest.mark.parametrize(("returned", "rate"), [(0, 3.0), (2, 2.6)])
def test_the_refill_is_measured_by_what_remains_and_what_was_taken(returned: int, rate: float):
    """29 remain, twenty are taken in five seconds, and 24 remain: 15 came in, or two less where two are given back."""
    measured = bucket(29)
    answer(measured, spend(measured), told(29))
    for _ in range(returned):
        measured.give_back()
    answer(measured, spend(measured, 20, at=5), told(24, 5))
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
def test_a_surprise_is_what_the_tokens_taken_here_do_not_explain(
    limit: int, spent: int, remaining: int, expected: float
):
    """By more than a tenth of the bucket. Of sixty, the next answer tells of 59 or, between two tokens, of 58."""
    surprised = bucket(limit - 1, 3.0, limit=limit)
    for _ in range(spent):
        spend(surprised)
    assert expected == surprised.mismatch(told(remaining, limit=limit))


@pytest.mark.parametrize(
    ("seconds", "late", "remaining", "expected"), [(4, 0, 33, -8), (4, 2, 27, -8), (100, 0, 40, -19), (4, 0, 56, 14)]
)
def test_a_surprise_heeds_what_flowed_in(seconds: float, late: float, remaining: int, expected: float):
    """Of sixty, thirty are taken, and 42 are left after four seconds, by when one is answered.

    An answer that took two seconds may tell of what was there six tokens ago.
    """
    flowing = bucket(59, 3.0)
    token = spend(flowing, 30)
    assert expected == flowing.mismatch(told(remaining, seconds, sent=seconds - late), token)


def test_what_was_observed_is_no_surprise_again():
    """Of 52 that were expected, twenty were gone: 32 are left now, or 31."""
    flowing = bucket(59, 3.0)
    answer(flowing, spend(flowing, 20), told(31, 4))
    assert [0, -7] == [flowing.mismatch(told(remaining, 4)) for remaining in (24, 23)]


@pytest.mark.parametrize(("remaining", "expected"), [(22, 0), (21, -7)])
def test_what_flows_in_by_steps_may_come_a_step_earlier(remaining: int, expected: float):
    stepping = bucket(59, 3.0, step=1.0)
    spend(stepping, 27)
    assert expected == stepping.mismatch(told(remaining))


@pytest.mark.parametrize(("token", "remaining", "expected"), [(33, 36, 7), (33, 35, 0), (None, 36, 7), (None, 35, 0)])
def test_a_surprise_heeds_what_is_under_way(token: int | None, remaining: int, expected: float):
    """Thirty remain, of which five are under way. Auth0 may have counted the third after the four others.

    Or the next one after all five.
    """
    crowded = bucket(59, 3.0)
    spend(crowded, 30)
    for _ in range(5):
        crowded.take(0)
    assert expected == crowded.mismatch(told(remaining), token and TakenToken(token, 2))


@pytest.mark.parametrize(("returned", "least", "most"), [(0, 51, 54), (2, 49, 52)])
def test_what_came_in_is_what_remains_and_what_was_taken(returned: int, least: float, most: float):
    """Three were taken, and fifty remain, with or without the two others under way; and there is a part of a token."""
    crowded, seen = watched()
    _, second, _ = (crowded.take(0) for _ in range(3))
    for _ in range(returned):
        crowded.give_back()
    crowded.record(second, told(50, 2, sent=1))
    assert [(RefillSample(1, 2, least, most), False)] == seen


@pytest.mark.parametrize(("returned", "least", "most"), [(0, -1, 3), (2, -3, 1)])
def test_what_came_in_by_a_refusal_is_what_was_taken_and_counted(returned: int, least: float, most: float):
    """Three were taken, of which one was refused, and the others may not have been counted; and a part of a token."""
    crowded, seen = watched()
    for _ in range(3):
        crowded.take(0)
    for _ in range(returned):
        crowded.give_back()
    crowded.record_refusal(2, told(0, 2, sent=1))
    assert [(RefillSample(1, 2, least, most), False)] == seen


@pytest.mark.parametrize(
    ("limit", "remaining", "full"),
    [(60, 56, True), (60, 55, False), (40, 37, True), (40, 36, False), (10, 9, True), (10, 8, False)],
)
def test_a_bucket_is_full_where_no_more_than_a_twentieth_is_missing(limit: int, remaining: int, full: bool):
    """Beside the token of the request itself."""
    some, seen = watched(limit=limit)
    answer(some, spend(some), told(remaining, limit=limit))
    assert [full] == [was_full for _, was_full in seen]


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
def test_a_bucket_that_stays_full_saves_up_for_a_burst_to_see_its_refill(
    limit: int, published: float, rate: float, at: float, expected: tuple[bool, bool, float]
):
    """After a minute, or fifteen seconds where the refill is not as published.

    A burst of four or more that is saved up for in ten seconds; or else what was measured is no longer believed.
    """
    full = bucket(limit - 1, published, limit=limit, share=0.5)
    full.refill.rate, full.refill.known_at = rate, 10.0
    answer(full, spend(full, at=at), told(limit - 1, at, limit=limit))
    rests = full.wait(at) > 0
    assert expected == (rests, full.refill.is_known, full.refill.known_at)
    if rests:
        assert pytest.approx(1 / (0.5 * rate)) == full.wait(at)
        spend(full, at=at + 9)
        assert 0 == full.wait(at + 9)


def test_what_was_never_known_is_taken_to_be_what_was_first_thought_where_a_bucket_stays_full():
    full = bucket(59, share=0.5)
    full.refill.rate = 7.0
    answer(full, spend(full, at=16), told(59, 16))
    assert (False, 10.0) == (full.refill.is_known, full.refill.rate)


def test_a_bucket_that_is_not_full_does_not_rest():
    used = bucket(59, 6.0, share=0.5)
    answer(used, spend(used, at=71), told(50, 71))
    assert (0, 0) == (used.refill.known_at, used.wait(71))


def test_a_ceiling_lets_one_go_after_the_other():
    ceiling = RequestRateCeiling(4)
    assert [0.0, 0.5] == [ceiling.wait(10), ceiling.wait(10, 2)]
    assert TakenToken(0) == ceiling.take(10)
    assert [0.0, 0.5] == [ceiling.wait(10), ceiling.wait(10, 2)]
    ceiling.take(10)
    assert [0.25, pytest.approx(0.15), 0.75] == [ceiling.wait(10), ceiling.wait(10.1), ceiling.wait(10, 2)]


def test_a_ceiling_makes_up_for_one_that_came_late():
    ceiling = RequestRateCeiling(4)
    ceiling.take(10)
    ceiling.take(10.1)
    assert pytest.approx(0.15) == ceiling.wait(10.1)


def test_a_refusal_closes_a_bucket_until_it_has_one_token():
    closed = refused(bucket(59, 3.0), 10)
    assert (6.0, 0) == (closed.wait(4), admitted(closed, 9.9))
    assert (0, 1) == (closed.wait(10), admitted(closed, 10))


def test_after_a_refusal_nothing_is_left_whatever_late_answers_tell():
    """A request that was under way meanwhile no longer is: nothing else may be learned from its answer."""
    closed = bucket(59, 3.0)
    closed.take(0)
    other = closed.take(0)
    closed.record_refusal(10, told(0))
    closed.in_flight -= 1
    assert [0, 7] == [closed.mismatch(told(remaining)) for remaining in (6, 7)]
    closed.record(other, told(40, 1))
    closed.in_flight -= 1
    assert 2 == admitted(closed, 10)


def test_the_part_of_this_connector_starts_anew_after_a_refusal():
    """Half of 2.7 tokens a second, once so many remain above the reserve."""
    closed = refused(bucket(59, 3.0, share=0.5), 0)
    assert 0.5 * 2.7 * 22.2 == tokens(closed, 22.2)


def test_the_later_of_two_refusals_counts():
    closed = refused(refused(bucket(59, 3.0), 10), 5)
    assert 6.0 == closed.wait(4)


@pytest.mark.parametrize(("refusals", "lag"), [(1, 0.25), (2, 0.5), (4, 1.0), (5, 1.0)])
def test_each_refusal_says_that_tokens_come_a_quarter_of_a_second_later(refusals: int, lag: float):
    """Up to a second, in whose steps limits per minute are refilled; the delay counts once, however many are taken."""
    slow, opened = bucket(59), 0.0
    for _ in range(refusals):
        opened += 10
        refused(slow, opened, opened)
    slow.refill.rate = 2.0
    assert (1, 2) == (admitted(slow, opened + lag + 0.49), admitted(slow, opened + lag + 0.51))
    spend(slow, 2, opened + lag + 0.51)
    assert (1, 2) == (admitted(slow, opened + lag + 1.01), admitted(slow, opened + lag + 1.51))


@pytest.mark.parametrize(("sent", "rate"), [(0.5, 9.0), (1.0, 8.1)])
def test_a_refusal_of_a_request_sent_before_another_was_refused_only_closes_the_bucket(sent: float, rate: float):
    twice = refused(refused(bucket(59), 2, 1), 5, 3, sent=sent)
    assert (2.0, pytest.approx(rate)) == (twice.wait(3), twice.refill.rate)
