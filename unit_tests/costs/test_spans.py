from source_auth0.costs.spans import Span, exactly, total


def test_a_sum_goes_from_the_sum_of_the_least_to_that_of_the_most():
    assert Span(3, 8) == Span(1, 3) + Span(2, 5)
    assert Span(6, 9) == total([exactly(1), Span(2, 4), Span(3, 4)])
    assert exactly(0) == total([])


def test_at_least_stays_in_whatever_is_made_of_it():
    assert Span(3, 3, at_least=True) == exactly(1, at_least=True) + exactly(2)
    assert Span(2, 6, at_least=True) == exactly(2, at_least=True).times(1, 3)


def test_a_number_is_within_both_bounds_and_beyond_the_upper_one_where_there_may_be_more():
    assert [False, True, True, False] == [number in Span(2, 4) for number in (1, 2, 4, 5)]
    assert [False, True, True] == [number in Span(2, 4, at_least=True) for number in (1, 2, 500)]
    assert Span(2, 4).middle == 3
