import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auth0_simulator.control.rate_limits import OTHER_ENDPOINTS, RATE_LIMIT_PLANS
from source_auth0.api.rate_limit.api_budget import MAX_PROBE_SECONDS, MAX_RECHECK_SECONDS, ApiBudget, RequestPermit
from source_auth0.api.rate_limit.refill_estimator import RateLimitHeaders
from testing.fakes.rate_limits import ONE_BUCKET_PLANS, BudgetHarness, RateLimitedTenant


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("plan", [*ONE_BUCKET_PLANS, "free"])
def test_a_bucket_is_used_to_the_limit_and_draws_no_refusals(plan: str, seed: int):
    """In two minutes, at least 93 % of what the limit admits times the share, and at most 105 %."""
    sync = RateLimitedTenant(plan, {"/users": 16}, seed=seed).run(120)
    assert RATE_LIMIT_PLANS[plan].tenant
    assert 0.93 <= sync.used(["/users"], RATE_LIMIT_PLANS[plan].tenant, 120) <= 1.05
    assert sync.refused() <= 1


@pytest.mark.parametrize("plan", ["ten", "sixteen", "fifty"])
def test_the_whole_bucket_is_used_where_the_config_says_so(plan: str):
    sync = RateLimitedTenant(plan, {"/users": 16}, share=1.0).run(60)
    assert 0.97 <= sync.used(["/users"], ONE_BUCKET_PLANS[plan], 60) <= 1.0
    assert sync.refused() <= 0.01 * len(sync.log)


@pytest.mark.parametrize("plan", ["sixteen", "500 a minute"])
def test_half_of_a_bucket_is_used_where_the_config_says_so(plan: str):
    sync = RateLimitedTenant(plan, {"/users": 16}, share=0.5).run(120)
    assert 0.95 <= sync.used(["/users"], ONE_BUCKET_PLANS[plan], 120) <= 1.05


@pytest.mark.parametrize("share", [0.5, 0.9])
@pytest.mark.parametrize("plan", ["self_service", "enterprise", "private_cloud_20"])
def test_the_share_is_kept_from_the_first_request_on(plan: str, share: float):
    """Of buckets that are as published, in the first seconds too, and nothing is refused."""
    limits = RATE_LIMIT_PLANS[plan]
    assert limits
    limit = limits.tenant or limits.endpoints["/users"]
    for seconds in (1, 3, 7):
        sync = RateLimitedTenant(plan, {"/users": 16}, share=share).run(seconds)
        assert 0.8 <= sync.used(["/users"], limit, seconds) <= 1.02
        assert 0 == sync.refused()


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_custom_policys_headers_may_tell_of_the_tenants_bucket_alone(seed: int):
    """The endpoint's own bucket is known by its refusals, and there are few."""
    endpoints = {"/roles": 4, "/organizations": 4, "/organizations/{id}/enabled_connections": 4}
    sync = RateLimitedTenant("private_cloud_100", endpoints, seed=seed, tells_of_tenant=True).run(60)
    assert sync.refused(after=5) <= 0.01 * len(sync.log)
    assert min(sync.passed(endpoint) for endpoint in endpoints) > 60


@pytest.mark.parametrize("plan", ["sixty a minute", "slow hundred"])
def test_what_is_not_as_published_is_found_out(plan: str):
    """Less flows in than is published for ten, and than others of a hundred would have."""
    endpoints = {"/users": 6, "/roles": 4, "/organizations/{id}/client-grants": 4}
    sync = RateLimitedTenant(plan, endpoints).run(120)
    assert 0.9 <= sync.used(list(endpoints), ONE_BUCKET_PLANS[plan], 120) <= 1.1
    assert sync.refused(after=5) <= 0.01 * len(sync.log)


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("plan", ["ten", "sixteen"])
def test_endpoints_that_share_a_bucket_share_what_it_admits(plan: str, seed: int):
    """Nobody says that they share: their answers do. No endpoint gets less than half of its part."""
    endpoints = {"/users": 4, "/clients": 4, "/organizations/{id}/members": 4, "/roles/{id}/permissions": 4}
    sync = RateLimitedTenant(plan, endpoints, seed=seed).run(60)
    assert 0.9 <= sync.used(list(endpoints), ONE_BUCKET_PLANS[plan], 60) <= 1.05
    assert sync.refused(after=5) <= 0.01 * len(sync.log)
    assert min(sync.passed(endpoint) for endpoint in endpoints) >= sync.passed() / 4 / 2


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_endpoints_with_buckets_of_their_own_do_not_wait_for_others(seed: int):
    """A self-service tenant: each bucket is used, whichever others of the same size there are."""
    plan = RATE_LIMIT_PLANS["self_service"]
    assert plan
    alone = {"/users": 8, "/connections": 4, "/organizations/{id}/members": 8}
    shared = {"/roles/{id}/permissions": 2, "/roles": 2, "/clients/{id}/credentials": 4, "/grants": 2}
    sync = RateLimitedTenant("self_service", alone | shared, seed=seed).run(120)
    assert all(0.95 <= sync.used([endpoint], plan.endpoints[endpoint], 120) <= 1.05 for endpoint in alone)
    assert plan.others
    assert 0.95 <= sync.used(list(shared), plan.others, 120) <= 1.05, OTHER_ENDPOINTS
    assert 0 == sync.refused(after=5)


