"""Published rate limits agree with the simulated tenant's: both are taken from Auth0's documentation."""

import re

import pytest

from auth0_simulator.control.rate_limits import RATE_LIMIT_PLANS, TOKEN_PATH
from source_auth0.api.rate_limit.published_limits import PublishedLimits, RefillRate, enterprise, private_cloud

SHARED_ENDPOINT = "/roles/{id}/permissions"
#: Plans by name, except those without limits.
LIMITED = {name: plan for name, plan in RATE_LIMIT_PLANS.items() if plan and (plan.endpoints or plan.others)}


def key_of(template: str) -> str:
    return f"GET {re.sub('{.*?}', '{}', template)}"


def recorded(*sizes: tuple[str, int]) -> PublishedLimits:
    published = PublishedLimits()
    for key, size in sizes:
        published.record(key, size)
    return published


@pytest.mark.parametrize("name", LIMITED)
def test_published_refill_rates_include_those_of_the_simulated_tenant(name: str):
    """Once every endpoint's bucket size is recorded, each one's refill rate is among the guessed ones."""
    plan = LIMITED[name]
    limits = {SHARED_ENDPOINT: plan.tenant or plan.others, **plan.endpoints}
    known = {key_of(template): limit for template, limit in limits.items() if limit and template != TOKEN_PATH}
    published = recorded(*((key, limit.burst) for key, limit in known.items()))
    for key, limit in known.items():
        guess = published.guess(key, limit.burst)
        assert limit.sustained / limit.period in [pytest.approx(refill.rate) for refill in guess.refill_rates]
        assert guess.is_own == (key != key_of(SHARED_ENDPOINT))
        assert published.has_own(key) == guess.is_own
    assert published.guess(key_of(SHARED_ENDPOINT), known[key_of(SHARED_ENDPOINT)].burst).is_tenant_wide == bool(
        plan.tenant
    )


def test_published_refill_rates_are_sorted_from_the_slowest():
    guess = recorded(("GET /users", 50)).guess("GET /users", 50)
    assert ((16.0, 50.0), False, True) == (
        tuple(refill.rate for refill in guess.refill_rates),
        guess.is_own,
        guess.is_tenant_wide,
    )


def test_the_size_of_one_endpoint_revises_the_guess_for_others():
    """Ten may be the size of an endpoint's own bucket or of the tenant's."""
    published = PublishedLimits()
    assert published.record("GET /logs", 10)
    assert published.guess("GET /logs", 10).is_own
    assert published.record("GET /users", 10)
    assert not published.guess("GET /logs", 10).is_own
    assert published.guess("GET /logs", 10).is_tenant_wide
    assert not published.record("GET /users", 10)


def test_a_size_that_fits_no_plan_keeps_the_guesses_for_others():
    published = recorded(("GET /users", 40), ("GET /connections", 5))
    assert not published.record("GET /clients", 7)
    assert ((), False, False) == _guess(published, "GET /clients", 7)
    assert ((), False, False) == _guess(published, "GET /roles", 7)
    assert 5 / 6 == pytest.approx(published.guess("GET /connections", 5).refill_rates[0].rate)


def test_a_size_that_only_other_plans_publish_has_their_refill_rate():
    published = recorded(("GET /users", 40), ("GET /clients", 5))
    assert [150 / 60] == [
        pytest.approx(refill.rate) for refill in published.guess("GET /emails/provider", 15).refill_rates
    ]


