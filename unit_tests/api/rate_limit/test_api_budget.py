import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auth0_simulator.control.rate_limits import OTHER_ENDPOINTS, RATE_LIMIT_PLANS
from source_auth0.api.rate_limit.api_budget import MAX_PROBE_SECONDS, MAX_RECHECK_SECONDS, ApiBudget, RequestPermit
from source_auth0.api.rate_limit.rate_limit_headers import RateLimitHeaders
from testing.fakes.rate_limits import ONE_BUCKET_PLANS, BudgetHarness, RateLimitedTenant


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("plan", [*ONE_BUCKET_PLANS, "free"])
def test_a_bucket_is_used_up_to_the_share_without_429s(plan: str, seed: int):
    """In two minutes, at least 93 % of what the limit admits times the share, and at most 105 %.

    150 a minute are published for others than `/users`, and have to be measured with half of a bucket of ten.
    """
    sync = RateLimitedTenant(plan, {"/users": 16}, seed=seed).run(120)
    assert RATE_LIMIT_PLANS[plan].tenant
    used = sync.used(["/users"], RATE_LIMIT_PLANS[plan].tenant, 120)
    assert (0.88 if plan == "150 a minute" else 0.93) <= used <= 1.05
    assert sync.refused() <= 1


@pytest.mark.parametrize("plan", ["ten", "sixteen", "fifty"])
def test_a_share_of_one_uses_all_that_flows_in(plan: str):
    sync = RateLimitedTenant(plan, {"/users": 16}, share=1.0).run(60)
    assert 0.97 <= sync.used(["/users"], ONE_BUCKET_PLANS[plan], 60) <= 1.0
    assert sync.refused() <= 0.01 * len(sync.log)


@pytest.mark.parametrize("plan", ["sixteen", "500 a minute"])
def test_a_share_of_one_half_uses_half_of_the_bucket(plan: str):
    sync = RateLimitedTenant(plan, {"/users": 16}, share=0.5).run(120)
    assert 0.95 <= sync.used(["/users"], ONE_BUCKET_PLANS[plan], 120) <= 1.05


@pytest.mark.parametrize("share", [0.5, 0.9])
@pytest.mark.parametrize("plan", ["self_service", "enterprise", "private_cloud_20"])
def test_the_share_is_kept_from_the_first_second_on(plan: str, share: float):
    """Of buckets with published limits, and without a 429."""
    limits = RATE_LIMIT_PLANS[plan]
    assert limits
    limit = limits.tenant or limits.endpoints["/users"]
    for seconds in (1, 3, 7):
        sync = RateLimitedTenant(plan, {"/users": 16}, share=share).run(seconds)
        assert 0.8 <= sync.used(["/users"], limit, seconds) <= 1.02
        assert 0 == sync.refused()


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_few_429s_where_headers_describe_only_the_tenants_bucket(seed: int):
    """As under a custom policy; the endpoint's own bucket is then learned from its 429s."""
    endpoints = {"/roles": 4, "/organizations": 4, "/organizations/{id}/enabled_connections": 4}
    sync = RateLimitedTenant("private_cloud_100", endpoints, seed=seed, shows_tenant_limit=True).run(60)
    assert sync.refused(after=5) <= 0.01 * len(sync.log)
    assert min(sync.admitted(endpoint) for endpoint in endpoints) > 60


