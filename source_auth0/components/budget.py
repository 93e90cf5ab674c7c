"""Which requests may go when: the budget that all streams of a sync draw from."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from source_auth0.components.bucket import Bucket, Ceiling, Token
from source_auth0.components.buckets import Buckets
from source_auth0.components.refill import Told

#: Percent of a bucket that are used, unless the config says another number.
SHARE = 90
#: Seconds between two looks of one that stands in line; what has been learned meanwhile may let it go earlier.
LOOK = 0.25
#: Seconds after which the first request of an endpoint is no longer waited for.
PROBE = 2.0
#: Seconds between two lines about waiting.
TELL_EVERY = 60.0

Level = Bucket | Ceiling


@dataclass(eq=False)
class Ticket:
    """One attempt of a request: the endpoint, the tokens it has taken so far, by bucket, and how long it may wait."""

    key: str
    taken: dict[Level, Token] = field(default_factory=dict)
    queued: Level | None = None
    waited: bool = False
    expected: float = 0.0


class Budget:
    """Lets requests go as Auth0's buckets admit them, which it gets to know by what is published and by their answers.

    An endpoint's first request goes alone and tells its bucket. Without headers there is no limit to keep. Whoever
    waits stands in line, first come, first served, and holds nothing that others could use. Nothing here sleeps:
    whoever has to wait is told for how long. The framework's HTTPAPIBudget has to know the limits in advance, heeds
    one bucket alone, and sleeps in the worker.
    """

    def __init__(
        self, share: float = SHARE / 100, ceiling: float | None = None, clock: Callable[[], float] | None = None
    ) -> None:
        self.buckets = Buckets(share)
        self._ceiling = Ceiling(ceiling) if ceiling else None
        self._now = clock or _monotonic
        self._lock = threading.Lock()
        self._lines: dict[Level, dict[Ticket, None]] = {}
        self._closed: dict[str, float] = {}
        self._probes: dict[str, tuple[Ticket, float]] = {}
        self._told_at: float | None = None

    def ask(self, ticket: Ticket) -> float:
        """0 when the request may go; else the seconds after which to ask again."""
        with self._lock:
            now = self._now()
            closed = self._closed.get(ticket.key, now) - now
            if closed > 0 or self._is_probed(ticket, now):
                self._quit_line(ticket)
                ticket.expected = closed
                return max(closed, LOOK / 5)
            levels: list[Level] = [*self.buckets.of(ticket.key), *([self._ceiling] if self._ceiling else [])]
            for level in levels:
                # What was taken counts for nothing once the bucket has been closed.
                wait = self._turn(ticket, level, now) if level not in ticket.taken else level.closed_until - now
                if wait > 0:
                    ticket.waited, ticket.expected = True, wait
                    return wait if now < level.closed_until else min(wait, LOOK)
            self._quit_line(ticket)
            if ticket.key not in self.buckets:
                self._probes[ticket.key] = ticket, now
            return 0.0

    def admitted(self, ticket: Ticket, told: Told | None) -> None:
        """Auth0 let the request through, and told of the bucket that counted it, if any."""
        with self._lock:
            if told is None:
                self.buckets.unlimited(ticket.key)
                return
            home = self._home(ticket, told)
            if home not in ticket.taken:
                ticket.taken[home] = home.take(self._now())
            home.observe(ticket.taken[home], told)
            self._give_back(ticket)

    def refused(self, ticket: Ticket, told: Told | None, wait: float, *, tenant_wide: bool) -> None:
        """Auth0 refused the request for `wait` seconds, for the whole tenant or for some of it."""
        with self._lock:
            until = self._now() + wait
            if told is None or told.remaining > 0:
                # No bucket that is known is empty: a policy of its own, or a proxy in between.
                self._closed[ticket.key] = until
                return
            home = self.buckets.whole(told) if tenant_wide else self._home(ticket, told)
            home.refuse(until, told)
            self._give_back(ticket)

    def leave(self, ticket: Ticket) -> None:
        """The attempt is over, or was never made: nobody waits for it or behind it."""
        with self._lock:
            self._quit_line(ticket)
            if (probe := self._probes.get(ticket.key)) and probe[0] is ticket:
                del self._probes[ticket.key]
            for level in ticket.taken:
                level.under_way -= 1
            ticket.taken = {}

    def is_time_to_tell(self) -> bool:
        """Whether people have heard nothing of waiting for a minute; from now on they have."""
        with self._lock:
            due = self._told_at is None or self._now() - self._told_at >= TELL_EVERY
            self._told_at = self._now() if due else self._told_at
            return due

    def name(self, key: str) -> str:
        """What people are told of the bucket that an endpoint waits for."""
        with self._lock:
            others = self.buckets.sharing(key)
        return f"`{key}` and {others} more" if others else f"`{key}`"

    def _is_probed(self, ticket: Ticket, now: float) -> bool:
        """Whether the first request of this endpoint, or of the whole sync, is under way and not this one."""
        if ticket.key in self.buckets:
            return False
        probes = [self._probes[ticket.key]] if ticket.key in self._probes else []
        others = probes if self.buckets else self._probes.values()
        return any(probe is not ticket and now - began < PROBE for probe, began in others)

    def _turn(self, ticket: Ticket, level: Level, now: float) -> float:
        """Take a token if it is this ticket's turn; else the seconds until it may be."""
        if ticket.queued is not level:
            self._quit_line(ticket)
            ticket.queued = level
            line = self._lines.get(level, {})
            # The first request of an endpoint goes before others: its stream cannot begin before it is answered.
            self._lines[level] = {**line, ticket: None} if ticket.key in self.buckets else {ticket: None, **line}
        ahead = next(place for place, other in enumerate(self._lines[level]) if other is ticket)
        if (wait := level.wait(now, ahead)) <= 0:
            ticket.taken[level] = level.take(now)
        return wait

    def _quit_line(self, ticket: Ticket) -> None:
        if ticket.queued is not None:
            del self._lines[ticket.queued][ticket]
            ticket.queued = None

    def _home(self, ticket: Ticket, told: Told) -> Bucket:
        tokens = {level.limit: token for level, token in ticket.taken.items() if isinstance(level, Bucket)}
        return self.buckets.home(ticket.key, tokens.get(told.limit), told)

    def _give_back(self, ticket: Ticket) -> None:
        """The tokens of buckets that the endpoint turned out not to draw from."""
        homes = self.buckets.of(ticket.key)
        for level in ticket.taken:
            if isinstance(level, Bucket) and level not in homes:
                level.give_back()


def _monotonic() -> float:
    return time.monotonic()
