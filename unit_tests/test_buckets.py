import pytest

from source_auth0.components.bucket import Bucket
from source_auth0.components.buckets import Buckets
from source_auth0.components.refill import Told


def told(remaining: int, limit: int = 30) -> Told:
    return Told(limit, remaining, 1.0, 0.0, 0.0)


def tell(buckets: Buckets, *answers: str, limit: int = 30) -> None:
    """Answers one after the other, each an endpoint and what remains; their requests took a token where they had to."""
    for key, _, remaining in (answer.rpartition(" ") for answer in answers):
        answer = told(int(remaining), limit)
        tokens = {bucket: bucket.take(0.0) for bucket in buckets.of(key)}
        fitting = next((token for bucket, token in tokens.items() if bucket.limit == limit), None)
        home = buckets.home(key, fitting, answer)
        home.observe(tokens.get(home) or home.take(0.0), answer)
        for bucket in tokens:
            bucket.under_way -= 1


def parted() -> Buckets:
    """Two endpoints whose answers count other tokens, of a size that no plan has."""
    buckets = Buckets(1.0)
    tell(buckets, "a 10", "b 25", "a 9", "b 24", "a 8", "b 23")
    assert buckets.of("a") != buckets.of("b")
    return buckets


def test_nothing_is_known_before_the_first_answer():
    buckets = Buckets(0.9)
    assert (False, False, []) == (bool(buckets), "a" in buckets, buckets.of("a"))
    buckets.unlimited("a")
    assert (True, True, []) == (bool(buckets), "a" in buckets, buckets.of("a"))


def test_an_endpoint_draws_from_the_bucket_of_most_others_until_it_has_answered():
    buckets = Buckets(0.9)
    tell(buckets, "a 10", "b 9")
    tell(buckets, "c 6", limit=7)
    assert buckets.of("a") == buckets.of("b") == buckets.of("new") != buckets.of("c")
    assert [] == buckets.of("GET /users")
    tenant = buckets.whole(told(0, 50))
    assert [*buckets.of("a")[:1], tenant] == buckets.of("new")
    assert [tenant] == buckets.of("GET /users")


def test_those_that_share_a_bucket_are_counted():
    buckets = Buckets(0.9)
    tell(buckets, "a 10", "b 9", "c 8")
    tell(buckets, "d 6", limit=7)
    assert [2, 2, 2, 0, 0] == [buckets.sharing(key) for key in ("a", "b", "c", "d", "new")]


def test_a_share_of_each_bucket_is_used():
    buckets = Buckets(0.5)
    tell(buckets, "a 10")
    assert [15.0, 25.0] == [buckets.of("a")[0].most, buckets.whole(told(0, 50)).most]


def test_the_tenants_bucket_is_refilled_as_is_published():
    refill = Buckets(0.9).whole(told(0, 50)).refill
    assert (16.0, True) == (refill.rate, refill.is_known)


def test_another_bucket_of_the_whole_tenant_takes_the_place_of_one():
    buckets = Buckets(0.9)
    first = buckets.whole(told(0, 50))
    assert first is buckets.whole(told(0, 50)) is buckets.tenant
    assert 100 == buckets.whole(told(0, 100)).limit
    assert buckets.tenant is not first


def test_endpoints_that_told_of_the_tenants_size_draw_from_its_bucket():
    buckets = parted()
    tell(buckets, "c 6", limit=7)
    (other,) = buckets.of("c")
    tenant = buckets.whole(told(0))
    assert [tenant] == buckets.of("a") == buckets.of("b")
    assert [other, tenant] == buckets.of("c")


def test_a_bucket_that_is_published_as_one_endpoints_own_stays_so():
    buckets = Buckets(0.9)
    tell(buckets, "GET /users 39", limit=40)
    tell(buckets, "a 6", limit=7)
    (own,) = buckets.of("GET /users")
    assert (500 / 60, True) == (own.refill.rate, own.refill.is_known)
    tenant = buckets.whole(told(0, 40))
    assert [own, tenant] == buckets.of("GET /users")
    assert own is not tenant


