import pytest

from source_auth0.api.rate_limit.bucket_registry import BucketRegistry
from source_auth0.api.rate_limit.rate_limit_headers import RateLimitHeaders
from source_auth0.api.rate_limit.token_bucket import TokenBucket
from testing.fakes.rate_limits import BudgetHarness

#: Remaining tokens by endpoint, of two buckets, and of two buckets where one stays full.
TWO_BUCKETS = "a 10 b 25 a 9 b 24 a 8 b 23"
ONE_BUCKET_FULL = "a 10 b 29 a 9 b 29 a 8 b 29"


def headers(limit: int, remaining: int | None = None) -> RateLimitHeaders:
    return RateLimitHeaders(limit, limit - 1 if remaining is None else remaining, 1.0, 0.0, 0.0)


def registry_of(*sizes_by_endpoint: tuple[str, int]) -> BucketRegistry:
    """A registry after responses of these endpoints with headers of these bucket sizes."""
    buckets = BucketRegistry(0.5)
    for key, limit in sizes_by_endpoint:
        buckets.bucket_for(key, None, headers(limit))
    return buckets


def registry_after(remaining_tokens: str, limit: int = 30) -> BucketRegistry:
    """A registry after responses with these remaining tokens, of a size that is not published; or after waits."""
    tenant, words = BudgetHarness(1.0), remaining_tokens.split()
    for key, remaining in zip(words[::2], words[1::2], strict=True):
        if key == "wait":
            tenant.now += int(remaining)
        else:
            tenant.tell(tenant.go(key), int(remaining), limit=limit)
    return tenant.budget.buckets


def sharing(buckets: BucketRegistry) -> str:
    """The endpoints, with those that share a bucket joined into one word."""
    groups: dict[tuple[TokenBucket, ...], str] = {}
    for key in "abcde":
        if key in buckets:
            groups[tuple(buckets.buckets_of(key))] = groups.get(tuple(buckets.buckets_of(key)), "") + key
    return " ".join(groups.values())


def sizes(buckets: BucketRegistry, key: str) -> list[int]:
    return [bucket.limit for bucket in buckets.buckets_of(key)]


def test_no_bucket_is_known_before_a_response():
    buckets = BucketRegistry(0.5)
    assert not buckets
    assert "a" not in buckets
    assert [] == buckets.buckets_of("a")
    buckets.bucket_for("a", None, headers(30))
    assert buckets
    assert "a" in buckets
    assert "b" not in buckets


def test_a_new_bucket_has_the_share_and_the_published_refill():
    (bucket,) = registry_of(("GET /roles", 50)).buckets_of("GET /roles")
    assert (50, 0.5, 25.0) == (bucket.limit, bucket.share, bucket.usable)
    assert (16.0, True, True) == (bucket.refill.rate, bucket.refill.is_known, bucket.refill.is_published)
    (own,) = registry_of(("GET /users", 40)).buckets_of("GET /users")
    assert (pytest.approx(500 / 60), 1.0) == (own.refill.rate, own.refill.step)


@pytest.mark.parametrize(
    ("observed", "key", "expected"),
    [
        ([("a", 30)], "a", [30]),
        ([("a", 30)], "b", [30]),
        ([("a", 30), ("b", 25), ("c", 25)], "d", [25]),
        ([("a", 30), ("a", 25)], "a", [25, 30]),
        ([("a", 30)], "GET /users", []),
        ([("GET /roles", 50)], "GET /users", [50]),
        ([("GET /roles", 50)], "GET /organizations", [50]),
        ([("GET /roles", 50), ("GET /organizations", 10)], "GET /organizations", [10, 50]),
    ],
)
def test_an_endpoint_draws_from_buckets_of_its_headers_or_else_the_most_shared_one(
    observed: list[tuple[str, int]], key: str, expected: list[int]
):
    """Unless it may have its own bucket; and always from the tenant's."""
    assert expected == sizes(registry_of(*observed), key)


def test_an_endpoint_without_a_limit_draws_from_no_bucket():
    buckets = registry_of(("GET /roles", 50), ("GET /free", 50))
    buckets.set_unlimited("GET /free")
    assert [] == buckets.buckets_of("GET /free")
    assert 0 == buckets.endpoints_sharing("GET /roles")


