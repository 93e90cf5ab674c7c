"""Which of Auth0's buckets an endpoint draws from, which Auth0 does not say: found by what its answers tell."""

from collections import Counter
from collections.abc import Collection

from source_auth0.components.bucket import Bucket, Token
from source_auth0.components.published import Guess, Published
from source_auth0.components.refill import Told

#: Answers in a row that speak for another bucket before an endpoint is counted there.
DOUBTS = 2
#: Any endpoint that has no bucket of its own.
ANY = ""


class Buckets:
    """The buckets known so far, and the endpoints that draw from each.

    An answer tells a bucket's size and what remains. Which endpoints share a bucket is first taken to be as published.
    Where answers do not count the same tokens, endpoints part. The bucket of the whole tenant is published or told by
    the words of a refusal, and all draw from it too.
    """

    def __init__(self, share: float) -> None:
        self.share = share
        #: The bucket of the whole tenant, once it is known.
        self.tenant: Bucket | None = None
        self._published = Published()
        self._guesses: dict[str, Guess] = {}
        self._shared: dict[int, Bucket] = {}
        self._homes: dict[str, list[Bucket]] = {}
        self._members: Counter[Bucket] = Counter()
        self._doubts: Counter[str] = Counter()
        self._last: dict[Bucket, str] = {}

    def __bool__(self) -> bool:
        """Whether any answer has come so far."""
        return bool(self._homes)

    def __contains__(self, key: object) -> bool:
        """Whether an answer to this endpoint has come."""
        return key in self._homes

    def of(self, key: str) -> list[Bucket]:
        """The buckets that an endpoint draws from, its own before the tenant's.

        One that has not answered yet is taken to share the bucket that most others share, unless it may have its own.
        """
        homes = self._homes.get(key)
        if homes is None and self._published.has_own(key):
            return [self.tenant] if self.tenant else []
        if homes is None:
            homes = [bucket for bucket, _ in self._members.most_common(1)]
        own = [bucket for bucket in homes if bucket is not self.tenant]
        return [*own, self.tenant] if self.tenant and homes else own

    def unlimited(self, key: str) -> None:
        """Answers to this endpoint tell of no bucket, which is no error: some endpoints have no limit."""
        self._settle(key, [])

    def sharing(self, key: str) -> int:
        """How many other endpoints draw from a bucket of this one's."""
        homes = set(self._homes.get(key, ()))
        return sum(bool(homes.intersection(others)) for name, others in self._homes.items() if name != key)

    def whole(self, told: Told) -> Bucket:
        """The bucket of the whole tenant, which a refusal has named; endpoints that told of its size draw from it."""
        if self.tenant is None or self.tenant.limit != told.limit:
            same = [bucket for bucket in self._members if bucket.limit == told.limit]
            flows = self._published.guess(ANY, told.limit).flows
            self.tenant = self._shared.setdefault(told.limit, Bucket(told, self.share, flows))
            self._merge([bucket for bucket in same if not self._is_own(bucket)], self.tenant)
        return self.tenant

    def home(self, key: str, token: Token | None, told: Told) -> Bucket:
        """The bucket that counted a request, by the token that it took there, if it did."""
        homes = self._homes.get(key, [])
        home = next((bucket for bucket in homes if bucket.limit == told.limit), None)
        if home is None:
            return self._expected(key, told)
        last, self._last[home] = self._last.get(home), key
        if last == key and self._members[home] > 1:
            return home  # it agrees with itself, whichever bucket it draws from
        surprise = home.surprise(told, token)
        self._doubts[key] = self._doubts[key] + 1 if surprise else 0
        if self._doubts[key] < DOUBTS:
            return home
        other = self._explaining(home, told)
        if other is None and (surprise < 0 or self._members[home] == 1):
            return home  # others than this sync draw from it
        self._doubts[key] = 0
        other = other or Bucket(told, self.share, self._guesses[key].flows)
        self._settle(key, [other, *(bucket for bucket in homes if bucket is not home)])
        return other

    def _expected(self, key: str, told: Told) -> Bucket:
        """The bucket of an endpoint that tells of this size for the first time, as is published."""
        changed = self._published.learn(key, told.limit)
        guess = self._guesses[key] = self._published.guess(key, told.limit)
        if changed:
            self._guess_anew()
        home = Bucket(told, self.share, guess.flows)
        if not guess.is_own:
            home = self._shared.setdefault(told.limit, home)
        self._settle(key, [home, *self._homes.get(key, [])])
        self._heed(guess, home)
        return home

    def _guess_anew(self) -> None:
        """What one endpoint has told changes what to think of the others."""
        for key, before in self._guesses.items():
            for home in self._homes.get(key, []):
                self._guesses[key] = guess = self._published.guess(key, home.limit)
                kept = home
                if before.is_own and not guess.is_own:
                    kept = self._shared.setdefault(home.limit, home)
                    self._merge([home], kept)
                kept.refill.expect(guess.flows)
                self._heed(guess, kept)

    def _heed(self, guess: Guess, home: Bucket) -> None:
        if guess.is_whole and self.tenant is None:
            self.tenant = home

    def _is_own(self, bucket: Bucket) -> bool:
        """Whether it is published that one endpoint alone has this bucket."""
        return all(self._guesses[key].is_own for key, homes in self._homes.items() if bucket in homes)

    def _explaining(self, but: Bucket, told: Told) -> Bucket | None:
        """Another bucket of this size whose next token this answer may have told of; a full one tells nothing."""
        if told.remaining >= told.limit - 1:
            return None
        known = dict.fromkeys([*self._members, *([self.tenant] if self.tenant else [])])
        fitting = [
            bucket for bucket in known if bucket is not but and bucket.limit == told.limit and not bucket.surprise(told)
        ]
        return max(fitting, key=self._members.__getitem__, default=None)

    def _merge(self, buckets: Collection[Bucket], kept: Bucket) -> None:
        for key, homes in list(self._homes.items()):
            self._settle(key, list(dict.fromkeys(kept if bucket in buckets else bucket for bucket in homes)))

    def _settle(self, key: str, homes: list[Bucket]) -> None:
        self._members.subtract(self._homes.get(key))
        self._members.update(homes)
        self._members = +self._members  # those without an endpoint are gone
        self._homes[key] = homes
