import pytest

from source_auth0.api.rate_limit.bucket_registry import BucketRegistry
from source_auth0.api.rate_limit.refill_estimator import RateLimitHeaders
from source_auth0.api.rate_limit.token_bucket import TokenBucket
from testing.fakes.rate_limits import BudgetHarness

#: What endpoints tell that draw from two buckets, and what they tell where one of these is full.
PARTED = "a 10 b 25 a 9 b 24 a 8 b 23"
FULL = "a 10 b 29 a 9 b 29 a 8 b 29"


def told(limit: int, remaining: int | None = None) -> RateLimitHeaders:
    return RateLimitHeaders(limit, limit - 1 if remaining is None else remaining, 1.0, 0.0, 0.0)


def heard(*answers: tuple[str, int]) -> BucketRegistry:
    """What answers to these endpoints tell, by the sizes of their buckets."""
    buckets = BucketRegistry(0.5)
    for key, limit in answers:
        buckets.bucket_for(key, None, told(limit))
    return buckets


def after(said: str, limit: int = 30) -> BucketRegistry:
    """What is known once endpoints have told what remains of a bucket of a size that nobody publishes, or waited."""
    tenant, words = BudgetHarness(1.0), said.split()
    for key, remaining in zip(words[::2], words[1::2], strict=True):
        if key == "wait":
            tenant.now += int(remaining)
        else:
            tenant.tell(tenant.go(key), int(remaining), limit=limit)
    return tenant.budget.buckets


def sharing(buckets: BucketRegistry) -> str:
    """The endpoints, those that share a bucket in one word."""
    groups: dict[tuple[TokenBucket, ...], str] = {}
    for key in "abcde":
        if key in buckets:
            groups[tuple(buckets.buckets_of(key))] = groups.get(tuple(buckets.buckets_of(key)), "") + key
    return " ".join(groups.values())


def sizes(buckets: BucketRegistry, key: str) -> list[int]:
    return [bucket.limit for bucket in buckets.buckets_of(key)]


def test_nothing_is_known_before_an_answer():
    buckets = BucketRegistry(0.5)
    assert not buckets
    assert "a" not in buckets
    assert [] == buckets.buckets_of("a")
    buckets.bucket_for("a", None, told(30))
    assert buckets
    assert "a" in buckets
    assert "b" not in buckets


def test_a_bucket_is_used_by_the_share_and_refilled_as_published():
    (bucket,) = heard(("GET /roles", 50)).buckets_of("GET /roles")
    assert (50, 0.5, 25.0) == (bucket.limit, bucket.share, bucket.usable)
    assert (16.0, True, True) == (bucket.refill.rate, bucket.refill.is_known, bucket.refill.is_published)
    (own,) = heard(("GET /users", 40)).buckets_of("GET /users")
    assert (pytest.approx(500 / 60), 1.0) == (own.refill.rate, own.refill.step)


@pytest.mark.parametrize(
    ("answers", "key", "expected"),
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
def test_an_endpoint_draws_from_the_buckets_it_told_of_and_before_from_what_most_share(
    answers: list[tuple[str, int]], key: str, expected: list[int]
):
    """Unless it may have one of its own; from the tenant's in any case."""
    assert expected == sizes(heard(*answers), key)


def test_an_endpoint_without_a_limit_draws_from_no_bucket():
    buckets = heard(("GET /roles", 50), ("GET /free", 50))
    buckets.set_unlimited("GET /free")
    assert [] == buckets.buckets_of("GET /free")
    assert 0 == buckets.endpoints_sharing("GET /roles")


def test_those_that_draw_from_the_same_bucket_are_counted():
    buckets = heard(("a", 30), ("b", 30), ("c", 30), ("d", 25))
    buckets.set_unlimited("e")
    assert [2, 2, 0, 0, 0] == [buckets.endpoints_sharing(key) for key in "abdef"]


@pytest.mark.parametrize(
    ("answers", "tenant"),
    [
        ([("GET /roles", 50)], 50),
        ([("GET /users", 40)], None),
        ([("GET /users", 40), ("GET /roles", 10)], None),
        ([("a", 30)], None),
    ],
)
def test_the_tenants_bucket_is_known_where_it_is_published(answers: list[tuple[str, int]], tenant: int | None):
    buckets = heard(*answers)
    assert tenant == (buckets.tenant and buckets.tenant.limit)


@pytest.mark.parametrize(
    ("answers", "limit", "expected"),
    [
        ([("a", 30), ("b", 30)], 30, {"a": [30], "b": [30], "c": [30]}),
        ([("a", 30), ("b", 25)], 30, {"a": [30], "b": [25, 30], "c": [30]}),
        ([("GET /logs", 10), ("a", 30)], 10, {"GET /logs": [10, 10], "a": [30, 10]}),
        ([("GET /roles", 50)], 60, {"GET /roles": [50, 60]}),
    ],
)
def test_all_draw_from_the_bucket_that_a_refusal_says_is_the_tenants(
    answers: list[tuple[str, int]], limit: int, expected: dict[str, list[int]]
):
    """It is the one of its size that they have told of, unless that is published as one endpoint's own."""
    buckets = heard(*answers)
    tenant = buckets.tenant_bucket_for(told(limit, 0))
    assert tenant is buckets.tenant is buckets.tenant_bucket_for(told(limit, 0))
    assert expected == {key: sizes(buckets, key) for key in expected}
    assert all(tenant in buckets.buckets_of(key) for key in expected)


def test_a_tenants_bucket_of_which_only_a_refusal_told_is_refilled_as_published():
    assert (16.0, True) == (
        (tenant := BucketRegistry(0.5).tenant_bucket_for(told(50, 0))).refill.rate,
        tenant.refill.is_published,
    )
    assert (10.0, False) == (
        (tenant := BucketRegistry(0.5).tenant_bucket_for(told(60, 0))).refill.rate,
        tenant.refill.is_published,
    )
    assert 0.5 == tenant.share


def test_endpoints_that_had_parted_share_what_turns_out_to_be_the_tenants():
    buckets = after(PARTED)
    assert "a b" == sharing(buckets)
    buckets.tenant_bucket_for(told(30, 0))
    assert "ab" == sharing(buckets)
    assert 1 == buckets.endpoints_sharing("a")


@pytest.mark.parametrize(
    ("said", "expected"),
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
        (f"{PARTED} b 7", "a b"),
        (f"{PARTED} b 7 b 6", "a b"),
        (f"{PARTED} b 7 wait 10 a 7 b 6", "ab"),
        (f"{PARTED} a 22 a 21", "ab"),
        (f"{FULL} c 7 a 7 c 29 a 6 c 29", "a b c"),
        (f"{FULL} c 7 a 7 c 28 a 6 c 28", "a bc"),
    ],
)
def test_endpoints_part_where_twice_more_remains_than_those_of_the_other_leave(said: str, expected: str):
    """Less remains where somebody else takes some; whoever is alone in a bucket, or spoke last, parts with nobody."""
    assert expected == sharing(after(said))


