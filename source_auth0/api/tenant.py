"""The tenant of a sync: its normalized config, and the services that all streams share; neither can be copied."""

import logging
import threading
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from datetime import datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from functools import cached_property
from typing import Any, NoReturn, TypeVar
from urllib.parse import urlsplit

import requests

from source_auth0.api.http.answered_routes import AnsweredRoutes
from source_auth0.api.http.circuit_breaker import CircuitBreaker
from source_auth0.api.http.session import PooledSession
from source_auth0.api.rate_limit.api_budget import ApiBudget
from source_auth0.api.rate_limit.concurrency_limit import AdaptiveConcurrencyLimit
from source_auth0.config.normalization import normalize_base_url
from source_auth0.config.options import DEFAULT_RATE_LIMIT_SHARE_PERCENT, configured_workers, positive_number
from source_auth0.config.tenant_config import TenantConfig, copy_error
from source_auth0.engine.shared_pages import SharedPages
from source_auth0.engine.thread_pool import current_stream
from source_auth0.progress.sync_progress import SyncProgress
from source_auth0.timestamps import Milliseconds, to_iso

#: `Date` headers whose median gives the clock offset.
CLOCK_SAMPLES = 5
#: How far this machine's clock may be ahead of Auth0's where no response has a date.
UNDATED_MARGIN = timedelta(minutes=15)
#: Clock offsets from this on are not believed.
MAX_CLOCK_OFFSET = timedelta(days=3653)

LOGGER = logging.getLogger("airbyte.source_auth0")
T = TypeVar("T")