def test_the_tenants_bucket_is_found_by_a_refusal():
    """Enterprise: members have a bucket of their own and draw from the tenant's as well."""
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
    assert all(sync.passed(endpoint) > 20 for endpoint in endpoints)


def test_others_find_tokens_left():
    """The customer's own ten requests a second are never refused, however much a sync has to read."""
    sync = RateLimitedTenant("enterprise", {"/users": 16}, others={"/users": 10}).run(60)
    assert 0 == sync.refused_others
    assert sync.passed("/users") > 200


@given(
    share=st.sampled_from([0.1, 0.5, 0.9, 1.0]),
    limit=st.integers(1, 60),
    answers=st.lists(st.tuples(st.integers(0, 60), st.floats(0, 30), st.integers(0, 3), st.booleans()), max_size=25),
)
def test_no_more_go_at_once_than_remain(share: float, limit: int, answers: list[tuple[int, float, int, bool]]):
    """Whatever the answers, and with requests under way: what remains is Auth0's count, less the reserve for others."""
    tenant, under_way = BudgetHarness(share), list[RequestPermit]()
    tenant.tell(tenant.go(), limit - 1, limit)
    for remaining, passed, some, well in answers:
        tenant.now += passed
        under_way += tenant.free(most=some)
        if not under_way:
            continue
        if not well:
            tenant.refuse(under_way.pop(0), limit)
            assert [] == tenant.free()
            continue
        told = min(remaining, limit)
        tenant.tell(under_way.pop(0), told, limit)
        went = tenant.free()
        reserve = limit - max(1.0, share * limit)
        assert len(went) <= max(0, told - len(under_way) - reserve + 1e-9)
        under_way += went


def test_the_first_request_of_a_sync_goes_alone():
    tenant = BudgetHarness()
    first = tenant.go("GET /users")
    assert MAX_RECHECK_SECONDS / 5 == tenant.budget.request(RequestPermit("GET /roles"))
    assert 0 == tenant.budget.request(first)
    tenant.tell(first, 9)
    assert 0 == tenant.budget.request(RequestPermit("GET /roles"))


def test_the_first_request_of_an_endpoint_goes_alone_but_is_not_waited_for_for_ever():
    tenant = BudgetHarness()
    tenant.tell(tenant.go("GET /users"), 9)
    tenant.go("GET /roles")
    assert 0 < tenant.budget.request(RequestPermit("GET /roles"))
    tenant.now += MAX_PROBE_SECONDS
    assert 0 == tenant.budget.request(RequestPermit("GET /roles"))


def test_the_first_requests_of_two_endpoints_go_at_once_when_the_syncs_first_was_answered():
    tenant = BudgetHarness()
    tenant.tell(tenant.go("GET /users"), 9)
    tenant.go("GET /roles")
    tenant.go("GET /clients")


def test_a_first_request_that_fails_lets_the_next_one_go():
    tenant = BudgetHarness()
    tenant.budget.release(tenant.go())
    tenant.go()


def test_the_first_request_of_an_endpoint_goes_before_those_that_wait():
    tenant = BudgetHarness()
    tenant.tell(tenant.go("GET /users"), 1)
    waiting = [RequestPermit("GET /users") for _ in range(5)]
    assert all(tenant.budget.request(ticket) > 0 for ticket in waiting)
    first = RequestPermit("GET /roles")
    soon = tenant.budget.request(first)
    assert 0 < soon
    tenant.now += 0.6
    assert 0 == tenant.budget.request(first)
    assert 0 < tenant.budget.request(waiting[0])


