"""The tenant a sync reads: its addresses, and what all streams of one sync share."""

import contextlib
import re
import threading
from collections import deque
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from functools import cached_property
from typing import Any, TypeVar
from urllib.parse import urlsplit

import requests
from airbyte_cdk.utils.traced_exception import AirbyteTracedException

from source_auth0.components.budget import SHARE, Budget
from source_auth0.components.connections import Connections
from source_auth0.components.gate import Gate
from source_auth0.components.held_token import HeldToken
from source_auth0.components.masking import RUN, quoted
from source_auth0.components.outages import Outages
from source_auth0.components.problems import config_error
from source_auth0.components.sharing import SharedPages
from source_auth0.components.windows import Milliseconds

#: Hosts that may be spoken to without TLS: a simulated tenant on this very machine.
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
#: Labels of up to 63 characters with dots in between, or an address in brackets without them.
HOST = re.compile(r"^([^.\s:@]{1,63}(\.[^.\s:@]{1,63})*\.?|[0-9a-f:.]*:[0-9a-f:.]*)$")
#: Answers whose clocks are compared.
CLOCKS = 5
#: How far the tenant's clock may be from this machine's to be believed.
MOST_AHEAD = timedelta(days=3653)

T = TypeVar("T")


def base_url_of(text: str) -> str:
    """`https://host[:port]` for whatever people type as a domain.

    Scheme, trailing slash, `/api/v2` and case do not matter; any host is accepted, since custom domains and private
    cloud have any name. Raises a config error for what cannot be an Auth0 domain.
    """
    typed = text.strip()
    try:
        url = urlsplit(typed if "://" in typed else f"https://{typed}")
        host, port = (url.hostname or "").lower(), url.port
    except ValueError:
        raise _no_domain(typed) from None
    userinfo = url.username is not None or url.password is not None
    secret = RUN.fullmatch(host)
    if not HOST.match(host) or host in {"http", "https"} or userinfo or url.query or url.fragment or secret:
        raise _no_domain(typed)
    if url.path.strip("/").lower() not in {"", "api/v2"}:
        raise config_error(
            f"Base URL `{quoted(host)}` has the path `{quoted(url.path)}`, which no Auth0 domain has. Enter the "
            f"domain alone, such as `https://{quoted(host)}`."
        )
    if url.scheme != "https" and not (url.scheme == "http" and host in LOOPBACK):
        raise config_error(
            f"Base URL `{quoted(typed)}` does not use https. The access token travels to this address, so plain http "
            f"is only accepted for this machine's own addresses. Enter `https://{quoted(host)}`."
        )
    host = f"[{host}]" if ":" in host else host
    return f"{url.scheme}://{host}{f':{port}' if port else ''}"


def _no_domain(typed: str) -> AirbyteTracedException:
    return config_error(
        f"Base URL `{quoted(typed.rpartition('@')[2])}` is not an Auth0 domain. Enter the Domain that Auth0 shows "
        "under Applications › your application › Settings, such as `https://your-tenant.us.auth0.com`."
    )


def audience_of(text: str) -> str:
    """The Management API's identifier, which always ends in a slash (`https://TENANT/api/v2/`)."""
    typed = text.strip()
    return typed if typed.endswith("/") or not typed else f"{typed}/"


def workers_of(config: Mapping[str, Any]) -> int | None:
    """The number of workers that a config asks for; None for anything that is no sensible number.

    A config is verified once the source exists.
    """
    asked = config.get("num_workers")
    return asked if isinstance(asked, int) and not isinstance(asked, bool) and asked > 1 else None


def number_in(config: Mapping[str, Any], name: str) -> float | None:
    """A positive number of the config, or None for anything else."""
    asked = config.get(name)
    return float(asked) if isinstance(asked, int | float) and not isinstance(asked, bool) and asked > 0 else None


class Tenant(dict[str, Any]):
    """The config as the framework's templates see it, plus what the streams of one sync share.

    One instance a source: its token, its HTTP connections, its shared pages and the tenant's clock. `base_url` and
    `audience` are written the way everything else expects them; what cannot be is left for `verify`, which says why.
    """

    def __init__(self, config: Mapping[str, Any]) -> None:
        super().__init__(_normalized(config))
        self.shared = SharedPages()
        self.held_token = HeldToken()
        self.gate = Gate(workers_of(self))
        share = min((number_in(self, "rate_limit_share") or SHARE) / 100, 1.0)
        self.outages = Outages()
        self.budget = Budget(share, number_in(self, "max_requests_per_second"))
        self._ahead = timedelta()
        self._told: deque[timedelta] = deque(maxlen=CLOCKS)
        #: Whether anything has answered at its address yet.
        self.is_reached = False
        self._observed: str | None = None
        self._warned: set[str] = set()
        self._known: dict[str, Any] = {}
        self._learning: dict[str, threading.Lock] = {}
        self._lock = threading.Lock()
        self.refused_scopes: set[str] = set()
        #: Streams of many parents for none of whom there is anything to read, since the tenant lacks the feature.
        self.lacking: set[str] = set()

    def __repr__(self) -> str:
        """The address alone: a config holds secrets."""
        return f"Tenant({self.get('base_url')})"

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> "Tenant":
        """The tenant behind a component's config; a plain mapping (as in a unit test) becomes one of its own."""
        return config if isinstance(config, Tenant) else cls(config)

    def verify(self) -> None:
        """Raise a config error that says what to change when the addresses cannot be an Auth0 tenant's."""
        base_url_of(self["base_url"])

    @property
    def domain(self) -> str:
        """The canonical domain, whichever custom domain is used: the key column that tells tenants apart."""
        audience = (self.get("credentials") or {}).get("audience") or ""
        return urlsplit(audience).hostname or urlsplit(self["base_url"]).netloc

    @property
    def workers(self) -> int:
        """How many requests may be under way at once; it changes unless the config names a number."""
        return self.gate.places

    @property
    def threads(self) -> int:
        """How many may be at work: twice as many as requests under way, since one that cuts pieces holds none."""
        return 2 * self.workers + 2

    @cached_property
    def session(self) -> requests.Session:
        """Connections kept open for all streams; proxies and certificates as `requests` reads the environment."""
        return Connections()

    def now(self) -> datetime:
        """The tenant's clock, told by the `Date` header of its answers; this machine's until there was one."""
        return datetime.now(timezone.utc) + self._ahead

    @property
    def moment(self) -> Milliseconds:
        """The same in milliseconds since 1970."""
        return int(self.now().timestamp() * 1000)

    @property
    def ahead(self) -> timedelta:
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
        if abs(ahead) >= MOST_AHEAD:
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


def _normalized(config: Mapping[str, Any]) -> dict[str, Any]:
    found = dict(config)
    credentials = found.get("credentials")
    if isinstance(credentials, Mapping) and isinstance(credentials.get("audience"), str):
        found["credentials"] = {**credentials, "audience": audience_of(credentials["audience"])}
    if isinstance(found.get("base_url"), str):
        with contextlib.suppress(AirbyteTracedException):
            found["base_url"] = base_url_of(found["base_url"])
    return found
