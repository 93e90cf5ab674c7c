"""The points at which syncs are killed, drawn at random."""

import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from random import Random

from auth0_simulator import Fault, Simulator
from auth0_simulator.control.journal import JournalEntry

Condition = Callable[[], bool]
LinePredicate = Callable[[bytes], bool]
JournalCondition = Callable[[list[JournalEntry]], bool]
#: Kind of kill point to its relative weight in the draw.
KINDS = {
    "ahead of a state": 3,
    "ahead of a row": 3,
    "during the output": 3,
    "at a request": 4,
    "after a time": 3,
    "during the sign-in": 1,
    "in a wait for the rate limit": 1,
    "in a wait after an error": 1,
    "during an export": 0,
}
WAIT_STATUSES = {"in a wait for the rate limit": 429, "in a wait after an error": 503}
#: The steps of an export: the job, its polling, the file.
EXPORT = ("/jobs/users-exports", "/jobs/{id}", "/user-exports/download")


@dataclass(frozen=True)
class KillPoint:
    """When a sync is killed: right before the line for which `is_last` is true, losing later output, or by a signal."""

    kind: str
    signal_number: signal.Signals
    is_time: Condition = lambda: False
    is_last: LinePredicate = lambda _: False
    is_planned: bool = True


def no_kill() -> KillPoint:
    """The sync is not killed."""
    return KillPoint("never", signal.SIGKILL, is_planned=False)


def draw_kill_point(rng: Random, sim: Simulator, rows: int, requests: int, *, export: bool) -> KillPoint:
    """Draw a kill point within a sync of about `rows` rows and `requests` requests; may also activate a fault."""
    weights = {**KINDS, "during an export": 4 * export}
    (kind,) = rng.choices(list(weights), list(weights.values()))
    signal_number = rng.choice([signal.SIGKILL, signal.SIGKILL, signal.SIGTERM, signal.SIGTERM, signal.SIGINT])
    if kind == "ahead of a state":
        return KillPoint(kind, signal.SIGKILL, is_last=_nth_line(b'{"type":"STATE"', _log_uniform(rng, 12)))
    if kind == "ahead of a row":
        return KillPoint(kind, signal.SIGKILL, is_last=_nth_line(b'{"type":"RECORD"', _log_uniform(rng, rows)))
    if kind == "during the output":
        is_reached = _nth_line(b"", _log_uniform(rng, rows))
        reached: list[bool] = []

        def observe(line: bytes) -> bool:
            reached[:] = [True] if is_reached(line) else reached
            return False

        return KillPoint(kind, signal_number, lambda: bool(reached), observe)
    if kind == "after a time":
        return KillPoint(kind, signal_number, _elapsed(rng.uniform(0, 0.6)))
    condition = _journal_condition(kind, rng, sim, requests)
    return KillPoint(kind, signal_number, _delayed(rng.choice([0, 0.005, 0.02, 0.1]), lambda: condition(sim.journal)))


def _journal_condition(kind: str, rng: Random, sim: Simulator, requests: int) -> JournalCondition:
    """A condition on the tenant's journal; for sign-ins and exports, half of the time the response also hangs."""
    if kind == "at a request":
        number = 1 + _log_uniform(rng, requests)
        return lambda journal: len(journal) >= number
    if kind in WAIT_STATUSES:
        status, first = WAIT_STATUSES[kind], 1 + _log_uniform(rng, requests)
        sim.faults.add(Fault("status", when=f"after:{first}", status=status, seconds=30))
        return lambda journal: any(request.status == status for request in journal)
    template = "/oauth/token" if kind == "during the sign-in" else rng.choice(EXPORT)
    if rng.random() < 0.5:
        sim.faults.add(Fault("hang", template))
    return lambda journal: any(request.template == template for request in journal)


def _log_uniform(rng: Random, limit: int) -> int:
    """A log-uniform index below `limit`, since a resumed sync may have little left."""
    return int(limit ** rng.random()) - 1


def _nth_line(prefix: bytes, number: int) -> LinePredicate:
    """A predicate that is true for the line with this number among those with a prefix."""
    seen: Iterator[int] = count()
    return lambda line: line.startswith(prefix) and next(seen) == number


def _elapsed(seconds: float) -> Condition:
    deadline = time.monotonic() + seconds
    return lambda: time.monotonic() >= deadline


def _delayed(seconds: float, condition: Condition) -> Condition:
    """A condition that becomes true `seconds` after another one did."""
    since: list[float] = []

    def is_time() -> bool:
        if not since and condition():
            since.append(time.monotonic())
        return bool(since) and time.monotonic() >= since[0] + seconds

    return is_time