def test_a_bucket_of_ones_own_that_is_found_out_is_refilled_as_is_published():
    buckets = Buckets(1.0)
    tell(buckets, "GET /roles 49", "GET /grants 10", "GET /roles 48", "GET /grants 9", "GET /roles 48", limit=50)
    own, tenant = buckets.of("GET /roles")
    assert [tenant] == buckets.of("GET /grants")
    assert (16.0, True) == (own.refill.rate, own.refill.is_known)


def test_what_parted_stays_apart_whatever_others_tell():
    buckets = parted()
    tell(buckets, "GET /users 39", limit=40)
    assert buckets.of("a") != buckets.of("b")


def test_an_endpoint_joins_the_bucket_whose_tokens_it_counts():
    buckets = Buckets(1.0)
    tell(buckets, "a 29", "b 10", "a 28", "b 9", "a 28")
    assert buckets.of("a") != buckets.of("b")
    tell(buckets, "c 28", "d 8", "c 28", "d 7", "c 28")
    assert buckets.of("b") != buckets.of("a") == buckets.of("c")


def test_nobody_can_tell_which_of_all_full_buckets_an_answer_tells_of():
    buckets = Buckets(1.0)
    tell(buckets, "a 29", "b 10", "a 29", "b 9", "a 29", "c 29", "d 8", "c 29", "d 7", "c 29")
    assert 3 == len({id(buckets.of(key)[0]) for key in ("a", "b", "c")})


def test_an_endpoint_may_join_the_tenants_bucket():
    buckets = Buckets(1.0)
    tell(buckets, "GET /users 39", limit=40)
    tenant = buckets.whole(told(0, 40))
    tell(buckets, "GET /users 20", "GET /users 1", limit=40)
    assert [tenant] == buckets.of("GET /users")


def test_one_surprise_may_be_chance():
    buckets = Buckets(1.0)
    tell(buckets, "a 20", "b 19")
    before = buckets.of("a")
    tell(buckets, "a 10", "b 18", "a 17", "b 16", "a 8", "b 15")
    assert before == buckets.of("a") == buckets.of("b")


def test_one_surprise_may_be_chance_after_endpoints_have_parted_too():
    buckets = Buckets(1.0)
    tell(buckets, "a 29", "b 10", "a 28", "b 9", "a 28", "b 8", "a 7")
    assert buckets.of("a") != buckets.of("b")


@pytest.mark.parametrize(("surprise", "parts"), [(0.75, True), (-0.75, False)])
def test_who_counts_fewer_tokens_than_were_taken_parts(monkeypatch: pytest.MonkeyPatch, surprise: float, parts: bool):
    """Who counts more shares them with others than this sync."""
    monkeypatch.setattr(Bucket, "surprise", lambda *_: surprise)
    buckets = Buckets(1.0)
    tell(buckets, "a 20", "b 19", "a 18", "b 17", "a 16")
    assert parts == (buckets.of("a") != buckets.of("b"))


def test_an_answer_that_comes_late_is_no_surprise():
    buckets = Buckets(1.0)
    tell(buckets, "a 29", "b 28", "a 27", "b 26")
    (bucket,) = buckets.of("a")
    late = [bucket.take(0.0) for _ in range(10)]
    bucket.under_way = 0
    assert bucket is buckets.home("a", late[0], told(25))
    tell(buckets, "b 15")
    assert bucket is buckets.home("a", late[1], told(24))


def test_an_endpoint_that_agrees_with_itself_is_not_asked_which_bucket_it_draws_from():
    buckets = Buckets(1.0)
    tell(buckets, "a 20", "b 19", "b 10", "b 28", "b 3")
    assert buckets.of("a") == buckets.of("b")


def test_an_endpoint_alone_in_its_bucket_shares_it_with_others_than_this_sync():
    buckets = Buckets(1.0)
    tell(buckets, "a 20")
    before = buckets.of("a")
    tell(buckets, "a 10", "a 25", "a 3")
    assert before == buckets.of("a")
    assert isinstance(before[0], Bucket)