class Tenant:
    """What the streams of one sync share, and the config that they are read with.

    One instance a source: access token, connection pool, rate limit budget, shared pages, and the tenant's clock. A
    second one would sign in again and count a rate limit that is not its own: no copy can be made.
    """

    def __init__(self, config: Mapping[str, Any]) -> None:
        self.config = config = TenantConfig(config, self)
        self.progress = SyncProgress(lambda stream: self.requests[stream], self._flow_of)
        self.shared_pages = SharedPages(self._waiting_for_pages)
        self.concurrency_limit = AdaptiveConcurrencyLimit(configured_workers(config))
        share = min((positive_number(config, "rate_limit_share") or DEFAULT_RATE_LIMIT_SHARE_PERCENT) / 100, 1.0)
        self.circuit_breaker = CircuitBreaker()
        self.budget = ApiBudget(share, positive_number(config, "max_requests_per_second"))
        self._clock_offset = timedelta()
        self._offset_samples: deque[timedelta] = deque(maxlen=CLOCK_SAMPLES)
        #: Whether anything has responded at its address yet.
        self.is_reached = False
        #: Whether a state of an earlier sync is resumed from, which read from this host.
        self.is_resumed = False
        self._last_date_header: str | None = None
        self._seen_keys: set[str] = set()
        self._results: dict[str, Any] = {}
        self._locks: dict[str, threading.Lock] = {}
        self._lock = threading.Lock()
        self.refused_scopes: set[str] = set()
        self.answered_routes = AnsweredRoutes()
        #: Streams of many parents that Auth0 has answered for at least one of them in this sync.
        self.streams_answered: set[str] = set()
        #: Requests sent in a stream's name, and its checks of completeness that could not be made.
        self.requests: Counter[str] = Counter()
        self._last_endpoints: dict[str, str] = {}
        self.not_verified: defaultdict[str, list[str]] = defaultdict(list)
        #: Streams whose lists this release pages by number only, and the page sizes that it named as their maximum.
        self.streams_without_checkpoints: set[str] = set()
        self.page_sizes: dict[str, int] = {}

    def __repr__(self) -> str:
        """The address alone: a config holds secrets."""
        return f"Tenant({self.config.get('base_url')})"

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        """Raise a TypeError to copy, deepcopy and pickle."""
        raise copy_error("tenant")

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> "Tenant":
        """The tenant behind a component's config; raises a TypeError for one that has none, such as a copy."""
        if isinstance(config, TenantConfig):
            tenant: Tenant = config.tenant
            return tenant
        raise TypeError(
            f"This {type(config).__name__} is no tenant's config: it may be a copy of one, such as `{{**config}}`. "
            "Pass `tenant.config` itself; `Tenant(config)` makes the one tenant of a source."
        )

    def validate(self) -> None:
        """Raise a config error that says what to change when the Base URL cannot be an Auth0 tenant's."""
        normalize_base_url(self.config["base_url"])

    @property
    def domain(self) -> str:
        """The canonical domain, even behind a custom domain: the primary key column that tells tenants apart."""
        audience = (self.config.get("credentials") or {}).get("audience") or ""
        return urlsplit(audience).hostname or urlsplit(self.config["base_url"]).netloc

    @property
    def workers(self) -> int:
        """How many requests may be in flight; adaptive unless the config sets a number."""
        return self.concurrency_limit.limit

    @property
    def threads(self) -> int:
        """Size of the thread pool: over twice the requests in flight, since threads that split work send none."""
        return 2 * self.workers + 2

    @property
    def is_known_host(self) -> bool:
        """Whether the Base URL has been read from, in this sync or in an earlier one, so that its name is right."""
        return self.is_reached or self.is_resumed

    @cached_property
    def session(self) -> requests.Session:
        """The connection pool of all streams; proxies and certificates come from the environment."""
        return PooledSession()

    def now(self) -> datetime:
        """The tenant's clock, by the `Date` headers of its responses; this machine's until there was one."""
        return datetime.now(timezone.utc) + self._clock_offset

    @property
    def now_ms(self) -> Milliseconds:
        """The tenant's clock in milliseconds since 1970."""
        return int(self.now().timestamp() * 1000)

    @property
    def now_text(self) -> str:
        """The tenant's clock as rows and states have it."""
        return to_iso(self.now_ms)

    @property
    def clock_margin(self) -> timedelta:
        """How far `now` may be ahead of Auth0's clock: fifteen minutes, with a warning, where no response was dated.

        A proxy may strip the `Date` header, and this machine's clock be fast: what happens at Auth0 until its clock
        gets there would be taken for read.
        """
        if self._offset_samples or not self.is_reached:
            return timedelta()
        if self.first_time("answers without a date"):
            LOGGER.warning(
                "Auth0's answers have no `Date` header: a proxy may have removed it. This machine's clock counts then, "
                f"and may be fast, so that incremental syncs end {UNDATED_MARGIN.seconds // 60} minutes earlier."
            )
        return UNDATED_MARGIN

    @property
    def clock_offset(self) -> timedelta:
        """How far the tenant's clock is ahead of this machine's, by its `Date` headers."""
        return self._clock_offset

    def observe_date(self, header: str | None) -> None:
        """Follow the tenant's clock, to the second; the median of the last headers outvotes an outlier."""
        self.is_reached = True
        if not header or header == self._last_date_header:
            return
        self._last_date_header = header
        try:
            offset = parsedate_to_datetime(header) - datetime.now(timezone.utc)
        except (TypeError, ValueError, OverflowError):
            return
        if abs(offset) >= MAX_CLOCK_OFFSET:
            return  # with this machine's clock so far off, no TLS certificate would be valid
        with self._lock:
            self._offset_samples.append(offset)
            self._clock_offset = sorted(self._offset_samples)[(len(self._offset_samples) - 1) // 2]

    def count_request(self, stream: str, endpoint: str) -> None:
        """Count a request that is sent to an endpoint in a stream's name."""
        with self._lock:
            self.requests[stream] += 1
            self._last_endpoints[stream] = endpoint

    def _flow_of(self, stream: str) -> float | None:
        """Requests a second that the rate limit allows for what a stream asked last; None if that is not known."""
        endpoint = self._last_endpoints.get(stream)
        return None if endpoint is None else self.budget.flow(endpoint)

    def _waiting_for_pages(self, name: str) -> AbstractContextManager[None]:
        reason = f"the pages of `{name}`, which another stream asks for"
        return self.progress.waiting(current_stream() or name, reason)

    def once(self, key: str, compute: Callable[[], T]) -> T:
        """Compute a value once a sync, in the thread that needs it first; other threads wait for it."""
        with self._lock:
            key_lock = self._locks.setdefault(key, threading.Lock())
        with key_lock:
            if key not in self._results:
                self._results[key] = compute()
            return self._results[key]  # type: ignore[no-any-return]

    def first_time(self, key: str) -> bool:
        """Whether `key` comes for the first time in this sync, so that a warning is logged once."""
        with self._lock:
            is_first = key not in self._seen_keys
            self._seen_keys.add(key)
            return is_first