def test_an_endpoint_with_a_bucket_of_its_own_may_turn_out_to_draw_from_the_tenants_alone():
    """Its answers tell of what is left there, twice."""
    buckets = heard(("GET /logs", 10))
    tenant = buckets.tenant_bucket_for(told(10, 0))
    assert [False, True] == [buckets.bucket_for("GET /logs", None, told(10, 0)) is tenant for _ in range(2)]
    assert [tenant] == buckets.buckets_of("GET /logs")


def test_what_a_request_took_is_known_by_its_token():
    """Of thirty, one was taken: 24 are five less, and fit the tenant's bucket. Without a token it is four less."""
    buckets = heard(("a", 30), ("b", 30))
    (home,) = buckets.buckets_of("a")
    buckets.tenant = TokenBucket(told(30, 24), 0.5)
    token, found = home.take(0), []
    for _ in range(2):
        buckets.bucket_for("a", token, told(30, 29))
        found.append(buckets.bucket_for("b", token, told(30, 24)))
    assert [home, buckets.tenant] == found


def test_a_part_of_a_token_too_many_tells_of_another_bucket_where_there_are_few():
    """Two remain of five, and 0.3 flowed in, of which the next one leaves 1.3; two answers tell of two."""
    buckets = heard(("a", 5), ("b", 5))
    (home,) = buckets.buckets_of("a")
    for _ in range(3):
        home.take(0)
        home.in_flight -= 1
    found = []
    for _ in range(2):
        buckets.bucket_for("a", None, RateLimitHeaders(5, 1, 1.0, 0.3, 0.3))
        found.append(buckets.bucket_for("b", None, RateLimitHeaders(5, 2, 1.0, 0.3, 0.3)) is home)
    assert [True, False] == found


def test_an_endpoint_that_leaves_one_bucket_keeps_its_others():
    buckets = heard(("a", 30), ("b", 25), ("b", 30))
    (home,) = buckets.buckets_of("a")
    for _ in range(20):
        home.take(0)
        home.in_flight -= 1
    for _ in range(2):
        buckets.bucket_for("a", None, told(30, 9))
        left = buckets.bucket_for("b", None, told(30, 25))
    assert left is not home
    assert left in buckets.buckets_of("b")
    assert [30, 25] == sizes(buckets, "b")


def test_a_bucket_that_is_found_by_parting_is_refilled_as_published():
    buckets = after("a 10 b 45 a 9 b 44 a 8 b 43", limit=50)
    own, tenant = buckets.buckets_of("b")
    assert [tenant] == buckets.buckets_of("a")
    assert (16.0, True) == (own.refill.rate, own.refill.is_published)


@pytest.mark.parametrize(("users", "shared"), [(10, True), (40, False)])
def test_what_one_endpoint_tells_lets_others_share(users: int, shared: bool):
    """Ten may be what each has to itself, or what the tenant has; the size of `/users` says which."""
    buckets = heard(("GET /logs", 10), ("GET /roles", 10), ("GET /organizations/name/{}", 10))
    keys = ["GET /logs", "GET /roles", "GET /organizations/name/{}"]
    assert 3 == len({bucket for key in keys for bucket in buckets.buckets_of(key)})
    buckets.bucket_for("GET /users", None, told(users))
    assert (1 if shared else 3) == len({bucket for key in keys for bucket in buckets.buckets_of(key)})


def test_those_that_have_parted_do_not_share_again_where_other_plans_are_likely():
    buckets = after(PARTED)
    buckets.bucket_for("GET /users", None, told(40))
    assert "a b" == sharing(buckets)
