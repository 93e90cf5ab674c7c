"""What is published is a guess, and what the simulated tenant keeps to as well: both are written from Auth0's pages."""

import re

import pytest

from auth0_simulator.limits import PLANS, TOKEN
from source_auth0.components import published as plans
from source_auth0.components.published import Flow, Published, _by_path, _enterprise, _minutely

OTHER = "/roles/{id}/permissions"
#: Plans by name, but for those without limits.
LIMITED = {name: plan for name, plan in PLANS.items() if plan and (plan.endpoints or plan.others)}


def key_of(template: str) -> str:
    return f"GET {re.sub('{.*?}', '{}', template)}"


def told(*answers: tuple[str, int]) -> Published:
    published = Published()
    for key, size in answers:
        published.learn(key, size)
    return published


@pytest.mark.parametrize("name", LIMITED)
def test_what_is_published_is_what_the_simulated_tenant_admits(name: str):
    """Once every endpoint has told its bucket's size, each one's refill is among those that are thought possible."""
    plan = LIMITED[name]
    limits = {OTHER: plan.tenant or plan.others, **plan.endpoints}
    known = {key_of(template): limit for template, limit in limits.items() if limit and template != TOKEN}
    published = told(*((key, limit.burst) for key, limit in known.items()))
    for key, limit in known.items():
        guess = published.guess(key, limit.burst)
        assert limit.sustained / limit.period in [pytest.approx(flow.rate) for flow in guess.flows]
        assert guess.is_own == (key != key_of(OTHER))
        assert published.has_own(key) == guess.is_own
    assert published.guess(key_of(OTHER), known[key_of(OTHER)].burst).is_whole == bool(plan.tenant)


def test_the_slowest_refill_that_is_published_comes_first():
    guess = told(("GET /users", 50)).guess("GET /users", 50)
    assert ((16.0, 50.0), False, True) == (tuple(flow.rate for flow in guess.flows), guess.is_own, guess.is_whole)


def test_one_endpoints_answer_tells_of_others():
    """Ten may be the size of a bucket of its own, or that of the tenant's."""
    published = Published()
    assert published.learn("GET /logs", 10)
    assert published.guess("GET /logs", 10).is_own
    assert published.learn("GET /users", 10)
    assert not published.guess("GET /logs", 10).is_own
    assert published.guess("GET /logs", 10).is_whole
    assert not published.learn("GET /users", 10)


def test_an_answer_that_fits_no_plan_leaves_what_others_have_told():
    published = told(("GET /users", 40), ("GET /connections", 5))
    assert not published.learn("GET /clients", 7)
    assert ((), False, False) == _guess(published, "GET /clients", 7)
    assert ((), False, False) == _guess(published, "GET /roles", 7)
    assert 5 / 6 == pytest.approx(published.guess("GET /connections", 5).flows[0].rate)


def test_a_size_that_only_other_plans_have_is_taken_to_be_theirs():
    published = told(("GET /users", 40), ("GET /clients", 5))
    assert [150 / 60] == [pytest.approx(flow.rate) for flow in published.guess("GET /emails/provider", 15).flows]


def _guess(published: Published, key: str, size: int) -> tuple[object, ...]:
    guess = published.guess(key, size)
    return guess.flows, guess.is_own, guess.is_whole


def test_the_plans_are_as_published():
    """Limits per minute come by the second; those of organizations grow with the tier of a private cloud."""
    assert (10, Flow(2.5, 1.0)) == _minutely(10, 150)
    emails = {"GET /emails/provider": ((5, Flow(25 / 60, 1.0)),)}
    assert emails == _by_path({"emails/provider": [(5, 25)]})
    assert {"GET /a": ((6, Flow(1.0, 1.0)), (9, Flow(1.5, 1.0)))} == _by_path({"a": [(2, 20), (3, 30)]}, 3)
    free, self_service, sixteen, *_, largest = plans.PLANS
    assert ((2, Flow(2.0)), True) == (free.shared, free.is_whole)
    assert ((10, Flow(2.5, 1.0)), False) == (self_service.shared, self_service.is_whole)
    assert emails.items() <= free.own.items()
    assert (sixteen, largest) == (_enterprise(50, 16.0), _enterprise(5000, 5000.0, 100))
    assert ((5000, Flow(5000.0)), True) == (largest.shared, largest.is_whole)
    assert ((15, Flow(2.5, 1.0)),) == largest.own["GET /emails/provider"] == sixteen.own["GET /emails/provider"]
    assert ((10, Flow(100 / 60, 1.0)),) == sixteen.own["GET /organizations"]
    assert ((1000, Flow(10_000 / 60, 1.0)),) == largest.own["GET /organizations"]
    assert ((100, Flow(400 / 60, 1.0)),) == largest.own["GET /connections/{}/status"]