@pytest.mark.parametrize("plan", ["sixty a minute", "slow hundred"])
def test_a_refill_slower_than_published_is_measured(plan: str):
    """Slower than published for a bucket of ten, and than first assumed for one of a hundred."""
    endpoints = {"/users": 6, "/roles": 4, "/organizations/{id}/client-grants": 4}
    sync = RateLimitedTenant(plan, endpoints).run(120)
    assert 0.9 <= sync.used(list(endpoints), ONE_BUCKET_PLANS[plan], 120) <= 1.1
    assert sync.refused(after=5) <= 0.01 * len(sync.log)


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("plan", ["ten", "sixteen"])
def test_endpoints_that_share_a_bucket_get_fair_parts_of_it(plan: str, seed: int):
    """That they share is inferred from response headers. No endpoint gets less than half of an even part."""
    endpoints = {"/users": 4, "/clients": 4, "/organizations/{id}/members": 4, "/roles/{id}/permissions": 4}
    sync = RateLimitedTenant(plan, endpoints, seed=seed).run(60)
    assert 0.9 <= sync.used(list(endpoints), ONE_BUCKET_PLANS[plan], 60) <= 1.05
    assert sync.refused(after=5) <= 0.01 * len(sync.log)
    assert min(sync.admitted(endpoint) for endpoint in endpoints) >= sync.admitted() / 4 / 2


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_endpoints_with_their_own_buckets_use_them_in_full(seed: int):
    """On a self-service tenant, where several buckets have the same size."""
    plan = RATE_LIMIT_PLANS["self_service"]
    assert plan
    alone = {"/users": 8, "/connections": 4, "/organizations/{id}/members": 8}
    shared = {"/roles/{id}/permissions": 2, "/roles": 2, "/clients/{id}/credentials": 4, "/grants": 2}
    sync = RateLimitedTenant("self_service", alone | shared, seed=seed).run(120)
    assert all(0.95 <= sync.used([endpoint], plan.endpoints[endpoint], 120) <= 1.05 for endpoint in alone)
    assert plan.others
    assert 0.95 <= sync.used(list(shared), plan.others, 120) <= 1.05, OTHER_ENDPOINTS
    assert 0 == sync.refused(after=5)


def test_the_tenants_bucket_is_learned_from_a_429():
    """Enterprise: the member endpoints have their own bucket and draw from the tenant's as well."""
    endpoints = {
        "/users": 8,
        "/roles": 4,
        "/organizations/{id}/members": 8,
        "/organizations/{id}/enabled_connections": 8,
    }
    sync = RateLimitedTenant("enterprise", endpoints).run(60)
    assert sync.budget.buckets.tenant
    assert 50 == sync.budget.buckets.tenant.limit
    assert sync.refused(after=5) <= 0.01 * len(sync.log)
    assert all(sync.admitted(endpoint) > 20 for endpoint in endpoints)


def test_other_clients_of_the_tenant_are_never_refused():
    """Ten requests a second of the customer's own clients, however much a sync has to read."""
    sync = RateLimitedTenant("enterprise", {"/users": 16}, others={"/users": 10}).run(60)
    assert 0 == sync.refused_others
    assert sync.admitted("/users") > 200


@given(
    share=st.sampled_from([0.1, 0.5, 0.9, 1.0]),
    limit=st.integers(1, 60),
    responses=st.lists(st.tuples(st.integers(0, 60), st.floats(0, 30), st.integers(0, 3), st.booleans()), max_size=25),
)
def test_no_more_requests_are_admitted_at_once_than_tokens_remain(
    share: float, limit: int, responses: list[tuple[int, float, int, bool]]
):
    """For any responses and requests in flight: the remaining tokens are Auth0's count less the reserve for others."""
    tenant, in_flight = BudgetHarness(share), list[RequestPermit]()
    tenant.tell(tenant.go(), limit - 1, limit)
    for remaining, seconds, most, succeeded in responses:
        tenant.now += seconds
        in_flight += tenant.free(most=most)
        if not in_flight:
            continue
        if not succeeded:
            tenant.refuse(in_flight.pop(0), limit)
            assert [] == tenant.free()
            continue
        reported = min(remaining, limit)
        tenant.tell(in_flight.pop(0), reported, limit)
        granted = tenant.free()
        reserve = limit - max(1.0, share * limit)
        assert len(granted) <= max(0, reported - len(in_flight) - reserve + 1e-9)
        in_flight += granted


def test_the_first_request_of_a_sync_is_sent_alone():
    tenant = BudgetHarness()
    first = tenant.go("GET /users")
    assert MAX_RECHECK_SECONDS / 5 == tenant.budget.request(RequestPermit("GET /roles"))
    assert 0 == tenant.budget.request(first)
    tenant.tell(first, 9)
    assert 0 == tenant.budget.request(RequestPermit("GET /roles"))


