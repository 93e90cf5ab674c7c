import pytest

from source_auth0.costs.requests import (
    COSTS,
    archetype,
    changed_users_requests,
    endpoint_of,
    formula,
    list_requests,
    log_requests,
    new_events_requests,
    row_requests,
    users_requests,
)
from source_auth0.costs.spans import NOTHING, Span, exactly
from source_auth0.manifest.assembly import load_stream
from source_auth0.manifest.files import stream_files


def test_every_archetype_has_a_cost_and_none_has_one_too_many():
    assert set(COSTS) == {archetype(load_stream(name)) for name in stream_files()}


@pytest.mark.parametrize(("rows", "low", "high"), [(0, 1, 1), (100, 1, 1), (101, 2, 4), (1000, 10, 14)], ids=str)
def test_a_list_costs_its_pages_and_more_where_pages_are_short(rows: int, low: int, high: int):
    assert Span(low, high) == list_requests(load_stream("clients"), exactly(rows))


def test_many_lists_cost_a_request_each_and_those_that_are_long_a_page_more():
    assert exactly(50) == list_requests(load_stream("role_users"), exactly(80), exactly(50))
    spread = list_requests(load_stream("role_users"), exactly(1000), exactly(50))
    assert (50, 76) == (spread.low, spread.high)


def test_members_end_with_an_empty_page_unless_there_are_none():
    stream = load_stream("organization_members")
    assert exactly(50 + 30) == list_requests(stream, exactly(90), exactly(50), exactly(30))


def test_rows_that_are_asked_one_by_one_cost_a_request_each():
    assert exactly(1) == list_requests(load_stream("flows"), exactly(7))
    assert exactly(7) == row_requests(load_stream("flows"), exactly(7))
    assert NOTHING == row_requests(load_stream("clients"), exactly(7))


def test_rows_of_other_streams_pages_cost_nothing():
    assert NOTHING == list_requests(load_stream("organization_member_roles"), exactly(500), exactly(20))


def test_at_least_so_many_rows_cost_at_least_so_many_requests():
    assert list_requests(load_stream("clients"), exactly(300, at_least=True)).at_least
    assert users_requests(exactly(1000, at_least=True)).at_least
    assert log_requests(exactly(1000, at_least=True)).at_least


@pytest.mark.parametrize("users", [0, 5, 150, 500, 1000, 3000, 10_000, 100_000, 2_000_000])
def test_the_range_for_users_is_no_wider_than_twice_its_least(users: int):
    span = users_requests(exactly(users))
    assert max(users / 100, 1) < span.low <= span.high <= 2 * span.low


@pytest.mark.parametrize("events", [0, 50, 700, 5000, 30_000, 10_000_000])
def test_the_range_for_the_log_is_no_wider_than_twice_its_least(events: int):
    span = log_requests(exactly(events))
    assert events / 100 < span.low <= span.high <= 2 * span.low


def test_a_later_sync_costs_what_is_new():
    assert Span(1, 4) == changed_users_requests(exactly(99))
    assert 1000 / 98 < changed_users_requests(exactly(1000)).high < 20
    assert Span(2, 4) == new_events_requests(exactly(0))
    assert 12 == new_events_requests(exactly(1000)).low


def test_an_endpoint_is_named_as_the_rate_limit_counts_it():
    assert "GET /roles/{}/users" == endpoint_of(load_stream("role_users"))
    assert "GET /flows/{}" == endpoint_of(load_stream("flows"), detail=True)


def test_a_formula_says_what_a_list_costs_and_for_which_parents():
    assert "⌈n/100⌉" == formula(load_stream("clients"), [])
    assert "⌈n/100⌉ for each row of `roles`" == formula(load_stream("role_users"), ["row of `roles`"])
    assert "⌈n/100⌉ + 1 for each x" == formula(load_stream("organization_invitations"), ["x"])