def test_endpoints_sharing_a_bucket_are_counted():
    buckets = registry_of(("a", 30), ("b", 30), ("c", 30), ("d", 25))
    buckets.set_unlimited("e")
    assert [2, 2, 0, 0, 0] == [buckets.endpoints_sharing(key) for key in "abdef"]


@pytest.mark.parametrize(
    ("observed", "tenant"),
    [
        ([("GET /roles", 50)], 50),
        ([("GET /users", 40)], None),
        ([("GET /users", 40), ("GET /roles", 10)], None),
        ([("a", 30)], None),
    ],
)
def test_the_tenants_bucket_is_known_where_it_is_published(observed: list[tuple[str, int]], tenant: int | None):
    buckets = registry_of(*observed)
    assert tenant == (buckets.tenant and buckets.tenant.limit)


@pytest.mark.parametrize(
    ("observed", "limit", "expected"),
    [
        ([("a", 30), ("b", 30)], 30, {"a": [30], "b": [30], "c": [30]}),
        ([("a", 30), ("b", 25)], 30, {"a": [30], "b": [25, 30], "c": [30]}),
        ([("GET /logs", 10), ("a", 30)], 10, {"GET /logs": [10, 10], "a": [30, 10]}),
        ([("GET /roles", 50)], 60, {"GET /roles": [50, 60]}),
    ],
)
def test_every_endpoint_draws_from_the_bucket_of_a_tenant_wide_429(
    observed: list[tuple[str, int]], limit: int, expected: dict[str, list[int]]
):
    """It is the known bucket of its size, unless that size is published for a single endpoint."""
    buckets = registry_of(*observed)
    tenant = buckets.tenant_bucket_for(headers(limit, 0))
    assert tenant is buckets.tenant is buckets.tenant_bucket_for(headers(limit, 0))
    assert expected == {key: sizes(buckets, key) for key in expected}
    assert all(tenant in buckets.buckets_of(key) for key in expected)


def test_a_tenants_bucket_known_only_from_a_429_has_the_published_refill():
    assert (16.0, True) == (
        (tenant := BucketRegistry(0.5).tenant_bucket_for(headers(50, 0))).refill.rate,
        tenant.refill.is_published,
    )
    assert (10.0, False) == (
        (tenant := BucketRegistry(0.5).tenant_bucket_for(headers(60, 0))).refill.rate,
        tenant.refill.is_published,
    )
    assert 0.5 == tenant.share


def test_split_endpoints_share_the_tenants_bucket_again():
    buckets = registry_after(TWO_BUCKETS)
    assert "a b" == sharing(buckets)
    buckets.tenant_bucket_for(headers(30, 0))
    assert "ab" == sharing(buckets)
    assert 1 == buckets.endpoints_sharing("a")


@pytest.mark.parametrize(
    ("remaining_tokens", "expected"),
    [
        ("a 10 b 9 a 8 b 7", "ab"),
        ("a 10 b 25 a 9 b 24", "ab"),
        ("a 10 b 25 a 9 b 24 a 8", "ab"),
        ("a 10 b 25 a 9 b 24 a 8 b 23", "a b"),
        ("a 10 b 25 a 24 b 23 a 22", "ab"),
        ("a 10 b 25 b 24 b 23", "ab"),
        ("a 25 b 24 a 14 b 4", "ab"),
        ("a 10 a 25 a 10 a 25", "a"),
        ("a 10 b 25 a 9 b 24 a 8 b 23 c 22 a 7 c 21 a 6 c 20", "a bc"),
        ("a 10 b 9 a 8 b 7 a 6 b 25", "ab"),
        ("a 20 b 19 a 18 b 9 b 20", "ab"),
        ("a 10 b 29 a 9 b 29 a 8 b 29", "a b"),
        (f"{TWO_BUCKETS} b 7", "a b"),
        (f"{TWO_BUCKETS} b 7 b 6", "a b"),
        (f"{TWO_BUCKETS} b 7 wait 10 a 7 b 6", "ab"),
        (f"{TWO_BUCKETS} a 22 a 21", "ab"),
        (f"{ONE_BUCKET_FULL} c 7 a 7 c 29 a 6 c 29", "a b c"),
        (f"{ONE_BUCKET_FULL} c 7 a 7 c 28 a 6 c 28", "a bc"),
    ],
)
def test_endpoints_are_split_after_two_counts_above_the_expected_one(remaining_tokens: str, expected: str):
    """Lower counts may be other clients; an endpoint that is alone, or sent the last response, is not split off."""
    assert expected == sharing(registry_after(remaining_tokens))