def test_an_endpoints_first_request_is_sent_alone_until_a_timeout():
    tenant = BudgetHarness()
    tenant.tell(tenant.go("GET /users"), 9)
    tenant.go("GET /roles")
    assert 0 < tenant.budget.request(RequestPermit("GET /roles"))
    tenant.now += MAX_PROBE_SECONDS
    assert 0 == tenant.budget.request(RequestPermit("GET /roles"))


def test_first_requests_of_two_endpoints_are_concurrent_after_the_syncs_first_response():
    tenant = BudgetHarness()
    tenant.tell(tenant.go("GET /users"), 9)
    tenant.go("GET /roles")
    tenant.go("GET /clients")


def test_a_failed_first_request_admits_the_next_one():
    tenant = BudgetHarness()
    tenant.budget.release(tenant.go())
    tenant.go()


def test_an_endpoints_first_request_precedes_waiting_ones():
    tenant = BudgetHarness()
    tenant.tell(tenant.go("GET /users"), 1)
    waiting = [RequestPermit("GET /users") for _ in range(5)]
    assert all(tenant.budget.request(permit) > 0 for permit in waiting)
    first = RequestPermit("GET /roles")
    wait = tenant.budget.request(first)
    assert 0 < wait
    tenant.now += 0.6
    assert 0 == tenant.budget.request(first)
    assert 0 < tenant.budget.request(waiting[0])


def test_waiting_requests_are_admitted_in_order():
    tenant = BudgetHarness()
    tenant.tell(tenant.go(), 1)
    first, second = RequestPermit("GET /things"), RequestPermit("GET /things")
    assert 0 < tenant.budget.request(first)
    assert 0 < tenant.budget.request(second)
    tenant.now += 0.7
    assert 0 < tenant.budget.request(second)
    assert 0 == tenant.budget.request(first)


def test_a_wait_is_capped_and_the_expected_wait_is_recorded():
    """Four tokens are missing, three of them for the reserve; the refill is 4.5 tokens a second."""
    tenant = BudgetHarness()
    tenant.tell(tenant.go(), 0, limit=30)
    waiting = RequestPermit("GET /things")
    assert MAX_RECHECK_SECONDS == tenant.budget.request(waiting)
    assert (True, pytest.approx(4 / 4.5)) == (waiting.waited, waiting.expected)


def test_a_released_permit_leaves_the_queue():
    tenant = BudgetHarness()
    tenant.tell(tenant.go(), 1)
    first, second = RequestPermit("GET /things"), RequestPermit("GET /things")
    assert 0 < tenant.budget.request(first)
    assert 0 < tenant.budget.request(second)
    tenant.budget.release(first)
    tenant.now += 0.7
    assert 0 == tenant.budget.request(second)


def test_without_headers_there_is_no_limit():
    tenant = BudgetHarness()
    tenant.tell(tenant.go(), None)
    assert 100 == len(tenant.free())


def test_a_response_without_headers_removes_the_limit():
    tenant = BudgetHarness()
    tenant.tell(tenant.go(), 0)
    late = RequestPermit("GET /things")
    assert 0 < tenant.budget.request(late)
    tenant.now += 60
    assert 0 == tenant.budget.request(late)
    tenant.tell(late, None)
    assert 100 == len(tenant.free())


def test_a_429_closes_its_bucket_until_the_reset():
    tenant = BudgetHarness()
    tenant.tell(tenant.go(), 9)
    in_flight = tenant.go()
    granted = tenant.go()
    tenant.refuse(in_flight, 10, wait=12.0)
    assert 12 == tenant.budget.request(RequestPermit("GET /things")) == tenant.budget.request(granted)
    tenant.now += 12
    assert 0 == tenant.budget.request(granted)


def test_a_reopened_bucket_is_rechecked_soon():
    """It has one token, which belongs to the reserve for others."""
    tenant = BudgetHarness()
    tenant.tell(tenant.go(), 29, limit=30)
    tenant.refuse(tenant.go(), 30, wait=12.0)
    tenant.now += 12
    assert MAX_RECHECK_SECONDS == tenant.budget.request(RequestPermit("GET /things"))