def test_whoever_came_first_goes_first():
    tenant = BudgetHarness()
    tenant.tell(tenant.go(), 1)
    first, second = RequestPermit("GET /things"), RequestPermit("GET /things")
    assert 0 < tenant.budget.request(first)
    assert 0 < tenant.budget.request(second)
    tenant.now += 0.7
    assert 0 < tenant.budget.request(second)
    assert 0 == tenant.budget.request(first)


def test_whoever_waits_is_told_how_long_it_may_take_and_looks_again_before():
    """Four tokens are missing, of which three are left to others; 4.5 a second flow in."""
    tenant = BudgetHarness()
    tenant.tell(tenant.go(), 0, limit=30)
    waiting = RequestPermit("GET /things")
    assert MAX_RECHECK_SECONDS == tenant.budget.request(waiting)
    assert (True, pytest.approx(4 / 4.5)) == (waiting.waited, waiting.expected)


def test_whoever_gives_up_is_not_waited_for():
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


def test_an_endpoint_that_no_longer_tells_of_a_limit_has_none():
    tenant = BudgetHarness()
    tenant.tell(tenant.go(), 0)
    late = RequestPermit("GET /things")
    assert 0 < tenant.budget.request(late)
    tenant.now += 60
    assert 0 == tenant.budget.request(late)
    tenant.tell(late, None)
    assert 100 == len(tenant.free())


def test_a_refusal_closes_its_bucket_until_the_reset():
    tenant = BudgetHarness()
    tenant.tell(tenant.go(), 9)
    under_way = tenant.go()
    granted = tenant.go()
    tenant.refuse(under_way, 10, wait=12.0)
    assert 12 == tenant.budget.request(RequestPermit("GET /things")) == tenant.budget.request(granted)
    tenant.now += 12
    assert 0 == tenant.budget.request(granted)


def test_a_bucket_that_has_just_opened_is_looked_at_again_soon():
    """One token is there, and the reserve is left to others."""
    tenant = BudgetHarness()
    tenant.tell(tenant.go(), 29, limit=30)
    tenant.refuse(tenant.go(), 30, wait=12.0)
    tenant.now += 12
    assert MAX_RECHECK_SECONDS == tenant.budget.request(RequestPermit("GET /things"))


@pytest.mark.parametrize(("limit", "remaining"), [(None, 0), (10, 1)])
def test_a_refusal_that_names_no_empty_bucket_closes_its_endpoint_alone(limit: int | None, remaining: int):
    tenant = BudgetHarness()
    tenant.tell(tenant.go("GET /users"), 9)
    tenant.tell(tenant.go("GET /roles"), 8)
    tenant.refuse(tenant.go("GET /users"), limit, remaining=remaining, wait=0.75)
    assert 0.75 == tenant.budget.request(RequestPermit("GET /users"))
    tenant.go("GET /roles")


def test_a_refusal_for_the_whole_tenant_closes_every_endpoint_that_has_a_limit():
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
def test_only_a_refusal_that_says_so_is_of_the_tenants_bucket(wide: bool, limit: int | None):
    tenant = BudgetHarness()
    tenant.refuse(tenant.go(), 60, wide=wide)
    found = tenant.budget.buckets.tenant
    assert limit == (found and found.limit)


def test_a_refusal_may_name_a_bucket_that_is_known():
    tenant = BudgetHarness()
    tenant.tell(tenant.go("GET /users"), 49, limit=50)
    tenant.refuse(tenant.go("GET /users"), 50, wide=True)
    assert tenant.budget.buckets.buckets_of("GET /users") == [tenant.budget.buckets.tenant]


def test_whoever_tells_of_the_tenants_size_draws_from_the_tenants_bucket():
    tenant = BudgetHarness()
    tenant.refuse(tenant.go("GET /users"), 50, wide=True)
    tenant.now += 10
    tenant.tell(tenant.go("GET /roles"), 49, limit=50)
    assert tenant.budget.buckets.buckets_of("GET /roles") == [tenant.budget.buckets.tenant]


