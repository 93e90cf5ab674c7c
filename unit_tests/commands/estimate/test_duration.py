import pytest

from source_auth0.api.rate_limit.published_limits import PLANS
from source_auth0.commands.estimate.duration import NO_REQUESTS, RESPONSES, Clock, Limit, clock_of_plan
from source_auth0.costs.spans import NOTHING, Span, exactly

FREE, SELF_SERVICE, ENTERPRISE = (clock_of_plan(plan, 0.1) for plan in PLANS[:3])


def test_a_limit_takes_from_a_full_bucket_to_an_empty_one():
    assert Span(50, 100) == Limit("x", 100, 2.0, 0.5).seconds(exactly(100))
    assert Span(0, 10) == Limit("x", 100, 2.0, 0.5).seconds(exactly(10))


def test_the_tightest_limit_decides():
    duration = SELF_SERVICE.duration({"GET /users": exactly(1000), "GET /organizations/{}/members": exactly(1000)})
    assert "`GET /organizations/{}/members` (20, then 200 a minute)" == duration.decided_by
    assert pytest.approx(1000 / 0.9 / 200 * 60) == duration.seconds.high


def test_what_draws_from_one_bucket_is_added():
    one = FREE.duration({"GET /users": exactly(100)})
    two = FREE.duration({"GET /users": exactly(100), "GET /logs": exactly(100)})
    assert "the whole tenant (2, then 2 a second)" == two.decided_by
    assert 2 * one.seconds.high == two.seconds.high


def test_endpoints_without_a_bucket_of_their_own_share_one():
    requests = {"GET /users/{}/roles": exactly(150), "GET /users/{}/sessions": exactly(150)}
    assert "all other endpoints (10, then 150 a minute)" == SELF_SERVICE.duration(requests).decided_by
    assert pytest.approx(300 / 0.9 / 150 * 60) == SELF_SERVICE.duration(requests).seconds.high
    assert "the whole tenant (50, then 16 a second)" == ENTERPRISE.duration(requests).decided_by


def test_responses_decide_where_no_limit_does():
    duration = Clock(lambda _: (), 0.8, Span(8, 8)).duration({"GET /users": exactly(100)})
    assert RESPONSES == duration.decided_by
    assert 0.8 + 10 == duration.seconds.high


def test_nothing_takes_no_time_and_an_unknown_number_at_least_some():
    assert (NOTHING, NO_REQUESTS) == (ENTERPRISE.duration({}).seconds, ENTERPRISE.duration({}).decided_by)
    assert ENTERPRISE.duration({"GET /users": exactly(100, at_least=True)}).seconds.at_least
