"""What is in a fresh tenant, one module per family; every module here is loaded, so adding one needs no list."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING

from auth0_simulator.accounts import Row
from auth0_simulator.clock import timestamp
from auth0_simulator.identifiers import opaque

if TYPE_CHECKING:
    from auth0_simulator.tenant import Tenant

DAY = 86_400_000


@dataclass(frozen=True)
class Seeding:
    """What a seed function draws from: the tenant, and randomness of its own, so that seeds leave each other alone."""

    tenant: Tenant
    random: Random
    name: str

    def id(self, prefix: str, *parts: object, length: int = 16) -> str:
        """An id such as `con_` and 16 letters and digits."""
        return prefix + opaque(self.tenant.seed, self.name, prefix, *parts, length=length)

    def secret(self, *parts: object, length: int = 64) -> str:
        """Something that must never leave the tenant; it begins with `SECRET-`, so that a test can look for it."""
        return "SECRET-" + opaque(self.tenant.seed, self.name, "secret", *parts, length=length)

    def moment(self, days_ago: float) -> str:
        """A timestamp some days before the tenant was made."""
        return timestamp(self.tenant.made_at - int(days_ago * DAY))


Make = Callable[..., list[Row]]


@dataclass(frozen=True)
class Seed:
    """How the rows of a collection are made: once, or once for each row of its parents."""

    make: Make
    parents: tuple[str, ...]


SEEDS: dict[str, Seed] = {}


def seeded(name: str, *parents: str) -> Callable[[Make], Make]:
    """Declare a function of (seeding, *parent rows) as a collection's maker; a parent "" gives the path's value."""

    def register(make: Make) -> Make:
        if name in SEEDS:
            raise ValueError(f"the collection {name!r} is seeded twice")
        SEEDS[name] = Seed(make, parents)
        return make

    return register


for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")
