from itertools import count

import pytest

from source_auth0.components.bucket import Bucket, Ceiling, Token
from source_auth0.components.published import Flow
from source_auth0.components.refill import Told


def told(remaining: int, at: float = 0.0, *, limit: int = 60, sent: float | None = None) -> Told:
    """An answer that came at once, unless it was sent earlier."""
    return Told(limit, remaining, 1.0, at if sent is None else sent, at)


def bucket(remaining: int = 59, *published: float, share: float = 1.0, limit: int = 60, step: float = 0.0) -> Bucket:
    return Bucket(told(remaining, limit=limit), share, [Flow(rate, step) for rate in published])


def admitted(bucket: Bucket, now: float) -> int:
    """How many more may go at this moment."""
    return next(ahead for ahead in count() if bucket.wait(now, ahead) > 0)


def spend(bucket: Bucket, number: int = 1, at: float = 0.0) -> Token:
    """The last of some tokens that are taken one after the other, each answered before the next is taken."""
    for _ in range(number):
        token = bucket.take(at)
        bucket.under_way -= 1
    return token


def answer(bucket: Bucket, token: Token, told: Told) -> None:
    """Observe an answer, as of the last request under way."""
    bucket.under_way += 1
    bucket.observe(token, told)
    bucket.under_way -= 1


@pytest.mark.parametrize(
    ("remaining", "limit", "share", "expected"),
    [(59, 60, 1.0, 60), (59, 60, 0.5, 30), (39, 60, 0.5, 10), (29, 60, 0.5, 0), (0, 60, 1.0, 1), (0, 1, 0.1, 1)],
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
    assert [Token(1, 0), Token(2, 1), Token(3, 2)] == [numbered.take(0.0) for _ in range(3)]
    assert (3, 3) == (numbered.sent, numbered.under_way)


@pytest.mark.parametrize(("remaining", "later", "expected"), [(51, 0, 16), (31, 10, 21), (55, 0, 17), (55, 1, 19)])
def test_what_others_take_or_leave_is_shared(remaining: int, later: float, expected: int):
    """Of sixty, twenty are taken: forty remain, and 52 after four seconds, of which this connector has sixteen more.

    Where twenty less are left, it is ten less; where there are three more, one and a half more.
    """
    half = bucket(59, 3.0, share=0.5)
    answer(half, spend(half, 20), told(remaining, 4))
    assert expected == admitted(half, 4 + later)


def test_what_is_under_way_may_not_have_been_counted():
    """Fifty remain; of the two others under way Auth0 may have counted both or none."""
    crowded = bucket(59, 3.0)
    first, *_ = [crowded.take(0) for _ in range(3)]
    crowded.observe(first, told(50))
    assert 48 == admitted(crowded, 0)


@pytest.mark.parametrize(("remaining", "expected"), [(52, 47), (44, 44)])
def test_an_answer_that_was_overtaken_tells_only_what_is_less(remaining: int, expected: int):
    """What it tells was true earlier; but it is no longer under way."""
    overtaken = bucket(59, 3.0)
    first, second = overtaken.take(0), overtaken.take(0)
    overtaken.observe(second, told(47))
    overtaken.under_way -= 1
    assert 46 == admitted(overtaken, 0)
    overtaken.observe(first, told(remaining))
    assert expected == admitted(overtaken, 0)


@pytest.mark.parametrize("published", [[], [3.0]])
def test_a_token_that_another_bucket_counted_is_given_back(published: list[float]):
    mistaken = bucket(29, *published)
    spend(mistaken, 3)
    assert 27 == admitted(mistaken, 0)
    mistaken.give_back()
    mistaken.give_back()
    assert 29 == admitted(mistaken, 0)


@pytest.mark.parametrize(
    ("returned", "rate"),
    [(0, 3.0), (2, 2.6)],
)
def test_the_refill_is_measured_by_what_remains_and_what_was_taken(returned: int, rate: float):
    """29 remain; twenty are taken in five seconds, and 24 remain: 15 have come in, less what was given back."""
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
        (2, 0, 0, 0),
    ],
)
def test_a_surprise_is_what_the_tokens_taken_here_do_not_explain(
    limit: int, spent: int, remaining: int, expected: float
):
    """By more than a tenth of the bucket. Of sixty, the next answer tells of 59 or, between two tokens, of 58."""
    surprised = bucket(limit - 1, 3.0, limit=limit)
    if spent:
        spend(surprised, spent)
    assert expected == surprised.surprise(told(remaining, limit=limit))


@pytest.mark.parametrize(
    ("seconds", "late", "remaining", "expected"), [(4, 0, 33, -8), (4, 2, 27, -8), (100, 0, 40, -19), (4, 0, 56, 14)]
)
def test_a_surprise_heeds_what_flowed_in(seconds: float, late: float, remaining: int, expected: float):
    """Of sixty, thirty are taken, and 42 are left after four seconds, by when one is answered.

    An answer that took two seconds may tell of what was there six tokens ago.
    """
    flowing = bucket(59, 3.0)
    token = spend(flowing, 30)
    assert expected == flowing.surprise(told(remaining, seconds, sent=seconds - late), token)


def test_a_ceiling_lets_one_go_after_the_other():
    ceiling = Ceiling(4)
    assert [0.0, 0.5] == [ceiling.wait(10), ceiling.wait(10, 2)]
    assert Token(0) == ceiling.take(10)
    assert [0.0, 0.5] == [ceiling.wait(10), ceiling.wait(10, 2)]
    ceiling.take(10)
    assert [0.25, pytest.approx(0.15), 0.75] == [ceiling.wait(10), ceiling.wait(10.1), ceiling.wait(10, 2)]


def test_a_ceiling_makes_up_for_one_that_came_late():
    ceiling = Ceiling(4)
    ceiling.take(10)
    ceiling.take(10.1)
    assert pytest.approx(0.15) == ceiling.wait(10.1)


def refused(bucket: Bucket, until: float, at: float = 0.0, *, sent: float | None = None) -> Bucket:
    """A request is refused until then, with an empty bucket."""
    bucket.take(at)
    bucket.refuse(until, told(0, at, limit=bucket.limit, sent=sent))
    bucket.under_way -= 1
    return bucket


def test_a_refusal_closes_a_bucket_until_it_has_one_token():
    closed = refused(bucket(59, 3.0), 10)
    assert (6.0, 0) == (closed.wait(4), admitted(closed, 9.9))
    assert 1 == admitted(closed, 10)


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
