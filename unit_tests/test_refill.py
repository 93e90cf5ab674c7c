from collections.abc import Sequence

import pytest

from source_auth0.components.published import Flow
from source_auth0.components.refill import Refill, Seen, Told

#: Refills of which the one that is thought to be there is the first.
RATES = (Flow(1.0), Flow(2.0), Flow(5.0))


def refill(limit: int = 60, published: Sequence[Flow] = (), reset: float = 0.0) -> Refill:
    return Refill(Told(limit, limit - 1, reset, 0.0, 0.0), published)


def seen(at: float, tokens: float, doubt: float = 0.0, late: float = 0.0) -> Seen:
    """An answer `late` seconds after its request, and tokens that are known to within so many."""
    return Seen(at, at + late, tokens - doubt, tokens + doubt)


@pytest.mark.parametrize(
    ("limit", "reset", "expected"),
    [
        (12, 0.0, 2.0),
        (3, 0.0, 1.0),
        (3, 1.25, 0.8),
        (3, 2.0, 0.5),
        (60, 2.0, 10.0),
        (60, 2.5, 2.0),
        (60, 12.0, 0.1),
        (2, 4.0, 1 / 3),
    ],
)
def test_a_bucket_of_which_nothing_is_published_fills_in_six_seconds_or_as_the_reset_tells(
    limit: int, reset: float, expected: float
):
    unknown = refill(limit, reset=reset)
    assert expected == pytest.approx(unknown.rate)
    assert (False, False, 0.0) == (unknown.is_known, unknown.is_published, unknown.step)


def test_the_slowest_refill_that_is_published_is_taken_to_be_known():
    known = Refill(Told(10, 9, 0.0, 3.0, 4.0), (Flow(2.0, 1.0), Flow(5.0)))
    assert (2.0, True, True) == (known.rate, known.is_known, known.is_published)
    assert (3.0, 1.0) == (known.known_at, known.step)


@pytest.mark.parametrize(
    ("at", "tokens", "expected"),
    [
        (5.0, 10.0, (2.0, True, 15.25)),
        (5.0, 8.0, (1.6, True, 15.25)),
        (5.0, 7.5, (7.5 / 4, False, 0.0)),
        (4.5, 10.0, (10 / 3.5, False, 0.0)),
        (2.5, 9.0, (6.0, False, 0.0)),
        (2.4, 9.0, (10.0, False, 0.0)),
    ],
)
def test_five_seconds_and_eight_tokens_tell_a_refill_and_half_the_time_a_bound(
    at: float, tokens: float, expected: tuple[float, bool, float]
):
    unknown = refill()
    unknown.saw(seen(10.0, 100.0), full=False)
    unknown.saw(seen(10.0 + at, 100.0 + tokens, late=0.25), full=False)
    assert expected == pytest.approx((unknown.rate, unknown.is_known, unknown.known_at))


@pytest.mark.parametrize(("at", "expected"), [(10.0, (2.5, 10.25)), (9.5, (2.0, 5.0))])
def test_what_is_known_is_measured_anew_after_ten_seconds(at: float, expected: tuple[float, float]):
    known = refill()
    known.saw(seen(0.0, 0.0), full=False)
    known.saw(seen(5.0, 10.0), full=False)
    known.saw(seen(7.0, 15.0), full=False)
    known.saw(seen(at, 25.0, doubt=5.0, late=0.25), full=False)
    assert expected == pytest.approx((known.rate, known.known_at))
    assert known.is_known


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        (seen(1.0, 5.0), seen(61.0, 65.0), 60 / 60),
        (seen(1.0, 5.0), seen(60.5, 65.0), 65 / 60.5),
        (seen(1.0, 5.0), seen(61.0, 13.0), 8 / 60),
        (seen(1.0, 5.0), seen(61.0, 12.0), 12 / 61),
        (seen(1.0, 5.0), seen(11.0, 105.0), 100 / 10),
        (seen(1.0, 5.0), seen(11.0, 104.0), 104 / 11),
        (seen(2.0, 50.0), seen(10.0, 150.0), 150 / 10),
    ],
)
def test_a_refill_is_measured_over_a_minute_or_a_hundred_tokens(first: Seen, last: Seen, expected: float):
    """What came before is forgotten then."""
    unknown = refill(limit=6)
    for one in (seen(0.0, 0.0), first, last):
        unknown.saw(one, full=False)
    assert expected == pytest.approx(unknown.rate)


