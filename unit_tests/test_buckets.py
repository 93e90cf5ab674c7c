import pytest

from source_auth0.components.bucket import Bucket
from source_auth0.components.buckets import Buckets
from source_auth0.components.refill import Told
from unit_tests.test_budget import Tenant


def told(limit: int, remaining: int | None = None) -> Told:
    return Told(limit, limit - 1 if remaining is None else remaining, 1.0, 0.0, 0.0)


def heard(*answers: tuple[str, int]) -> Buckets:
    """What answers to these endpoints tell, by the sizes of their buckets."""
    buckets = Buckets(0.5)
    for key, limit in answers:
        buckets.home(key, None, told(limit))
    return buckets


def after(said: str, limit: int = 30) -> Buckets:
    """What is known once endpoints have told what remains of a bucket of a size that nobody publishes."""
    tenant, words = Tenant(1.0), said.split()
    for key, remaining in zip(words[::2], words[1::2], strict=True):
        tenant.tell(tenant.go(key), int(remaining), limit=limit)
    return tenant.budget.buckets


def sharing(buckets: Buckets) -> str:
    """The endpoints, those that share a bucket in one word."""
    groups: dict[tuple[Bucket, ...], str] = {}
    for key in "abcde":
        if key in buckets:
            groups[tuple(buckets.of(key))] = groups.get(tuple(buckets.of(key)), "") + key
    return " ".join(groups.values())


def sizes(buckets: Buckets, key: str) -> list[int]:
    return [bucket.limit for bucket in buckets.of(key)]


def test_nothing_is_known_before_an_answer():
    buckets = Buckets(0.5)
    assert not buckets
    assert "a" not in buckets
    assert [] == buckets.of("a")
    buckets.home("a", None, told(30))
    assert buckets
    assert "a" in buckets
    assert "b" not in buckets


def test_a_bucket_is_used_by_the_share_and_refilled_as_published():
    (bucket,) = heard(("GET /roles", 50)).of("GET /roles")
    assert (50, 0.5, 25.0) == (bucket.limit, bucket.share, bucket.most)
    assert (16.0, True, True) == (bucket.refill.rate, bucket.refill.is_known, bucket.refill.is_published)
    (own,) = heard(("GET /users", 40)).of("GET /users")
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
    buckets.unlimited("GET /free")
    assert [] == buckets.of("GET /free")
    assert 0 == buckets.sharing("GET /roles")


def test_those_that_draw_from_the_same_bucket_are_counted():
    buckets = heard(("a", 30), ("b", 30), ("c", 30), ("d", 25))
    buckets.unlimited("e")
    assert [2, 2, 0, 0, 0] == [buckets.sharing(key) for key in "abdef"]


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
        ([("GET /logs", 10)], 10, {"GET /logs": [10, 10]}),
        ([("GET /roles", 50)], 60, {"GET /roles": [50, 60]}),
    ],
)
def test_all_draw_from_the_bucket_that_a_refusal_says_is_the_tenants(
    answers: list[tuple[str, int]], limit: int, expected: dict[str, list[int]]
):
    """It is the one of its size that they have told of, unless that is published as one endpoint's own."""
    buckets = heard(*answers)
    tenant = buckets.whole(told(limit, 0))
    assert tenant is buckets.tenant is buckets.whole(told(limit, 0))
    assert expected == {key: sizes(buckets, key) for key in expected}
    assert all(tenant in buckets.of(key) for key in expected)


def test_a_tenants_bucket_of_which_only_a_refusal_told_is_refilled_as_published():
    assert (16.0, True) == ((tenant := Buckets(0.5).whole(told(50, 0))).refill.rate, tenant.refill.is_published)
    assert (10.0, False) == ((tenant := Buckets(0.5).whole(told(60, 0))).refill.rate, tenant.refill.is_published)
    assert 0.5 == tenant.share


def test_endpoints_that_had_parted_share_what_turns_out_to_be_the_tenants():
    buckets = after("a 10 b 25 a 9 b 24 a 8 b 23")
    assert "a b" == sharing(buckets)
    buckets.whole(told(30, 0))
    assert "ab" == sharing(buckets)
    assert 1 == buckets.sharing("a")


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
        ("a 10 b 29 a 9 b 29 a 8 b 29", "a b"),
    ],
)
def test_endpoints_part_where_twice_more_remains_than_those_of_the_other_leave(said: str, expected: str):
    """Less remains where somebody else takes some; whoever is alone in a bucket, or spoke last, parts with nobody."""
    assert expected == sharing(after(said))
