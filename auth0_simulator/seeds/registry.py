"""The seed of each collection; every module of a family is loaded automatically, so adding one needs no list."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from auth0_simulator import seeds
from auth0_simulator.state.clock import DAY_MILLISECONDS, timestamp
from auth0_simulator.state.identifiers import BASE58, opaque_id
from auth0_simulator.state.tenant_view import TenantView
from auth0_simulator.wire.rows import Row


@dataclass(frozen=True)
class SeedContext:
    """What a seed function gets: the tenant, and a random generator of its own, independent of other seeds."""

    tenant: TenantView
    random: Random
    name: str

    def id(self, prefix: str, *parts: object, length: int = 16) -> str:
        """An id such as `con_` and 16 letters and digits."""
        return prefix + opaque_id(self.tenant.seed, self.name, prefix, *parts, length=length)

    def base58_id(self, prefix: str, *parts: object) -> str:
        """An id such as `grp_` and 16 characters that are not easily mistaken for one another."""
        return prefix + opaque_id(self.tenant.seed, self.name, prefix, *parts, alphabet=BASE58)

    def secret(self, *parts: object, length: int = 64) -> str:
        """A secret that the connector must never emit; it begins with `SECRET-`, so that a test can search for it."""
        return "SECRET-" + opaque_id(self.tenant.seed, self.name, "secret", *parts, length=length)

    def moment(self, days_ago: float) -> str:
        """A timestamp some days before the tenant was created."""
        return timestamp(self.tenant.made_at - int(days_ago * DAY_MILLISECONDS))


SeedFunction = Callable[..., list[Row]]


@dataclass(frozen=True)
class Seed:
    """How the rows of a collection are generated: once, or once for each row of its parents."""

    make: SeedFunction
    parents: tuple[str, ...]


SEEDS: dict[str, Seed] = {}


def seeded(name: str, *parents: str) -> Callable[[SeedFunction], SeedFunction]:
    """Register a function of (context, *parent rows) as a collection's seed; a parent "" passes the path value."""

    def register(make: SeedFunction) -> SeedFunction:
        if name in SEEDS:
            raise ValueError(f"the collection {name!r} is seeded twice")
        SEEDS[name] = Seed(make, parents)
        return make

    return register


for _module in pkgutil.walk_packages(seeds.__path__, f"{seeds.__name__}."):
    importlib.import_module(_module.name)