@pytest.mark.parametrize(
    ("first", "key", "size", "minutely", "step", "kind"),
    [
        (("GET /roles", 2), "GET /roles", 2, [120], 0, "the tenant's"),
        (("GET /roles", 2), "GET /emails/provider", 5, [25], 1, "own"),
        (("GET /roles", 2), "GET /email-templates/{}", 10, [50], 1, "own"),
        (("GET /users", 40), "GET /roles", 10, [150], 1, "shared"),
        (("GET /users", 40), "GET /users", 40, [500], 1, "own"),
        (("GET /users", 40), "GET /clients", 5, [100], 1, "own"),
        (("GET /users", 40), "GET /connections", 5, [50], 1, "own"),
        (("GET /users", 40), "GET /organizations/{}/members", 20, [200], 1, "own"),
        (("GET /users", 40), "GET /organizations/{}/members", 40, [500], 1, "own"),
        (("GET /users", 40), "GET /emails/provider", 5, [25], 1, "own"),
        (("GET /users", 40), "GET /connections/{}/status", 100, [900], 0, "own"),
        (("GET /users", 40), "GET /prompts/{}/partials", 5, [5], 1, "own"),
        (("GET /roles", 50), "GET /roles", 50, [16 * 60, 50 * 60], 0, "the tenant's"),
        (("GET /roles", 50), "GET /organizations", 10, [100], 1, "own"),
        (("GET /roles", 50), "GET /organizations/{}/members", 40, [500], 1, "own"),
        (("GET /roles", 50), "GET /users/{}/organizations", 40, [500], 1, "own"),
        (("GET /roles", 50), "GET /emails/provider", 15, [150], 1, "own"),
        (("GET /roles", 50), "GET /prompts/{}/partials", 5, [5], 1, "own"),
        (("GET /users", 10), "GET /users", 10, [2 * 60], 0, "the tenant's"),
        (("GET /users", 20), "GET /users", 20, [20 * 60], 0, "the tenant's"),
        (("GET /users", 20), "GET /organizations", 10, [100], 1, "own"),
        (("GET /users", 250), "GET /users", 250, [250 * 60], 0, "the tenant's"),
        (("GET /users", 250), "GET /organizations", 50, [500], 1, "own"),
        (("GET /users", 250), "GET /emails/provider", 15, [150], 1, "own"),
        (("GET /users", 750), "GET /organizations/{}", 150, [7500], 1, "own"),
        (("GET /users", 1500), "GET /organizations/{}/members", 1200, [15000], 1, "own"),
        (("GET /users", 750), "GET /organizations/name/{}", 30, [3000], 1, "own"),
        (("GET /users", 1500), "GET /organizations/{}/members", 600, [6000], 1, "own"),
        (("GET /users", 5000), "GET /organizations/{}/members", 2400, [24000], 1, "own"),
        (("GET /users", 5000), "GET /organizations/{}/enabled_connections", 1200, [12000], 1, "own"),
        (("GET /users", 5000), "GET /organizations/{}", 4000, [50000], 1, "own"),
        (("GET /users", 20), "GET /organizations/{}", 40, [500], 1, "own"),
        (("GET /users", 3000), "GET /organizations/{}/members/{}/roles", 1200, [12000], 1, "own"),
        (("GET /users", 5000), "GET /users", 5000, [5000 * 60], 0, "the tenant's"),
    ],
)
def test_published_limits_by_plan_endpoint_and_size(
    first: tuple[str, int], key: str, size: int, minutely: list[int], step: float, kind: str
):
    """Once one endpoint's size has shown the plan. `minutely` in tokens per minute, `step` in seconds."""
    guess = recorded(first).guess(key, size)
    assert [(pytest.approx(tokens / 60), step) for tokens in minutely] == list(guess.refill_rates)
    assert {"own": (True, False), "shared": (False, False), "the tenant's": (False, True)}[kind] == (
        guess.is_own,
        guess.is_tenant_wide,
    )


def test_a_private_cloud_publishes_less_on_its_largest_tier():
    public, largest = enterprise(50, 16.0), private_cloud(6)
    assert ((50, RefillRate(16.0)), (5000, RefillRate(5000.0))) == (public.shared, largest.shared)
    assert {"GET /organizations/{}/client-grants", "GET /prompts/{}/partials"} <= set(public.own) - set(largest.own)
    assert {RefillRate(10_000 / 60, 1.0)} == largest.refill_rates("GET /organizations", 1000)
    assert {RefillRate(15.0)} == largest.refill_rates("GET /connections/{}/status", 100)


def _guess(published: PublishedLimits, key: str, size: int) -> tuple[object, ...]:
    guess = published.guess(key, size)
    return guess.refill_rates, guess.is_own, guess.is_tenant_wide