@pytest.mark.parametrize(
    ("least", "most", "expected"),
    [
        (19.0, 19.0, 1.9),
        (18.0, 20.0, 2.0),
        (9.0, 29.0, 2.0),
        (-15.0, 53.0, 2.0),
        (10.1, 12.0, 1.0),
        (10.2, 12.0, 1.11),
        (8.0, 9.9, 1.0),
        (8.0, 9.8, 0.89),
    ],
)
def test_a_measured_refill_is_the_next_published_one_that_may_be_it(least: float, most: float, expected: float):
    """Times are not to be had more exactly than to a tenth of a second."""
    known = refill(published=RATES)
    known.saw(seen(0.0, 0.0), full=False)
    known.saw(Seen(10.0, 10.0, least, most), full=False)
    assert expected == pytest.approx(known.rate, abs=0.006)


def test_a_refill_by_steps_is_not_to_be_had_more_exactly_than_to_a_step():
    known = refill(published=[Flow(2.0, 1.0)])
    known.saw(seen(0.0, 0.0), full=False)
    known.saw(seen(10.0, 22.0), full=False)
    assert 2.0 == known.rate


def test_no_refill_is_believed_that_takes_more_than_two_minutes_for_a_bucket():
    slow = refill(limit=240)
    slow.saw(seen(0.0, 0.0), full=False)
    slow.saw(seen(20.0, 10.0), full=False)
    assert 2.0 == slow.rate


@pytest.mark.parametrize(
    ("published", "tokens", "expected"),
    [
        ((), 33.0, (11.0, False)),
        ((), 30.0, (10.0, False)),
        (RATES, 2.0, (1.0, True)),
        (RATES, 2.1, (1.0, True)),
        (RATES, 3.15, (2.0, True)),
        (RATES, 4.2, (2.0, True)),
        (RATES, 10.0, (5.0, True)),
        (RATES, 16.8, (8.0, False)),
    ],
)
def test_what_must_have_come_in_raises_a_refill_to_a_published_one(
    published: Sequence[Flow], tokens: float, expected: tuple[float, bool]
):
    raised = refill(published=published)
    raised.saw(seen(0.0, 0.0), full=False)
    raised.saw(seen(2.0, tokens), full=False)
    assert expected == pytest.approx((raised.rate, raised.is_known))


def test_a_measured_refill_that_explains_what_has_come_in_stays():
    measured = refill(published=[Flow(1.0, 1.0), Flow(2.0, 1.0)])
    measured.rate = 1.5
    measured.saw(seen(0.0, 0.0), full=False)
    measured.saw(seen(2.0, 4.5), full=False)
    assert 1.5 == measured.rate


@pytest.mark.parametrize(("at", "expected"), [(7.0, 5.0), (7.5, 1.0)])
def test_what_must_have_come_in_is_looked_for_in_the_last_five_seconds(at: float, expected: float):
    raised = refill(published=RATES)
    raised.saw(seen(0.0, 0.0), full=False)
    raised.saw(seen(2.0, 0.0), full=False)
    raised.saw(Seen(at, at, 12.0, 60.0), full=False)
    assert expected == raised.rate


@pytest.mark.parametrize(("doubt", "expected"), [(1.0, 10 * 1.1**0.5), (0.5, 11.0)])
def test_an_unknown_refill_grows_where_the_bucket_is_full_the_slower_the_more_are_under_way(
    doubt: float, expected: float
):
    unknown = refill()
    unknown.saw(seen(1.0, 3.0, doubt=doubt), full=True)
    assert expected == pytest.approx(unknown.rate)


