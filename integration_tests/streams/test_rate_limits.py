"""Syncs under rate limits, measured by the simulated tenant's journal and clock."""

import logging
from collections import Counter

import pytest

from auth0_simulator import Simulator
from auth0_simulator.control.rate_limits import RATE_LIMIT_PLANS, TOKEN_PATH, RateLimit, RateLimitPlan
from testing.fakes.rate_limits import ONE_BUCKET_PLANS, Production, RateLimitedTenant
from testing.in_process import sync
from testing.tenants import config_of

SLOW = "/organizations/{id}/enabled_connections"
RATE_LIMIT_PLANS["twenty_a_second"] = RateLimitPlan(RateLimit(100, 100), RateLimit(20, 20))
RATE_LIMIT_PLANS["one_small_bucket"] = RateLimitPlan(RateLimit(100, 100), None, {SLOW: RateLimit(5, 50, 60)})


def requests_of(sim: Simulator) -> list[tuple[str, int, float]]:
    """The template, status and timestamp of each request except for tokens."""
    return [(r.template, r.status, r.at.timestamp()) for r in sim.journal if r.template != TOKEN_PATH]


@pytest.mark.slow
@pytest.mark.parametrize("share", [50, 90])
def test_the_limit_is_used_and_not_exceeded(share: int) -> None:
    """At least 85 % of half of the burst and of the share of 20 requests a second, and no 429.

    A sync begins and ends slowly.
    """
    with Simulator(users=150 * share, latency=0.05, plan="twenty_a_second") as sim:
        synced = sync(config_of(sim, rate_limit_share=share), "users", full_refresh=True)
        requests = requests_of(sim)
    times = [at for _, _, at in requests]
    admitted = 10 + share / 100 * (max(times) - min(times)) * 20
    assert None is synced.error
    assert {200} == {status for _, status, _ in requests}
    assert 0.85 <= len(requests) / admitted <= 1.05


def test_max_requests_per_second_is_kept() -> None:
    """Ten requests a second to a tenant without rate limits."""
    with Simulator(users=1500) as sim:
        sync(config_of(sim, max_requests_per_second=10), "users", full_refresh=True)
        times = [at for _, _, at in requests_of(sim)]
    # A thread that wakes up late is followed closely by the next.
    assert len(times) <= 4 + 10 * (max(times) - min(times))


def test_a_stream_that_waits_for_its_own_bucket_does_not_hold_up_others() -> None:
    """Of 16 requests at 50 a minute, more than four are still to come when the users are complete."""
    with Simulator(users=2500, organizations=16, plan="one_small_bucket") as sim:
        synced = sync(config_of(sim), "organization_enabled_connections", "users", full_refresh=True)
        requests = requests_of(sim)
    last = max(at for template, _, at in requests if template == "/users")
    passed = [at for template, status, at in requests if template == SLOW and status == 200]
    assert None is synced.error
    assert 16 == len(passed)
    assert sum(at < last for at in passed) < 12
    assert {200} == {status for _, status, _ in requests}


@pytest.mark.slow
def test_many_streams_under_small_buckets_get_few_429s(caplog: pytest.LogCaptureFixture) -> None:
    """A self-service tenant: at most one 429 in a hundred requests, or one; the log names the limit waited for."""
    streams = [
        *("users", "client_credentials", "role_permissions", "organization_client_grants"),
        *("organization_members", "organization_enabled_connections", "connections", "actions"),
    ]
    caplog.set_level(logging.INFO)
    with Simulator(users=2500, plan="self_service") as sim:
        synced = sync(config_of(sim), *streams, full_refresh=True)
        requests = requests_of(sim)
    began = min(at for _, _, at in requests)
    later = Counter(status for _, status, at in requests if at > began + 5)
    assert None is synced.error
    assert {stream for stream in streams if synced.records[stream]} == set(streams)
    assert later[429] <= max(1, later.total() / 100)
    assert 1 <= sum("Auth0's rate limit of `GET /" in record.message for record in caplog.records) <= 3


@pytest.mark.accept
@pytest.mark.parametrize("latency", [0.02, 0.1, 0.3])
@pytest.mark.parametrize("singles", [0.7, 2.3])
def test_production_is_not_refused_in_ten_simulated_minutes_beside_a_sync(latency: float, singles: float) -> None:
    """Enterprise: 20 and 24 calls at once in turn every ten seconds, single calls between, in any phase of the sync.

    The sync uses at least 95 % of its share of what production leaves. The former default, which left nothing alone,
    has the same production refused.
    """
    refused, former, table = 0, 0, []
    for starts_at in (0.05, 0.45, 2.2, 6.6):
        for part in (0.5, 0.0):
            production = Production(singles=singles, starts_at=starts_at)
            threads = {"/users": 16}
            tenant = RateLimitedTenant(
                "sixteen", threads, latency=latency, reserved_part=part, production=production
            ).run(610)
            used = tenant.used_beside_production(ONE_BUCKET_PLANS["sixteen"], since=10)
            first, later = production.refused(since=0, until=10), production.refused(since=10)
            table.append(f"{part:.0%} left alone: {first} + {later} of {len(production.log)} refused, {used:.1%} used")
            if part:
                refused += later + first
                assert used >= 0.95, table
            else:
                former += later
    assert (0, True) == (refused, former > 10), table
