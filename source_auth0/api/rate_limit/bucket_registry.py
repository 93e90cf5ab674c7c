"""Which of Auth0's token buckets an endpoint draws from: inferred from its responses, which do not name it."""

from collections import Counter
from collections.abc import Collection, Sequence

from source_auth0.api.rate_limit.published_limits import BucketGuess, PublishedLimits, RefillRate
from source_auth0.api.rate_limit.rate_limit_headers import RateLimitHeaders
from source_auth0.api.rate_limit.reserve import RESERVED_PART
from source_auth0.api.rate_limit.token_bucket import TakenToken, TokenBucket

#: Mismatches in a row before an endpoint is assigned to another bucket.
MISMATCHES_BEFORE_REASSIGNMENT = 2
#: Stands for any endpoint without a bucket of its own.
ANY_ENDPOINT = ""


class BucketRegistry:
    """The buckets known so far, and the endpoints that draw from each.

    A response gives a bucket's size and remaining tokens. Endpoints share buckets as published, until their responses
    turn out not to count the same tokens. The tenant-wide bucket is published, or named by the message of a 429; all
    endpoints draw from it too.
    """

    def __init__(self, share: float, reserved_part: float = RESERVED_PART) -> None:
        self.share, self._reserved_part = share, reserved_part
        #: The tenant-wide bucket, once it is known.
        self.tenant: TokenBucket | None = None
        self._published = PublishedLimits()
        self._guesses: dict[str, BucketGuess] = {}
        self._shared: dict[int, TokenBucket] = {}
        self._buckets_by_endpoint: dict[str, list[TokenBucket]] = {}
        self._endpoints_per_bucket: Counter[TokenBucket] = Counter()
        self._mismatches: Counter[str] = Counter()
        self._last_endpoint: dict[TokenBucket, str] = {}

    def __bool__(self) -> bool:
        """Whether any response has been recorded."""
        return bool(self._buckets_by_endpoint)

    def __contains__(self, endpoint: object) -> bool:
        """Whether a response of this endpoint has been recorded."""
        return endpoint in self._buckets_by_endpoint

    def buckets_of(self, endpoint: str) -> list[TokenBucket]:
        """The buckets that an endpoint draws from, its own before the tenant's.

        One without a response is assumed to share the bucket that most others share, unless it may have its own.
        """
        assigned = self._buckets_by_endpoint.get(endpoint)
        if assigned is None and self._published.has_own(endpoint):
            return [self.tenant] if self.tenant else []
        if assigned is None:
            assigned = [bucket for bucket, _ in self._endpoints_per_bucket.most_common(1)]
        own = [bucket for bucket in assigned if bucket is not self.tenant]
        return [*own, self.tenant] if self.tenant and assigned else own

    def set_unlimited(self, endpoint: str) -> None:
        """Record a response without rate limit headers, which is no error: some endpoints have no limit."""
        self._assign(endpoint, [])

    def endpoints_sharing(self, endpoint: str) -> int:
        """How many other endpoints share a bucket with this one."""
        assigned = set(self._buckets_by_endpoint.get(endpoint, ()))
        return sum(
            bool(assigned.intersection(others))
            for name, others in self._buckets_by_endpoint.items()
            if name != endpoint
        )

    def tenant_bucket_for(self, headers: RateLimitHeaders) -> TokenBucket:
        """The tenant-wide bucket, which a 429 has named; endpoints whose bucket has its size are assigned to it."""
        if self.tenant is None or self.tenant.limit != headers.limit:
            same_size = [bucket for bucket in self._endpoints_per_bucket if bucket.limit == headers.limit]
            refill_rates = self._published.guess(ANY_ENDPOINT, headers.limit).refill_rates
            self.tenant = self._shared.setdefault(headers.limit, self._new_bucket(headers, refill_rates))
            self._merge([bucket for bucket in same_size if not self._is_own(bucket)], self.tenant)
        return self.tenant

    def bucket_for(self, endpoint: str, token: TakenToken | None, headers: RateLimitHeaders) -> TokenBucket:
        """The bucket that counted a request; `token` is the one that it took from a bucket of this size, if it did."""
        assigned = self._buckets_by_endpoint.get(endpoint, [])
        bucket = next((candidate for candidate in assigned if candidate.limit == headers.limit), None)
        if bucket is None:
            return self._assign_published(endpoint, headers)
        last_endpoint, self._last_endpoint[bucket] = self._last_endpoint.get(bucket), endpoint
        if last_endpoint == endpoint and self._endpoints_per_bucket[bucket] > 1:
            return bucket  # its own responses agree, whichever bucket it draws from
        mismatch = bucket.mismatch(headers, token)
        self._mismatches[endpoint] = self._mismatches[endpoint] + 1 if mismatch else 0
        if self._mismatches[endpoint] < MISMATCHES_BEFORE_REASSIGNMENT:
            return bucket
        other = self._matching(bucket, headers)
        if other is None and (mismatch < 0 or self._endpoints_per_bucket[bucket] == 1):
            return bucket  # other clients draw from it
        self._mismatches[endpoint] = 0
        other = other or self._new_bucket(headers, self._guesses[endpoint].refill_rates)
        self._assign(endpoint, [other, *(kept for kept in assigned if kept is not bucket)])
        return other

    def _new_bucket(self, headers: RateLimitHeaders, refill_rates: Sequence[RefillRate]) -> TokenBucket:
        return TokenBucket(headers, self.share, refill_rates, self._reserved_part)

    def _assign_published(self, endpoint: str, headers: RateLimitHeaders) -> TokenBucket:
        """The published bucket of an endpoint that reports this size for the first time."""
        changed = self._published.record(endpoint, headers.limit)
        guess = self._guesses[endpoint] = self._published.guess(endpoint, headers.limit)
        if changed:
            self._revise_guesses()
        bucket = self._new_bucket(headers, guess.refill_rates)
        if not guess.is_own:
            bucket = self._shared.setdefault(headers.limit, bucket)
        self._assign(endpoint, [bucket, *self._buckets_by_endpoint.get(endpoint, [])])
        self._apply(guess, bucket)
        return bucket

    def _revise_guesses(self) -> None:
        """Guess all buckets again, after the size that one endpoint reported has changed the likely plans."""
        for endpoint, before in self._guesses.items():
            for bucket in self._buckets_by_endpoint.get(endpoint, []):
                self._guesses[endpoint] = guess = self._published.guess(endpoint, bucket.limit)
                target = bucket
                if before.is_own and not guess.is_own:
                    target = self._shared.setdefault(bucket.limit, bucket)
                    self._merge([bucket], target)
                target.refill.set_published(guess.refill_rates)
                self._apply(guess, target)

    def _apply(self, guess: BucketGuess, bucket: TokenBucket) -> None:
        if guess.is_tenant_wide and self.tenant is None:
            self.tenant = bucket

    def _is_own(self, bucket: TokenBucket) -> bool:
        """Whether this bucket is published as that of one endpoint alone."""
        return all(
            self._guesses[endpoint].is_own
            for endpoint, assigned in self._buckets_by_endpoint.items()
            if bucket in assigned
        )

    def _matching(self, excluded: TokenBucket, headers: RateLimitHeaders) -> TokenBucket | None:
        """Another bucket of this size whose next token the response may have counted; a full one proves nothing."""
        if headers.remaining >= headers.limit - 1:
            return None
        buckets = dict.fromkeys([*self._endpoints_per_bucket, *([self.tenant] if self.tenant else [])])
        candidates = [
            bucket
            for bucket in buckets
            if bucket is not excluded and bucket.limit == headers.limit and not bucket.mismatch(headers)
        ]
        return max(candidates, key=self._endpoints_per_bucket.__getitem__, default=None)

    def _merge(self, buckets: Collection[TokenBucket], target: TokenBucket) -> None:
        for endpoint, assigned in list(self._buckets_by_endpoint.items()):
            self._assign(endpoint, list(dict.fromkeys(target if bucket in buckets else bucket for bucket in assigned)))

    def _assign(self, endpoint: str, assigned: list[TokenBucket]) -> None:
        self._endpoints_per_bucket.subtract(self._buckets_by_endpoint.get(endpoint))
        self._endpoints_per_bucket.update(assigned)
        self._endpoints_per_bucket = +self._endpoints_per_bucket  # drops buckets without endpoints
        self._buckets_by_endpoint[endpoint] = assigned
