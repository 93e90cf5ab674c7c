"""What a log holds when the tenant is made: when each event happened and arrived; events are made when asked for."""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from auth0_simulator.accounts import Row
from auth0_simulator.clock import milliseconds
from auth0_simulator.identifiers import scramble
from auth0_simulator.log_events import STRIDE, TABLE
from auth0_simulator.log_scenery import Draw, Scenery

DAY = 86_400_000
USUAL_LATENESS = 40


@dataclass(frozen=True)
class Backlog:
    """How many events there are at first, and when; and how the log treats them, see there.

    They arrive evenly over `days` before the tenant was made, or as `at` tells by index, and had happened up to
    `lateness` seconds before: most of them milliseconds, one in eight any part of it.
    """

    events: int = 700
    days: float = 3.0
    lateness: float = 5.0
    at: Callable[[int], datetime] | None = None
    retention: float = 30.0
    expired: str = "oldest"
    search_lag: float = 0.0


class SeededEvents:
    """The events by index, in order of arrival: two numbers each to remember, the rest follows from the seed."""

    def __init__(self, seed: int, backlog: Backlog, until: int) -> None:
        self._seed = seed
        self._key = hashlib.blake2b(f"log:{seed}".encode(), digest_size=32).digest()
        self.arrivals = array("q", _arrivals(backlog, until))
        bound = int(backlog.lateness * 1000)
        usual = min(bound, USUAL_LATENESS) + 1
        numbers = (scramble(seed + 3, index) for index in range(backlog.events))
        lateness = ((number >> 3) % (usual if number & 7 else bound + 1) for number in numbers)
        self.dates = array("q", (moment - late for moment, late in zip(self.arrivals, lateness, strict=True)))

    def __len__(self) -> int:
        return len(self.arrivals)

    def event(self, index: int, scenery: Scenery) -> Row:
        """The columns of an event that its type has."""
        random = hashlib.blake2b(index.to_bytes(8, "big"), key=self._key, digest_size=48).digest()
        make = TABLE[(index + self._seed) * STRIDE % len(TABLE)]
        return make(Draw(index, self.dates[index], random, scenery))


def _arrivals(backlog: Backlog, until: int) -> Iterator[int]:
    if backlog.at is not None:
        return iter(sorted(map(milliseconds, map(backlog.at, range(backlog.events)))))
    width = int(backlog.days * DAY)
    return (until - width + width * index // backlog.events for index in range(backlog.events))
