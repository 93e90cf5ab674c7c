import math
import random

import pytest

from source_auth0.costs.sampling import UNSEEN_ROWS, share_in_pages, share_of, sum_of_lists
from source_auth0.costs.spans import Span, exactly


def test_lists_that_were_all_asked_are_counted():
    assert exactly(9) == sum_of_lists([2, 3, 4], exactly(3))
    assert exactly(0) == sum_of_lists([0, 0], exactly(2))


def test_nothing_is_known_of_lists_of_which_none_was_asked():
    assert sum_of_lists([], exactly(3)).at_least
    assert 0 in sum_of_lists([], Span(0, 3))
    assert Span(0, 0) == sum_of_lists([], exactly(0))


def test_the_same_answers_give_the_same_estimate():
    assert sum_of_lists([1, 2, 3, 50], exactly(100)) == sum_of_lists([1, 2, 3, 50], exactly(100))


def test_lists_that_are_alike_give_a_narrow_range_and_those_far_apart_a_wide_one():
    alike, apart = sum_of_lists([9, 10, 11] * 5, exactly(1000)), sum_of_lists([1, 3, 9, 90, 900] * 3, exactly(1000))
    assert 10_000 in alike
    assert alike.high < 2 * alike.low
    assert apart.high > 4 * apart.low


def test_a_first_list_that_is_special_is_not_taken_for_the_others():
    usual = [1, 2, 1, 2, 1, 2, 1, 2]
    assert sum_of_lists([900, *usual], exactly(100), special=1).high < 900 + 91 * 6 + UNSEEN_ROWS


@pytest.mark.parametrize("tail", ["log-normal", "pareto"])
def test_nine_of_ten_sums_of_heavy_tails_are_within_the_range(tail: str):
    """Twenty lists of 400, sixty times."""
    rng, right = random.Random(tail), 0
    for _ in range(60):
        if tail == "pareto":
            sizes = [int(3 * rng.paretovariate(1.5)) for _ in range(400)]
        else:
            sizes = [int(rng.lognormvariate(math.log(8), 1.2)) for _ in range(400)]
        right += sum(sizes) in sum_of_lists(rng.sample(sizes, 20), exactly(400))
    assert right >= 48


def test_a_share_of_few_is_less_certain_than_that_of_many():
    few, many = share_of(3, 10), share_of(300, 1000)
    assert few.low < many.low < 0.3 < many.high < few.high
    assert Span(0, 1) == share_of(0, 0)


def test_pages_that_differ_make_a_share_less_certain():
    alike, apart = share_in_pages([10] * 6, [100] * 6), share_in_pages([0, 0, 0, 0, 0, 60], [100] * 6)
    assert 0.1 in alike
    assert 0.1 in apart
    assert apart.high - apart.low > 2 * (alike.high - alike.low)
