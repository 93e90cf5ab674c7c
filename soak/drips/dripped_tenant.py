"""A tenant behind fronts that let answers drip: its clean rows, and a sync while some of its routes drip."""

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

from auth0_simulator import Simulator
from auth0_simulator.api.route import Router
from auth0_simulator.exports.downloads import DOWNLOAD_TEMPLATE
from auth0_simulator.routes.registry import ROUTES
from soak.faults.archetypes import TOKEN
from soak.faults.matrix_cells import errors_of, within
from source_auth0.api import admission
from source_auth0.manifest.assembly import load_stream, primary_key
from testing.fast_clock import fast_clock
from testing.in_process import SyncResult, sync
from testing.servers.dripping_front import Drip, DrippingFront
from testing.tenants import config_of

TENANT: Mapping[str, Any] = {"users": 8, "organizations": 3, "page_limit": 10, "log_events": 60, "export_seconds": 0}
CONFIG: Mapping[str, Any] = {"events_idle_seconds": 60, "users_safety_lag": 0, "users_initial_load": "export"}
#: How many times faster the connector's clock runs, and its sockets' timeouts with it: an answer that does not drip
#: still has two seconds and more.
SPEED = 25.0
#: Real seconds after which a sync counts as hung.
HANG_SECONDS = 600.0
#: Seconds between two bytes, on that clock.
DRIP_SECONDS = 2.0
#: Seconds for which one request holds its place, on that clock.
SLOT_SECONDS = admission.MAX_SLOT_SECONDS
API_PREFIX = "/api/v2"
ROUTER = Router(ROUTES)
#: A method and a path template.
Route = tuple[str, str]
Keys = set[tuple[str, ...]]
DOWNLOAD: Route = ("GET", DOWNLOAD_TEMPLATE)
SIGN_IN: Route = ("POST", TOKEN)


def route_of(method: str, path: str) -> Route:
    """The route of a request to the API's host."""
    if path.startswith(API_PREFIX):
        found = ROUTER.find(tuple(path.removeprefix(API_PREFIX).strip("/").split("/")))
        return method, found[0].path if found else path
    return method, path


def keys_of(stream: str, result: SyncResult) -> Keys:
    """The primary keys of a stream's rows."""
    columns = primary_key(load_stream(stream))
    return {tuple(str(row.get(column)) for column in columns) for row in result.records[stream]}


@dataclass
class DrippedSync:
    """A sync while some routes dripped.

    dripped: the routes that did. seconds: stream to how long it took on the connector's clock. hung: whether it did not
    end.
    """

    synced: SyncResult
    dripped: set[Route]
    seconds: dict[str, float]
    hung: bool = False

    @property
    def errors(self) -> dict[str, str]:
        """Stream name to the message of its error."""
        return errors_of(self.synced)


class DrippedTenant:
    """A tenant, and the fronts of its API and of the host of its exports."""

    def __init__(self, sim: Simulator, fronts: tuple[DrippingFront, DrippingFront]) -> None:
        self.sim = sim
        self._fronts = fronts
        self._dripped: set[Route] = set()
        #: Stream to the routes that it asks when it is read alone, and to the keys of its rows.
        self.routes: dict[str, set[Route]] = {}
        self.keys: dict[str, Keys] = {}

    def config(self, **more: Any) -> dict[str, Any]:
        """A config that leads to the fronts."""
        return config_of(self.sim, **{**CONFIG, "base_url": self._fronts[0].base_url, **more})

    def read_clean(self, streams: Collection[str]) -> None:
        """Read each stream alone, without any drip."""
        for name in streams:
            self.sim.clear_journal()
            synced = sync(self.config(), name)
            if synced.error is not None:
                raise synced.error
            self.routes[name] = {(entry.method, entry.template or entry.path) for entry in self.sim.journal}
            self.keys[name] = keys_of(name, synced)

    @contextmanager
    def dripping(self, drip_of: Callable[[Route], Drip | None]) -> Iterator[None]:
        """Let answers drip within the block, by their routes."""

        def noted(route: Route) -> Drip | None:
            if drip := drip_of(route):
                self._dripped.add(route)
            return drip

        self._dripped = set()
        api, downloads = self._fronts
        api.drip_of = lambda method, path: noted(route_of(method, path))
        downloads.drip_of = lambda _method, _path: noted(DOWNLOAD)
        try:
            yield
        finally:
            for front in self._fronts:
                front.drip_of = lambda _method, _path: None

    def sync(self, drips: Mapping[Route, Drip], **config: Any) -> DrippedSync:
        """Read all streams at once, while these routes drip, each in its way."""
        with self.dripping(drips.get):
            return self.read(**config)

    def read(self, **config: Any) -> DrippedSync:
        """Read all streams at once, on a fast clock."""
        with on_fast_clock():
            synced = within(HANG_SECONDS, lambda: sync(self.config(**config), *self.routes))
        if synced is None:
            return DrippedSync(SyncResult(), self._dripped, {}, hung=True)
        seconds = {name: seconds * SPEED for name, seconds in _durations(synced).items()}
        return DrippedSync(synced, self._dripped, seconds)

    def resume(self, done: DrippedSync) -> SyncResult:
        """The next sync of what failed or is short, without drips, from the states that the sync left."""
        names = [name for name, keys in self.keys.items() if name in done.errors or keys - keys_of(name, done.synced)]
        states = [one for one in done.synced.state if one["stream"]["stream_descriptor"]["name"] in names]
        return sync(self.config(), *names, state=states) if names else SyncResult()


def _durations(synced: SyncResult) -> dict[str, float]:
    """Stream to the real seconds between its first and its last status."""
    at: dict[str, list[float]] = {}
    for message in synced.messages:
        if message.trace and message.trace.stream_status:
            name = message.trace.stream_status.stream_descriptor.name
            at.setdefault(name, []).append(message.trace.emitted_at / 1000)
    return {name: times[-1] - times[0] for name, times in at.items()}


@contextmanager
def on_fast_clock() -> Iterator[None]:
    """The connector with its own policies on a fast clock: its waits, the timeouts of its sockets, and its places."""
    with fast_clock(SPEED), patch.object(admission, "MAX_SLOT_SECONDS", SLOT_SECONDS / SPEED):
        yield


@contextmanager
def dripped_tenant() -> Iterator[DrippedTenant]:
    """A small tenant behind fronts."""
    interval = DRIP_SECONDS / SPEED
    with (
        Simulator(**TENANT) as sim,
        DrippingFront(sim.base_url, interval).listening() as api,
        DrippingFront(sim.download_url, interval).listening() as downloads,
    ):
        sim.exports.base_url = downloads.base_url
        yield DrippedTenant(sim, (api, downloads))
