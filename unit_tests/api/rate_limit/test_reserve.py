import pytest

from source_auth0.api.rate_limit.reserve import usable_at_once
from testing.fakes.rate_limits import ONE_BUCKET_PLANS, BudgetHarness, Production, RateLimitedTenant


@pytest.mark.parametrize(
    ("size", "share", "usable"),
    [
        (50, 0.9, 25),
        (50, 1.0, 25),
        (50, 0.5, 25),
        (50, 0.2, 10),
        (15, 0.9, 7.5),
        (10, 0.9, 5),
        (9, 0.9, 5),
        (5, 0.9, 3),
        (3, 0.9, 2),
        (3, 0.5, 1.5),
        (2, 0.9, 1),
        (1, 0.9, 1),
        (1, 0.1, 1),
    ],
)
def test_half_of_a_bucket_is_left_alone_or_more_where_the_share_is_less(size: int, share: float, usable: float):
    """Of buckets under ten, half of the size in whole tokens; one can always be used."""
    assert usable == usable_at_once(size, share)


@pytest.mark.parametrize(("part", "usable"), [(0.0, 45), (0.2, 40), (0.9, 5)])
def test_another_part_can_be_reserved(part: float, usable: float):
    assert pytest.approx(usable) == usable_at_once(50, 0.9, part)


@pytest.mark.parametrize(("limit", "remaining", "expected"), [(50, 49, 24), (50, 30, 5), (50, 24, 0), (5, 4, 2)])
def test_no_request_is_sent_that_would_touch_the_reserve(limit: int, remaining: int, expected: int):
    """Whatever is above it is used at once, once the first response has shown the bucket."""
    tenant = BudgetHarness(reserved_part=0.5)
    tenant.tell(tenant.go(), remaining, limit)
    assert expected == len(tenant.free())


def test_one_request_is_sent_before_a_response_shows_the_bucket():
    """So that no more than one token of a reserve can be taken that nobody knows yet."""
    assert 1 == len(BudgetHarness(reserved_part=0.5).free())


@pytest.mark.parametrize("starts_at", [0.3, 1.1, 6.6])
def test_production_that_asks_for_nearly_half_of_the_bucket_at_once_is_never_refused(starts_at: float):
    """Two minutes of 20 and 24 calls at once in turn every ten seconds, and of single calls; no 429, not even at first.

    The sync uses at least 95 % of its share of what production leaves. With nothing left alone, as it once was, the
    same production is refused.
    """
    sync, former = (
        RateLimitedTenant(
            "sixteen", {"/users": 16}, reserved_part=part, production=Production(starts_at=starts_at)
        ).run(130)
        for part in (0.5, 0.0)
    )
    assert sync.production
    assert former.production
    assert 0 == sync.production.refused(since=0)
    assert 0 == sync.refused()
    assert sync.used_beside_production(ONE_BUCKET_PLANS["sixteen"], since=10) >= 0.95
    assert former.production.refused(since=10) > 10