def test_a_refusal_of_one_that_was_under_way_at_the_first_one_says_nothing_more():
    tenant = BudgetHarness()
    tenant.tell(tenant.go(), 9)
    first, second = tenant.go(), tenant.go()
    sent = tenant.now
    tenant.now += 1
    tenant.refuse(first, 10)
    rate = tenant.budget.buckets.buckets_of("GET /things")[0].refill.rate
    tenant.budget.record_refusal(second, RateLimitHeaders(10, 0, 2.0, sent, tenant.now), 2.0, tenant_wide=False)
    assert rate == tenant.budget.buckets.buckets_of("GET /things")[0].refill.rate


def test_a_bucket_that_was_refused_opens_with_one_token():
    """The reset is when one more is there; nobody has told of more."""
    tenant = BudgetHarness(share=1.0)
    tenant.tell(tenant.go(), 5)
    tenant.refuse(tenant.go(), 10, wait=10.0)
    tenant.now += 10
    assert 1 == len(tenant.free())


def test_endpoints_share_or_not_as_other_answers_let_expect():
    """Ten may be what `/logs` has to itself, until `/users` tells of a tenant where all have ten together."""
    tenant = BudgetHarness()
    tenant.tell(tenant.go("GET /logs"), 9)
    tenant.tell(tenant.go("GET /roles"), 8)
    assert [] == [bucket for bucket in tenant.budget.buckets.buckets_of("GET /logs") if bucket in roles(tenant)]
    tenant.tell(tenant.go("GET /users"), 7)
    assert tenant.budget.buckets.buckets_of("GET /logs") == roles(tenant) == [tenant.budget.buckets.tenant]


def roles(tenant: BudgetHarness) -> list[object]:
    return list(tenant.budget.buckets.buckets_of("GET /roles"))


def test_endpoints_part_where_their_answers_count_other_tokens():
    """A third one joins the one whose tokens it counts."""
    tenant = BudgetHarness()
    told = ["a 10", "b 25", "a 9", "b 24", "a 8", "b 23", "c 22", "a 7", "c 21", "a 6", "c 20"]
    for key, remaining in map(str.split, told):
        tenant.tell(tenant.go(key), int(remaining), limit=30)
        tenant.now += 0.01
    buckets = tenant.budget.buckets
    assert buckets.buckets_of("a") != buckets.buckets_of("b") == buckets.buckets_of("c")


def test_an_answer_that_took_long_tells_of_what_remained_when_it_was_counted():
    """Ten others were sent and answered meanwhile, which is no reason to think of another bucket."""
    tenant, left = BudgetHarness(share=1.0), 28
    for key in "ab":
        tenant.tell(tenant.go(key), left + 1, limit=30)
    for _ in range(2):
        late = tenant.go("b")
        for answered in range(1, 11):
            tenant.tell(tenant.go("a"), left - answered, limit=30)
        tenant.tell(late, left, limit=30)
        left -= 11
    assert tenant.budget.buckets.buckets_of("a") == tenant.budget.buckets.buckets_of("b")


def test_an_endpoint_with_a_full_bucket_has_one_of_its_own():
    """Which of all full buckets it is, nobody can tell."""
    tenant = BudgetHarness()
    for key, remaining in map(str.split, ["a 10", "b 29", "a 9", "b 29", "a 8", "b 29"]):
        tenant.tell(tenant.go(key), int(remaining), limit=30)
        tenant.now += 0.01
    assert tenant.budget.buckets.buckets_of("a") != tenant.budget.buckets.buckets_of("b")


def test_a_ceiling_is_kept_beside_auth0s_own_limits():
    tenant = BudgetHarness(ceiling=4)
    tenant.tell(tenant.go(), None)
    gone = 0
    for _ in range(100):
        gone += len(tenant.free())
        tenant.now += 0.1
    assert 40 <= gone <= 41


def test_waiting_is_told_once_a_minute():
    tenant = BudgetHarness()
    told = []
    for _ in range(10):
        told.append(tenant.budget.is_time_to_log())
        tenant.now += 15
    assert [True, False, False, False, True, False, False, False, True, False] == told


def test_the_bucket_that_is_waited_for_has_a_name():
    tenant = BudgetHarness()
    assert "`GET /users`" == tenant.budget.describe("GET /users")
    tenant.tell(tenant.go("GET /users"), 5)
    tenant.tell(tenant.go("GET /roles"), 4)
    assert "`GET /users` and 1 more" == tenant.budget.describe("GET /users")


def test_time_is_the_machines_unless_a_test_says_otherwise():
    assert math.isfinite(ApiBudget()._now())