@pytest.mark.parametrize(("limit", "remaining"), [(None, 0), (10, 1)])
def test_a_429_without_an_empty_bucket_closes_only_its_endpoint(limit: int | None, remaining: int):
    tenant = BudgetHarness()
    tenant.tell(tenant.go("GET /users"), 9)
    tenant.tell(tenant.go("GET /roles"), 8)
    tenant.refuse(tenant.go("GET /users"), limit, remaining=remaining, wait=0.75)
    assert 0.75 == tenant.budget.request(RequestPermit("GET /users"))
    tenant.go("GET /roles")


def test_a_tenant_wide_429_closes_every_limited_endpoint():
    tenant = BudgetHarness()
    tenant.tell(tenant.go("GET /users"), 39, limit=40)
    tenant.tell(tenant.go("GET /free"), None)
    tenant.refuse(tenant.go("GET /users"), 50, wait=3.0, wide=True)
    assert 3 == tenant.budget.request(RequestPermit("GET /users")) == tenant.budget.request(RequestPermit("GET /roles"))
    tenant.go("GET /free")
    tenant.now += 60
    tenant.refuse(tenant.go("GET /users"), 50, wait=5.0, wide=True)
    assert 5 == tenant.budget.request(RequestPermit("GET /users"))


@pytest.mark.parametrize(("wide", "limit"), [(True, 60), (False, None)])
def test_only_a_tenant_wide_429_describes_the_tenants_bucket(wide: bool, limit: int | None):
    tenant = BudgetHarness()
    tenant.refuse(tenant.go(), 60, wide=wide)
    bucket = tenant.budget.buckets.tenant
    assert limit == (bucket and bucket.limit)


def test_a_tenant_wide_429_may_name_a_known_bucket():
    tenant = BudgetHarness()
    tenant.tell(tenant.go("GET /users"), 49, limit=50)
    tenant.refuse(tenant.go("GET /users"), 50, wide=True)
    assert tenant.budget.buckets.buckets_of("GET /users") == [tenant.budget.buckets.tenant]


def test_headers_of_the_tenants_size_assign_the_tenants_bucket():
    tenant = BudgetHarness()
    tenant.refuse(tenant.go("GET /users"), 50, wide=True)
    tenant.now += 10
    tenant.tell(tenant.go("GET /roles"), 49, limit=50)
    assert tenant.budget.buckets.buckets_of("GET /roles") == [tenant.budget.buckets.tenant]


def test_a_429_of_a_request_sent_before_the_first_429_does_not_lower_the_refill():
    tenant = BudgetHarness()
    tenant.tell(tenant.go(), 9)
    first, second = tenant.go(), tenant.go()
    sent = tenant.now
    tenant.now += 1
    tenant.refuse(first, 10)
    rate = tenant.budget.buckets.buckets_of("GET /things")[0].refill.rate
    tenant.budget.record_refusal(second, RateLimitHeaders(10, 0, 2.0, sent, tenant.now), 2.0, tenant_wide=False)
    assert rate == tenant.budget.buckets.buckets_of("GET /things")[0].refill.rate


def test_a_closed_bucket_reopens_with_one_token():
    """The reset is when there is one more token; no more are known of."""
    tenant = BudgetHarness(share=1.0)
    tenant.tell(tenant.go(), 5)
    tenant.refuse(tenant.go(), 10, wait=10.0)
    tenant.now += 10
    assert 1 == len(tenant.free())


def test_whether_endpoints_share_is_revised_by_headers_of_others():
    """A size of ten may be the own bucket of `/logs`, until `/users` shows a plan where all endpoints share ten."""
    tenant = BudgetHarness()
    tenant.tell(tenant.go("GET /logs"), 9)
    tenant.tell(tenant.go("GET /roles"), 8)
    assert [] == [bucket for bucket in tenant.budget.buckets.buckets_of("GET /logs") if bucket in roles(tenant)]
    tenant.tell(tenant.go("GET /users"), 7)
    assert tenant.budget.buckets.buckets_of("GET /logs") == roles(tenant) == [tenant.budget.buckets.tenant]


