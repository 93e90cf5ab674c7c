"""The simulator as a whole: `with Simulator() as sim: sim.base_url`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from auth0_simulator.backlog import Backlog
from auth0_simulator.clock import Clock
from auth0_simulator.control import ControlPlane
from auth0_simulator.downloads import Downloads
from auth0_simulator.events import Events
from auth0_simulator.exports import Exports
from auth0_simulator.faults import Faults
from auth0_simulator.journal import Request
from auth0_simulator.limits import Limits
from auth0_simulator.population import Population
from auth0_simulator.route import Router
from auth0_simulator.routes import ROUTES
from auth0_simulator.server import Listener
from auth0_simulator.surface import Settings, Surface
from auth0_simulator.tenant import Tenant
from auth0_simulator.worker import Threaded


class Simulator(Threaded):
    """A simulated Auth0 tenant, served on loopback from a thread of its own."""

    def __init__(  # noqa: PLR0913 - the knobs of a tenant
        self,
        *,
        users: int = 2500,
        seed: int = 7,
        organizations: int = 12,
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
    ) -> None:
        """Make the tenant; `spread`, `created_at`, `updated_at` and `log_…` place what is in it, `now` the clock."""
        self.clock = Clock(now)
        router = Router(ROUTES)
        population = Population(
            users, organizations, spread, created_at, updated_at, index_lag, timeout_rows, user_id_ranges
        )
        backlog = Backlog(
            log_events, log_days, log_lateness, log_at, log_retention, expired=log_expired, search_lag=log_search_lag
        )
        self.tenant = Tenant(seed, self.clock, population, router.scopes(), backlog)
        self.tenant.exports.seconds, self.tenant.exports.link_seconds = export_seconds, export_link_seconds
        readable = frozenset(scope for scope in router.scopes() if scope.startswith("read:"))
        granted = readable if scopes is None else frozenset(scopes)
        self._limits = Limits(self.clock, plan)
        self.settings = Settings(granted, latency, page_limit, total_cap, token_lifetime, gzip)
        self._surface = Surface(self.tenant, self.clock, router, self._limits, self.settings)
        self._listener = Listener(self._surface, port)
        self._control = Listener(ControlPlane(self), control_port)
        self._downloads = Listener(Downloads(self._surface), 0)
        self._custom = [Listener(self._surface, 0)] if custom_domain else []
        self._listeners = [self._listener, self._control, self._downloads, *self._custom]

    async def open(self) -> None:
        """Listen, in the running loop."""
        for listener in self._listeners:
            await listener.open()
        self.exports.base_url = self._downloads.url
        self._surface.tokens.domains.serve(self.base_url, self.custom_url)

    async def close(self) -> None:
        """Drop every connection."""
        for listener in self._listeners:
            await listener.close()
        await asyncio.sleep(0)

    @property
    def base_url(self) -> str:
        """Where the tenant is served."""
        return self._listener.url

    @property
    def custom_url(self) -> str:
        """Where its custom domain is served; empty without one."""
        return "".join(listener.url for listener in self._custom)

    @property
    def control_url(self) -> str:
        """Where it is controlled over HTTP."""
        return self._control.url

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
        """The application's id."""
        return self.tenant.application.client_id

    @property
    def client_secret(self) -> str:
        """The application's secret."""
        return self.tenant.application.client_secret

    @property
    def exports(self) -> Exports:
        """The jobs that export users: what became of them, and how new ones go."""
        return self.tenant.exports

    @property
    def events(self) -> Events:
        """What happened, and how that is streamed."""
        return self.tenant.events

    @property
    def download_url(self) -> str:
        """The host that their files are on."""
        return self._downloads.url

    @property
    def journal(self) -> list[Request]:
        """Every request to the surface so far, in order."""
        return list(self._surface.journal)

    def clear_journal(self) -> None:
        """Forget the requests so far."""
        with self.tenant.lock:
            self._surface.journal = []

    @property
    def faults(self) -> Faults:
        """The faults in force."""
        return self._surface.faults

    @property
    def scopes(self) -> frozenset[str]:
        """The scopes that new tokens carry."""
        return self.settings.scopes

    @scopes.setter
    def scopes(self, scopes: Iterable[str]) -> None:
        self.settings.scopes = frozenset(scopes)

    @property
    def latency(self) -> float:
        """Seconds that an answer takes."""
        return self.settings.latency

    @latency.setter
    def latency(self, seconds: float) -> None:
        self.settings.latency = seconds

    @property
    def plan(self) -> str:
        """The subscription whose rate limits hold."""
        return self._limits.plan

    @plan.setter
    def plan(self, name: str) -> None:
        self._limits.plan = name

    def mint_token(
        self, scopes: Iterable[str] | None = None, lifetime: float | None = None, audience: str | None = None
    ) -> str:
        """A token without a call to the token endpoint; by default with the granted scopes and the usual lifetime."""
        granted = self.scopes if scopes is None else scopes
        with self.tenant.lock:
            return self._surface.tokens.issue(
                granted, self.settings.token_lifetime if lifetime is None else lifetime, audience
            )

    def revoke_tokens(self) -> None:
        """Make every token given out so far invalid."""
        with self.tenant.lock:
            self._surface.tokens.revoke()

    def reset(self) -> None:
        """Back to the seeded state: users and collections, journal, faults, buckets, tokens, clock. Settings stay."""
        with self.tenant.lock:
            self.clock.reset()
            self.tenant.reset()
            self._surface.reset()
