"""The tenant a sync reads: its addresses, and what all streams of one sync share."""

import threading
from collections import deque
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from functools import cached_property
from typing import Any, TypeVar
from urllib.parse import urlsplit

import requests

from source_auth0.api.http.circuit_breaker import CircuitBreaker
from source_auth0.api.http.session import PooledSession
from source_auth0.api.rate_limit.api_budget import ApiBudget
from source_auth0.api.rate_limit.concurrency_limit import AdaptiveConcurrencyLimit
from source_auth0.config.normalization import normalize_base_url, normalize_config
from source_auth0.config.options import DEFAULT_RATE_LIMIT_SHARE_PERCENT, configured_workers, positive_number
from source_auth0.engine.shared_pages import SharedPages
from source_auth0.timestamps import Milliseconds

#: Answers whose clocks are compared.
CLOCK_SAMPLES = 5
#: How far the tenant's clock may be from this machine's to be believed.
MAX_CLOCK_OFFSET = timedelta(days=3653)

T = TypeVar("T")


class Tenant(dict[str, Any]):
    """The config as the framework's templates see it, plus what the streams of one sync share.

    One instance a source: its token, its HTTP connections, its shared pages and the tenant's clock. `base_url` and
    `audience` are written the way everything else expects them; what cannot be is left for `verify`, which says why.
    """

    def __init__(self, config: Mapping[str, Any]) -> None:
        super().__init__(normalize_config(config))
        self.shared_pages = SharedPages()
        self.concurrency_limit = AdaptiveConcurrencyLimit(configured_workers(self))
        share = min((positive_number(self, "rate_limit_share") or DEFAULT_RATE_LIMIT_SHARE_PERCENT) / 100, 1.0)
        self.circuit_breaker = CircuitBreaker()
        self.budget = ApiBudget(share, positive_number(self, "max_requests_per_second"))
        self._ahead = timedelta()
        self._told: deque[timedelta] = deque(maxlen=CLOCK_SAMPLES)
        #: Whether anything has answered at its address yet.
        self.is_reached = False
        self._observed: str | None = None
        self._warned: set[str] = set()
        self._known: dict[str, Any] = {}
        self._learning: dict[str, threading.Lock] = {}
        self._lock = threading.Lock()
        self.refused_scopes: set[str] = set()
        #: Streams of many parents for none of whom there is anything to read, since the tenant lacks the feature.
        self.streams_without_feature: set[str] = set()

    def __repr__(self) -> str:
        """The address alone: a config holds secrets."""
        return f"Tenant({self.get('base_url')})"

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> "Tenant":
        """The tenant behind a component's config; a plain mapping (as in a unit test) becomes one of its own."""
        return config if isinstance(config, Tenant) else cls(config)

    def validate(self) -> None:
        """Raise a config error that says what to change when the addresses cannot be an Auth0 tenant's."""
        normalize_base_url(self["base_url"])

    @property
    def domain(self) -> str:
        """The canonical domain, whichever custom domain is used: the key column that tells tenants apart."""
        audience = (self.get("credentials") or {}).get("audience") or ""
        return urlsplit(audience).hostname or urlsplit(self["base_url"]).netloc

    @property
    def workers(self) -> int:
        """How many requests may be under way at once; it changes unless the config names a number."""
        return self.concurrency_limit.limit

    @property
    def threads(self) -> int:
        """How many may be at work: twice as many as requests under way, since one that cuts pieces holds none."""
        return 2 * self.workers + 2

    @cached_property
    def session(self) -> requests.Session:
        """Connections kept open for all streams; proxies and certificates as `requests` reads the environment."""
        return PooledSession()

    def now(self) -> datetime:
        """The tenant's clock, told by the `Date` header of its answers; this machine's until there was one."""
        return datetime.now(timezone.utc) + self._ahead

    @property
    def now_ms(self) -> Milliseconds:
        """The same in milliseconds since 1970."""
        return int(self.now().timestamp() * 1000)

    @property
    def clock_offset(self) -> timedelta:
        """How far the tenant's clock is ahead of this machine's, as far as its answers told."""
        return self._ahead

    def observe_date(self, header: str | None) -> None:
        """Follow the tenant's clock, to the second; what one answer alone says otherwise is not believed."""
        self.is_reached = True
        if not header or header == self._observed:
            return
        self._observed = header
        try:
            ahead = parsedate_to_datetime(header) - datetime.now(timezone.utc)
        except (TypeError, ValueError, OverflowError):
            return
        if abs(ahead) >= MAX_CLOCK_OFFSET:
            return  # a machine so far off would not get past the first certificate
        with self._lock:
            self._told.append(ahead)
            self._ahead = sorted(self._told)[(len(self._told) - 1) // 2]

    def once(self, what: str, learn: Callable[[], T]) -> T:
        """Something that the whole sync learns once, by whichever stream needs it first; the others wait for it."""
        with self._lock:
            learning = self._learning.setdefault(what, threading.Lock())
        with learning:
            if what not in self._known:
                self._known[what] = learn()
            return self._known[what]  # type: ignore[no-any-return]

    def first_time(self, what: str) -> bool:
        """Whether `what` is said for the first time in this sync, so that a warning is given once."""
        with self._lock:
            first = what not in self._warned
            self._warned.add(what)
            return first