def test_an_unknown_refill_grows_up_to_two_buckets_a_second():
    unknown = refill()
    for _ in range(99):
        unknown.saw(seen(1.0, 3.0, doubt=0.5), full=True)
    assert 120.0 == unknown.rate
    assert not unknown.is_known


@pytest.mark.parametrize(
    ("at", "tokens", "expected"),
    [
        (2.5, 9.0, ((1.0 + 9 / 3) / 2, 2.75)),
        (2.5, 8.0, ((1.0 + 8 / 3) / 2, 2.75)),
        (2.5, 7.5, (1.0, 0.0)),
        (2.4, 9.0, (1.0, 0.0)),
        (9.5, 30.0, ((1.0 + 30 / 10) / 2, 9.75)),
        (10.0, 30.0, (3.0, 10.25)),
        (10.0, 8.0, (1.0, 10.25)),
    ],
)
def test_what_filled_the_bucket_raises_a_known_refill(at: float, tokens: float, expected: tuple[float, float]):
    """Half of it where that took less than ten seconds."""
    known = refill(published=RATES)
    known.saw(seen(0.0, 0.0, doubt=9.0), full=False)
    known.saw(seen(1.0, 0.0, doubt=9.0), full=False)
    known.saw(seen(at, tokens, doubt=9.0, late=0.25), full=True)
    assert expected == pytest.approx((known.rate, known.known_at))
    assert known.is_known


def test_a_refill_is_measured_from_where_the_bucket_was_full_the_last_time():
    known = refill(published=RATES)
    known.saw(seen(0.0, 0.0, doubt=9.0), full=False)
    known.saw(seen(2.0, 0.0), full=True)
    known.saw(seen(12.0, 13.0), full=False)
    assert 1.3 == pytest.approx(known.rate)


def test_a_refusal_tells_of_a_tenth_less():
    refused = refill()
    refused.refused(Seen(0.0, 0.0, 0.0, 1.0))
    assert 9.0 == pytest.approx(refused.rate)


def test_a_refusal_may_tell_a_refill():
    refused = refill()
    refused.saw(seen(0.0, 0.0), full=False)
    refused.refused(seen(5.0, 10.0))
    assert (2.0, True) == (refused.rate, refused.is_known)


@pytest.mark.parametrize(
    ("published", "others", "expected"),
    [
        ((Flow(1.0),), (Flow(2.0, 1.0), Flow(3.0)), (2.0, True, 1.0)),
        ((Flow(1.0),), (Flow(0.5), Flow(1.0)), (1.0, True, 0.0)),
        ((Flow(1.0),), (), (1.0, False, 0.0)),
        ((), (Flow(2.0, 1.0),), (10.0, False, 1.0)),
    ],
)
def test_a_refill_that_was_taken_from_a_plan_follows_a_better_one(
    published: Sequence[Flow], others: Sequence[Flow], expected: tuple[float, bool, float]
):
    """What was measured stays, as long as nobody measures again."""
    thought = refill(published=published)
    thought.expect(others)
    assert expected == (thought.rate, thought.is_published, thought.step)


def test_what_is_no_longer_believed_is_looked_for_from_the_first_guess_on():
    measured = refill()
    measured.saw(seen(0.0, 0.0), full=False)
    measured.saw(seen(5.0, 10.0), full=False)
    assert (2.0, True) == (measured.rate, measured.is_known)
    measured.seek()
    assert (10.0, False) == (measured.rate, measured.is_known)
    raised = refill(published=RATES)
    raised.saw(seen(0.0, 0.0), full=False)
    raised.saw(seen(2.0, 10.0), full=False)
    raised.seek()
    assert (5.0, False) == (raised.rate, raised.is_known)
