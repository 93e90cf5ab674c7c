"""Which of Auth0's buckets an endpoint draws from, which Auth0 does not say: found by what its answers tell."""

from collections import Counter
from collections.abc import Collection

from source_auth0.api.rate_limit.published_limits import BucketGuess, PublishedLimits
from source_auth0.api.rate_limit.refill_estimator import RateLimitHeaders
from source_auth0.api.rate_limit.token_bucket import TakenToken, TokenBucket

#: Answers in a row that speak for another bucket before an endpoint is counted there.
MISMATCHES_BEFORE_REASSIGNMENT = 2
#: Any endpoint that has no bucket of its own.
ANY_ENDPOINT = ""


class BucketRegistry:
    """The buckets known so far, and the endpoints that draw from each.

    An answer tells a bucket's size and what remains. Which endpoints share a bucket is first taken to be as published.
    Where answers do not count the same tokens, endpoints part. The bucket of the whole tenant is published or told by
    the words of a refusal, and all draw from it too.
    """

    def __init__(self, share: float) -> None:
        self.share = share
        #: The bucket of the whole tenant, once it is known.
        self.tenant: TokenBucket | None = None
        self._published = PublishedLimits()
        self._guesses: dict[str, BucketGuess] = {}
        self._shared: dict[int, TokenBucket] = {}
        self._buckets_by_endpoint: dict[str, list[TokenBucket]] = {}
        self._endpoints_per_bucket: Counter[TokenBucket] = Counter()
        self._mismatches: Counter[str] = Counter()
        self._last: dict[TokenBucket, str] = {}

    def __bool__(self) -> bool:
        """Whether any answer has come so far."""
        return bool(self._buckets_by_endpoint)

    def __contains__(self, key: object) -> bool:
        """Whether an answer to this endpoint has come."""
        return key in self._buckets_by_endpoint

    def buckets_of(self, key: str) -> list[TokenBucket]:
        """The buckets that an endpoint draws from, its own before the tenant's.

        One that has not answered yet is taken to share the bucket that most others share, unless it may have its own.
        """
        homes = self._buckets_by_endpoint.get(key)
        if homes is None and self._published.has_own(key):
            return [self.tenant] if self.tenant else []
        if homes is None:
            homes = [bucket for bucket, _ in self._endpoints_per_bucket.most_common(1)]
        own = [bucket for bucket in homes if bucket is not self.tenant]
        return [*own, self.tenant] if self.tenant and homes else own

    def set_unlimited(self, key: str) -> None:
        """Answers to this endpoint tell of no bucket, which is no error: some endpoints have no limit."""
        self._assign(key, [])

    def endpoints_sharing(self, key: str) -> int:
        """How many other endpoints draw from a bucket of this one's."""
        homes = set(self._buckets_by_endpoint.get(key, ()))
        return sum(
            bool(homes.intersection(others)) for name, others in self._buckets_by_endpoint.items() if name != key
        )

    def tenant_bucket_for(self, told: RateLimitHeaders) -> TokenBucket:
        """The bucket of the whole tenant, which a refusal has named; endpoints that told of its size draw from it."""
        if self.tenant is None or self.tenant.limit != told.limit:
            same = [bucket for bucket in self._endpoints_per_bucket if bucket.limit == told.limit]
            flows = self._published.guess(ANY_ENDPOINT, told.limit).flows
            self.tenant = self._shared.setdefault(told.limit, TokenBucket(told, self.share, flows))
            self._merge([bucket for bucket in same if not self._is_own(bucket)], self.tenant)
        return self.tenant

    def bucket_for(self, key: str, token: TakenToken | None, told: RateLimitHeaders) -> TokenBucket:
        """The bucket that counted a request, by the token that it took there, if it did."""
        homes = self._buckets_by_endpoint.get(key, [])
        home = next((bucket for bucket in homes if bucket.limit == told.limit), None)
        if home is None:
            return self._expected(key, told)
        last, self._last[home] = self._last.get(home), key
        if last == key and self._endpoints_per_bucket[home] > 1:
            return home  # it agrees with itself, whichever bucket it draws from
        surprise = home.mismatch(told, token)
        self._mismatches[key] = self._mismatches[key] + 1 if surprise else 0
        if self._mismatches[key] < MISMATCHES_BEFORE_REASSIGNMENT:
            return home
        other = self._explaining(home, told)
        if other is None and (surprise < 0 or self._endpoints_per_bucket[home] == 1):
            return home  # others than this sync draw from it
        self._mismatches[key] = 0
        other = other or TokenBucket(told, self.share, self._guesses[key].flows)
        self._assign(key, [other, *(bucket for bucket in homes if bucket is not home)])
        return other

    def _expected(self, key: str, told: RateLimitHeaders) -> TokenBucket:
        """The bucket of an endpoint that tells of this size for the first time, as is published."""
        changed = self._published.record(key, told.limit)
        guess = self._guesses[key] = self._published.guess(key, told.limit)
        if changed:
            self._revise_guesses()
        home = TokenBucket(told, self.share, guess.flows)
        if not guess.is_own:
            home = self._shared.setdefault(told.limit, home)
        self._assign(key, [home, *self._buckets_by_endpoint.get(key, [])])
        self._apply(guess, home)
        return home

    def _revise_guesses(self) -> None:
        """What one endpoint has told changes what to think of the others."""
        for key, before in self._guesses.items():
            for home in self._buckets_by_endpoint.get(key, []):
                self._guesses[key] = guess = self._published.guess(key, home.limit)
                kept = home
                if before.is_own and not guess.is_own:
                    kept = self._shared.setdefault(home.limit, home)
                    self._merge([home], kept)
                kept.refill.set_published(guess.flows)
                self._apply(guess, kept)

    def _apply(self, guess: BucketGuess, home: TokenBucket) -> None:
        if guess.is_whole and self.tenant is None:
            self.tenant = home

    def _is_own(self, bucket: TokenBucket) -> bool:
        """Whether it is published that one endpoint alone has this bucket."""
        return all(self._guesses[key].is_own for key, homes in self._buckets_by_endpoint.items() if bucket in homes)

    def _explaining(self, but: TokenBucket, told: RateLimitHeaders) -> TokenBucket | None:
        """Another bucket of this size whose next token this answer may have told of; a full one tells nothing."""
        if told.remaining >= told.limit - 1:
            return None
        known = dict.fromkeys([*self._endpoints_per_bucket, *([self.tenant] if self.tenant else [])])
        fitting = [
            bucket for bucket in known if bucket is not but and bucket.limit == told.limit and not bucket.mismatch(told)
        ]
        return max(fitting, key=self._endpoints_per_bucket.__getitem__, default=None)

    def _merge(self, buckets: Collection[TokenBucket], kept: TokenBucket) -> None:
        for key, homes in list(self._buckets_by_endpoint.items()):
            self._assign(key, list(dict.fromkeys(kept if bucket in buckets else bucket for bucket in homes)))

    def _assign(self, key: str, homes: list[TokenBucket]) -> None:
        self._endpoints_per_bucket.subtract(self._buckets_by_endpoint.get(key))
        self._endpoints_per_bucket.update(homes)
        self._endpoints_per_bucket = +self._endpoints_per_bucket  # those without an endpoint are gone
        self._buckets_by_endpoint[key] = homes