def test_an_endpoint_moves_from_its_own_bucket_to_the_tenants_after_two_matching_counts():
    """Its headers twice match what remains in the tenant's bucket."""
    buckets = registry_of(("GET /logs", 10))
    tenant = buckets.tenant_bucket_for(headers(10, 0))
    assert [False, True] == [buckets.bucket_for("GET /logs", None, headers(10, 0)) is tenant for _ in range(2)]
    assert [tenant] == buckets.buckets_of("GET /logs")


def test_counts_are_compared_by_the_token_that_the_request_took():
    """Of 30, one was taken: 24 is five too few, and fits the tenant's bucket; without a token it is four too few."""
    buckets = registry_of(("a", 30), ("b", 30))
    (bucket,) = buckets.buckets_of("a")
    buckets.tenant = TokenBucket(headers(30, 24), 0.5)
    token, assigned = bucket.take(0), []
    for _ in range(2):
        buckets.bucket_for("a", token, headers(30, 29))
        assigned.append(buckets.bucket_for("b", token, headers(30, 24)))
    assert [bucket, buckets.tenant] == assigned


def test_in_a_small_bucket_a_fraction_of_a_token_too_many_means_another_bucket():
    """Two of five remain and 0.3 were refilled, so the next response should leave 1.3; twice it has two."""
    buckets = registry_of(("a", 5), ("b", 5))
    (bucket,) = buckets.buckets_of("a")
    for _ in range(3):
        bucket.take(0)
        bucket.in_flight -= 1
    assigned = []
    for _ in range(2):
        buckets.bucket_for("a", None, RateLimitHeaders(5, 1, 1.0, 0.3, 0.3))
        assigned.append(buckets.bucket_for("b", None, RateLimitHeaders(5, 2, 1.0, 0.3, 0.3)) is bucket)
    assert [True, False] == assigned


def test_an_endpoint_that_leaves_one_bucket_keeps_its_others():
    buckets = registry_of(("a", 30), ("b", 25), ("b", 30))
    (bucket,) = buckets.buckets_of("a")
    for _ in range(20):
        bucket.take(0)
        bucket.in_flight -= 1
    for _ in range(2):
        buckets.bucket_for("a", None, headers(30, 9))
        new_bucket = buckets.bucket_for("b", None, headers(30, 25))
    assert new_bucket is not bucket
    assert new_bucket in buckets.buckets_of("b")
    assert [30, 25] == sizes(buckets, "b")


def test_a_bucket_found_by_splitting_has_the_published_refill():
    buckets = registry_after("a 10 b 45 a 9 b 44 a 8 b 43", limit=50)
    own, tenant = buckets.buckets_of("b")
    assert [tenant] == buckets.buckets_of("a")
    assert (16.0, True) == (own.refill.rate, own.refill.is_published)


@pytest.mark.parametrize(("users", "shared"), [(10, True), (40, False)])
def test_the_size_of_one_endpoint_decides_whether_others_share(users: int, shared: bool):
    """Ten may be the size of own buckets or of the tenant's; the size of `/users` decides which."""
    buckets = registry_of(("GET /logs", 10), ("GET /roles", 10), ("GET /organizations/name/{}", 10))
    keys = ["GET /logs", "GET /roles", "GET /organizations/name/{}"]
    assert 3 == len({bucket for key in keys for bucket in buckets.buckets_of(key)})
    buckets.bucket_for("GET /users", None, headers(users))
    assert (1 if shared else 3) == len({bucket for key in keys for bucket in buckets.buckets_of(key)})


def test_split_endpoints_stay_split_when_the_likely_plans_change():
    buckets = registry_after(TWO_BUCKETS)
    buckets.bucket_for("GET /users", None, headers(40))
    assert "a b" == sharing(buckets)
