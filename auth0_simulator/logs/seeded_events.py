"""The log of a new tenant: when each event happened and arrived; the events themselves are generated on demand."""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from auth0_simulator.logs.event_context import EventContext, TenantSnapshot
from auth0_simulator.logs.event_types import EVENT_FACTORIES, STRIDE
from auth0_simulator.state.clock import DAY_MILLISECONDS, milliseconds
from auth0_simulator.state.identifiers import scramble
from auth0_simulator.wire.rows import Row

USUAL_LATENESS_MILLISECONDS = 40


@dataclass(frozen=True)
class LogOptions:
    """Options of the log: the seeded events, and the settings of `LogStore`.

    The events arrived evenly over `days` before the tenant was created, or at the times that `at` returns by index.
    They had happened up to `lateness` seconds before: most of them milliseconds, one in eight any part of that.
    """

    events: int = 700
    days: float = 3.0
    lateness: float = 5.0
    at: Callable[[int], datetime] | None = None
    retention: float = 30.0
    expired: str = "oldest"
    search_lag: float = 0.0


class SeededEvents(Protocol):
    """Events that a log has at first, in order of arrival; times are in milliseconds."""

    arrivals: array[int]
    dates: array[int]

    def __len__(self) -> int: ...

    def event(self, index: int, tenant_snapshot: TenantSnapshot) -> Row:
        """The columns of an event that depend on its type."""


class SeededLogEvents:
    """The seeded events in order of arrival: two times of each are stored, the rest is computed from the seed."""

    def __init__(self, seed: int, options: LogOptions, until: int) -> None:
        self._seed = seed
        self._key = hashlib.blake2b(f"log:{seed}".encode(), digest_size=32).digest()
        self.arrivals = array("q", _arrivals(options, until))
        bound = int(options.lateness * 1000)
        usual = min(bound, USUAL_LATENESS_MILLISECONDS) + 1
        numbers = (scramble(seed + 3, index) for index in range(options.events))
        lateness = ((number >> 3) % (usual if number & 7 else bound + 1) for number in numbers)
        self.dates = array("q", (moment - late for moment, late in zip(self.arrivals, lateness, strict=True)))

    def __len__(self) -> int:
        return len(self.arrivals)

    def event(self, index: int, tenant_snapshot: TenantSnapshot) -> Row:
        """The columns of an event that depend on its type."""
        random = hashlib.blake2b(index.to_bytes(8, "big"), key=self._key, digest_size=48).digest()
        make = EVENT_FACTORIES[(index + self._seed) * STRIDE % len(EVENT_FACTORIES)]
        return make(EventContext(index, self.dates[index], random, tenant_snapshot))


def _arrivals(options: LogOptions, until: int) -> Iterator[int]:
    if options.at is not None:
        return iter(sorted(map(milliseconds, map(options.at, range(options.events)))))
    width = int(options.days * DAY_MILLISECONDS)
    return (until - width + width * index // options.events for index in range(options.events))
