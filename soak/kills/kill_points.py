"""The moments at which syncs are killed, drawn at random."""

import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from random import Random

from auth0_simulator import Fault, Simulator
from auth0_simulator.control.journal import JournalEntry

Is = Callable[[], bool]
Last = Callable[[bytes], bool]
Which = Callable[[list[JournalEntry]], bool]
#: How often each kind of moment is drawn.
KINDS = {
    "ahead of a state": 3,
    "ahead of a row": 3,
    "amid the output": 3,
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
    """When a sync ends: ahead of the line that `is_last` names, whatever is behind it, or by a signal at a time."""

    kind: str
    number: signal.Signals
    is_time: Is = lambda: False
    is_last: Last = lambda _: False
    is_to_come: bool = True


def no_kill() -> KillPoint:
    """A sync may end by itself."""
    return KillPoint("never", signal.SIGKILL, is_to_come=False)


def draw_kill_point(chance: Random, sim: Simulator, rows: int, requests: int, *, export: bool) -> KillPoint:
    """A moment in a sync that may have about so many rows and requests; may put a fault in force."""
    weights = {**KINDS, "during an export": 4 * export}
    (kind,) = chance.choices(list(weights), list(weights.values()))
    number = chance.choice([signal.SIGKILL, signal.SIGKILL, signal.SIGTERM, signal.SIGTERM, signal.SIGINT])
    if kind == "ahead of a state":
        return KillPoint(kind, signal.SIGKILL, is_last=_numbered(b'{"type":"STATE"', _some(chance, 12)))
    if kind == "ahead of a row":
        return KillPoint(kind, signal.SIGKILL, is_last=_numbered(b'{"type":"RECORD"', _some(chance, rows)))
    if kind == "amid the output":
        is_there = _numbered(b"", _some(chance, rows))
        reached: list[bool] = []

        def note(line: bytes) -> bool:
            reached[:] = [True] if is_there(line) else reached
            return False

        return KillPoint(kind, number, lambda: bool(reached), note)
    if kind == "after a time":
        return KillPoint(kind, number, _later(chance.uniform(0, 0.6)))
    which = _asked(kind, chance, sim, requests)
    return KillPoint(kind, number, _after(chance.choice([0, 0.005, 0.02, 0.1]), lambda: which(sim.journal)))


def _asked(kind: str, chance: Random, sim: Simulator, requests: int) -> Which:
    """What the tenant has been asked for at that moment; half of the time it does not answer."""
    if kind == "at a request":
        number = 1 + _some(chance, requests)
        return lambda journal: len(journal) >= number
    if kind in WAIT_STATUSES:
        status, first = WAIT_STATUSES[kind], 1 + _some(chance, requests)
        sim.faults.add(Fault("status", when=f"after:{first}", status=status, seconds=30))
        return lambda journal: any(request.status == status for request in journal)
    template = "/oauth/token" if kind == "during the sign-in" else chance.choice(EXPORT)
    if chance.random() < 0.5:
        sim.faults.add(Fault("hang", template))
    return lambda journal: any(request.template == template for request in journal)


def _some(chance: Random, most: int) -> int:
    """A number below `most`; one in ten is as likely as one in a hundred, for what is left to read may be little."""
    return int(most ** chance.random()) - 1


def _numbered(beginning: bytes, number: int) -> Last:
    """Whether a line is the one of this number among those with a beginning."""
    seen: Iterator[int] = count()
    return lambda line: line.startswith(beginning) and next(seen) == number


def _later(seconds: float) -> Is:
    until = time.monotonic() + seconds
    return lambda: time.monotonic() >= until


def _after(seconds: float, happened: Is) -> Is:
    """Some time after something has happened."""
    since: list[float] = []

    def is_time() -> bool:
        if not since and happened():
            since.append(time.monotonic())
        return bool(since) and time.monotonic() >= since[0] + seconds

    return is_time