def roles(tenant: BudgetHarness) -> list[object]:
    return list(tenant.budget.buckets.buckets_of("GET /roles"))


def test_endpoints_are_split_where_their_headers_count_different_tokens():
    """A third endpoint joins the one whose counts its headers match."""
    tenant = BudgetHarness()
    observations = ["a 10", "b 25", "a 9", "b 24", "a 8", "b 23", "c 22", "a 7", "c 21", "a 6", "c 20"]
    for key, remaining in map(str.split, observations):
        tenant.tell(tenant.go(key), int(remaining), limit=30)
        tenant.now += 0.01
    buckets = tenant.budget.buckets
    assert buckets.buckets_of("a") != buckets.buckets_of("b") == buckets.buckets_of("c")


def test_a_late_response_is_compared_with_the_count_at_its_time():
    """Ten other requests were sent and completed meanwhile, which is no sign of another bucket."""
    tenant, remaining = BudgetHarness(share=1.0), 28
    for key in "ab":
        tenant.tell(tenant.go(key), remaining + 1, limit=30)
    for _ in range(2):
        late = tenant.go("b")
        for taken in range(1, 11):
            tenant.tell(tenant.go("a"), remaining - taken, limit=30)
        tenant.tell(late, remaining, limit=30)
        remaining -= 11
    assert tenant.budget.buckets.buckets_of("a") == tenant.budget.buckets.buckets_of("b")


def test_an_endpoint_whose_bucket_stays_full_gets_its_own():
    """Which of several full buckets it is cannot be told."""
    tenant = BudgetHarness()
    for key, remaining in map(str.split, ["a 10", "b 29", "a 9", "b 29", "a 8", "b 29"]):
        tenant.tell(tenant.go(key), int(remaining), limit=30)
        tenant.now += 0.01
    assert tenant.budget.buckets.buckets_of("a") != tenant.budget.buckets.buckets_of("b")


def test_the_request_rate_ceiling_applies_without_auth0_limits():
    tenant = BudgetHarness(ceiling=4)
    tenant.tell(tenant.go(), None)
    admitted = 0
    for _ in range(100):
        admitted += len(tenant.free())
        tenant.now += 0.1
    assert 40 <= admitted <= 41


def test_a_wait_is_logged_once_a_minute():
    tenant = BudgetHarness()
    is_time = []
    for _ in range(10):
        is_time.append(tenant.budget.is_time_to_log())
        tenant.now += 15
    assert [True, False, False, False, True, False, False, False, True, False] == is_time


def test_a_bucket_is_described_by_its_endpoints():
    tenant = BudgetHarness()
    assert "`GET /users`" == tenant.budget.describe("GET /users")
    tenant.tell(tenant.go("GET /users"), 5)
    tenant.tell(tenant.go("GET /roles"), 4)
    assert "`GET /users` and 1 more" == tenant.budget.describe("GET /users")


def test_the_default_clock_is_the_machines():
    assert math.isfinite(ApiBudget()._now())


def test_the_flow_is_the_share_of_the_slowest_refill_that_is_known():
    """A refill that is neither published nor measured is a guess, and told to nobody; a ceiling is known at once."""
    budget = ApiBudget(0.9)
    assert budget.flow("GET /users") is None
    for endpoint, limit, expected in (("GET /users", 50, 14.4), ("GET /things", 37, None)):
        budget.record_admission(permit := RequestPermit(endpoint), RateLimitHeaders(limit, limit - 1, 1.0, 0.0, 0.1))
        budget.release(permit)
        assert expected == (None if (flow := budget.flow(endpoint)) is None else round(flow, 3)), endpoint
    assert 14.4 == round(budget.flow("GET /users") or 0, 3)


def test_a_ceiling_bounds_the_flow():
    budget = ApiBudget(0.9, ceiling=3.0)
    assert 3.0 == budget.flow("GET /users")
