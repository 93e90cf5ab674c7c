"""The simulator as a whole: `with Simulator() as sim: sim.base_url`."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from auth0_simulator.api.dispatcher import Dispatcher
from auth0_simulator.api.download_host import DownloadHost
from auth0_simulator.api.route import Router
from auth0_simulator.control.control_plane import ControlPlane
from auth0_simulator.control.faults import FaultRegistry
from auth0_simulator.control.journal import JournalEntry
from auth0_simulator.control.rate_limits import RateLimiter
from auth0_simulator.control.settings import SimulatorSettings
from auth0_simulator.events.store import EventStore
from auth0_simulator.exports.store import ExportJobStore
from auth0_simulator.logs.seeded_events import LogOptions
from auth0_simulator.routes.registry import ROUTES
from auth0_simulator.search.indexing_queue import IndexingQueue
from auth0_simulator.state.clock import Clock
from auth0_simulator.state.tenant_options import TenantOptions
from auth0_simulator.story.story import told_by
from auth0_simulator.tenant import Tenant
from auth0_simulator.wire.background_server import BackgroundServer
from auth0_simulator.wire.listeners import TenantListeners


class Simulator(BackgroundServer):
    """A simulated Auth0 tenant, served on loopback from a thread of its own."""

    def __init__(  # noqa: PLR0913 - the options of a tenant
        self,
        *,
        users: int = 2500,
        seed: int = 7,
        organizations: int = 12,
        members: Callable[[int], int] | None = None,
        latency: float = 0.0,
        plan: str = "unlimited",
        scopes: Iterable[str] | None = None,
        port: int = 0,
        token_lifetime: int = 86_400,
        total_cap: int | None = None,
        page_limit: int = 100,
        index_lag: float = 0.0,
        spread: timedelta = timedelta(days=365),
        created_at: Callable[[int], datetime] | None = None,
        updated_at: Callable[[int], datetime] | None = None,
        timeout_rows: int | None = None,
        user_id_ranges: bool = True,
        export_seconds: float = 0.2,
        export_link_seconds: float = 60,
        gzip: bool = True,
        now: datetime | None = None,
        control_port: int = 0,
        log_events: int = 700,
        log_days: float = 3.0,
        log_lateness: float = 5.0,
        log_at: Callable[[int], datetime] | None = None,
        log_retention: float = 30.0,
        log_expired: str = "oldest",
        log_search_lag: float = 0.0,
        custom_domain: bool = False,
        index_lateness: float = 0.0,
        hydrated: bool = False,
        negated_exists: bool = True,
        undated: Callable[[int], Iterable[str]] | None = None,
        audience: str = "",
        tls: bool = False,
        story: bool = False,
    ) -> None:
        """Create the tenant; for the options see `TenantOptions`, `LogOptions`, `SimulatorSettings` and `Story`."""
        self.clock = Clock(now)
        router = Router(ROUTES)
        tenant_options = TenantOptions(users, organizations, spread, created_at, updated_at, index_lag, timeout_rows,
            user_id_ranges, index_lateness, hydrated, negated_exists, undated, audience, members)  # fmt: skip
        log_options = LogOptions(log_events, log_days, log_lateness, log_at, log_retention, log_expired, log_search_lag)
        tenant_options, log_options, told = told_by(story, seed, self.clock, tenant_options, log_options)
        self.tenant = Tenant(seed, self.clock, tenant_options, router.scopes(), log_options, story=told)
        self.tenant.exports.seconds, self.tenant.exports.link_seconds = export_seconds, export_link_seconds
        readable = (scope for scope in router.scopes() if scope.startswith("read:"))
        granted = frozenset(readable if scopes is None else scopes)
        self._limits = RateLimiter(self.clock, plan)
        self.settings = SimulatorSettings(granted, latency, page_limit, total_cap, token_lifetime, gzip)
        self._dispatcher = Dispatcher(self.tenant, self.clock, router, self._limits, self.settings)
        handlers = (self._dispatcher, DownloadHost(self._dispatcher), ControlPlane(self))
        self._listeners = TenantListeners(handlers, (port, control_port), custom_domain=custom_domain, tls=tls)

    async def open(self) -> None:
        """Start listening, in the running event loop."""
        await self._listeners.open()
        self.exports.base_url = self.download_url
        self._dispatcher.tokens.issuers.set_urls(self.base_url, self.custom_url)

    async def close(self) -> None:
        """Stop listening and close every connection."""
        await self._listeners.close()

    @property
    def base_url(self) -> str:
        """The URL of the tenant."""
        return self._listeners.tenant.url

    @property
    def custom_url(self) -> str:
        """The URL of its custom domain; empty without one."""
        return "".join(listener.url for listener in self._listeners.custom)

    @property
    def certificate(self) -> str:
        """The file with the certificate that clients have to trust; empty without TLS."""
        return str(self._listeners.certificate.path) if self._listeners.certificate else ""

    @property
    def control_url(self) -> str:
        """The URL of the control plane."""
        return self._listeners.control.url

    @property
    def domain(self) -> str:
        """The tenant's canonical domain."""
        return self.tenant.domain

    @property
    def audience(self) -> str:
        """The identifier of its Management API."""
        return self.tenant.audience

    @property
    def client_id(self) -> str:
        """The application's client id."""
        return self.tenant.application.client_id

    @property
    def client_secret(self) -> str:
        """The application's client secret."""
        return self.tenant.application.client_secret

    @property
    def exports(self) -> ExportJobStore:
        """The jobs that export users, and the settings for new ones."""
        return self.tenant.exports

    @property
    def indexing(self) -> IndexingQueue:
        """How late the search index is: `lag`, `max_lateness`, `lateness`, `stalled`."""
        return self.tenant.user_index.indexing

    @property
    def events(self) -> EventStore:
        """The events of `GET /events`, and the settings of the stream."""
        return self.tenant.events

    @property
    def download_url(self) -> str:
        """The host that export files are downloaded from."""
        return self._listeners.downloads.url

    @property
    def journal(self) -> list[JournalEntry]:
        """Every request to the tenant so far, in order; those to the control plane are not recorded."""
        return list(self._dispatcher.journal)

    def clear_journal(self) -> None:
        """Forget the requests so far."""
        with self.tenant.lock:
            self._dispatcher.journal = []

    @property
    def faults(self) -> FaultRegistry:
        """The active faults."""
        return self._dispatcher.faults

    @property
    def scopes(self) -> frozenset[str]:
        """The scopes that new tokens carry."""
        return self.settings.scopes

    @scopes.setter
    def scopes(self, scopes: Iterable[str]) -> None:
        self.settings.scopes = frozenset(scopes)

    @property
    def latency(self) -> float:
        """Seconds to wait before each response."""
        return self.settings.latency

    @latency.setter
    def latency(self, seconds: float) -> None:
        self.settings.latency = seconds

    @property
    def plan(self) -> str:
        """The subscription plan whose rate limits apply."""
        return self._limits.plan

    @plan.setter
    def plan(self, name: str) -> None:
        self._limits.plan = name

    def mint_token(
        self, scopes: Iterable[str] | None = None, lifetime: float | None = None, audience: str | None = None
    ) -> str:
        """Issue an access token without a call to the token endpoint; scopes and lifetime default to the settings."""
        seconds = self.settings.token_lifetime if lifetime is None else lifetime
        with self.tenant.lock:
            return self._dispatcher.tokens.issue(self.scopes if scopes is None else scopes, seconds, audience)

    def revoke_tokens(self) -> None:
        """Invalidate every token issued so far."""
        with self.tenant.lock:
            self._dispatcher.tokens.revoke()

    def reset(self) -> None:
        """Return to the seeded state: users, collections, journal, faults, rate limits, tokens, clock; not settings."""
        with self.tenant.lock:
            self.clock.reset()
            self.tenant.reset()
            self._dispatcher.reset()
