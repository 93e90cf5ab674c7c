"""A mutant: one small change of the connector's code, what became of it, and why it may live."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

#: Why some mutants cannot be killed, or need not be.
EXPLAINED = Path(__file__).parent / "explained.yaml"
#: Where mutmut keeps the changed code and what it found.
MADE = Path("mutants")
#: The test files of a module that are not called `test_<module>.py`.
TESTS = {
    "api": ["listening", "objects"],
    "bookmark": ["events"],
    "bucket": ["budget"],
    "buckets": ["budget"],
    "cloud_events": ["events"],
    "connections": ["api", "secrecy"],
    "cursor": ["tombstones"],
    "event_cursor": ["events"],
    "export": ["excluded"],
    "factory": ["source"],
    "feed": ["events"],
    "held_token": ["authentication", "api"],
    "log_writes": ["log_events"],
    "problems": ["answers"],
    "progress": ["cursor"],
    "reading": ["pages"],
    "refill": ["budget"],
    "refusals": ["answers"],
    "repetition": ["lists", "search"],
    "rounds": ["moved_users", "per_user"],
    "saved_states": ["cursor", "log_cursor"],
    "search": ["excluded"],
    "waiting": ["events", "listening"],
    "windows": ["cursor"],
}
#: A mutant that never ends is noticed like one that fails.
KILLED = {"killed", "timeout", "segfault", "suspicious"}
#: What `make lint` refuses never reaches a test.
ILL_TYPED = "caught by type check"


@dataclass(frozen=True)
class Mutant:
    """One change: the lines before and after it, each as one line without indentation."""

    module: str
    function: str
    was: str
    now: str
    fate: str = "survived"

    @property
    def identity(self) -> tuple[str, str, str, str]:
        """What stays the same when other lines of the module change."""
        return self.module, self.function, self.was, self.now

    @property
    def is_alive(self) -> bool:
        """Whether nothing noticed it."""
        return is_alive(self.fate)


@dataclass(frozen=True)
class Count:
    """What became of the mutants of some modules."""

    mutants: int = 0
    ill_typed: int = 0
    killed: int = 0
    explained: int = 0
    alive: int = 0

    @property
    def score(self) -> float:
        """The part of those that mean another behaviour and that were noticed."""
        return 1 - self.alive / max(1, self.mutants - self.explained)


@dataclass
class Explanations:
    """The identities of mutants that may live, each with its reason."""

    reasons: dict[tuple[str, str, str, str], str]

    @classmethod
    def read(cls, path: Path = EXPLAINED) -> "Explanations":
        """Module → function → list of `was`, `now`, `why`; a `why` may stand for several."""
        told = yaml.safe_load(path.read_text()) or {}
        return cls(
            {
                (module, function, one["was"], one["now"]): one["why"]
                for module, functions in told.items()
                for function, mutants in functions.items()
                for one in mutants
            }
        )

    def missing(self, mutants: Iterable[Mutant]) -> Iterator[Mutant]:
        """The mutants that live without a reason."""
        return (one for one in mutants if one.is_alive and one.identity not in self.reasons)

    def stale(self, mutants: Iterable[Mutant]) -> list[tuple[str, str, str, str]]:
        """The reasons that no living mutant of these modules needs."""
        mutants = list(mutants)
        modules, alive = {one.module for one in mutants}, {one.identity for one in mutants if one.is_alive}
        return [identity for identity in self.reasons if identity[0] in modules and identity not in alive]

    def count(self, mutants: Iterable[Mutant]) -> Count:
        """What became of them."""
        found = list(mutants)
        alive = [one for one in found if one.is_alive]
        missing = len(list(self.missing(alive)))
        ill_typed = sum(one.fate == ILL_TYPED for one in found)
        killed = len(found) - len(alive) - ill_typed
        return Count(len(found), ill_typed, killed, len(alive) - missing, missing)


def files_of(module: str) -> list[str]:
    """The test files of a component."""
    files = [f"unit_tests/test_{name}.py" for name in [module, *TESTS.get(module, [])]]
    return [name for name in files if Path(name).exists()]


def kept(module: str) -> Path:
    """Where the last run left what became of a module's mutants."""
    return MADE / f"{module}.json"


def is_alive(fate: str) -> bool:
    """Whether neither a test nor the type checker noticed."""
    return fate not in {*KILLED, ILL_TYPED}
