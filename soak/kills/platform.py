"""What a platform makes of what dying syncs print: rows are kept as they come, a state once it is whole."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

Row = dict[str, Any]
Rows = list[tuple[str, Row]]
States = dict[str, dict[str, Any]]


@dataclass(frozen=True)
class SavedStates:
    """The states of all streams when so many rows had been taken; `told`: the places of the rows that each tells of.

    Rows behind the state that a later sync goes on from are told of by none of that sync's states.
    """

    rows: int = 0
    states: States = field(default_factory=dict)
    told: dict[str, tuple[range, ...]] = field(default_factory=dict)

    @property
    def messages(self) -> list[dict[str, Any]]:
        """As `--state` takes them."""
        return list(self.states.values())

    def of(self, stream: str) -> dict[str, Any]:
        """What one stream's state holds; empty where it has none."""
        return dict(self.states[stream]["stream"]["stream_state"]) if stream in self.states else {}


@dataclass
class Platform:
    """Every row of every sync in its order, and what could be gone on from."""

    rows: Rows = field(default_factory=list)
    saved: list[SavedStates] = field(default_factory=lambda: [SavedStates()])
    #: Where the sync at hand began.
    begun: SavedStates = field(default_factory=SavedStates)
    #: Streams that the sync at hand said to have read to the end.
    complete: set[str] = field(default_factory=set)
    #: What else it printed that tells of trouble.
    problems: list[str] = field(default_factory=list)

    def begin(self, at: SavedStates) -> None:
        """A sync goes on from here: what was saved later is lost."""
        self.begun = SavedStates(len(self.rows), at.states, at.told)
        self.saved.append(self.begun)
        self.complete, self.problems = set(), []

    def take(self, line: bytes) -> str:
        """Keep what a line holds; its type. A line that is no message raises ValueError."""
        message = json.loads(line)
        kind = str(message["type"])
        if kind == "RECORD":
            self.rows.append((message["record"]["stream"], message["record"]["data"]))
        elif kind == "STATE":
            state, last, rows = message["state"], self.saved[-1], len(self.rows)
            name = state["stream"]["stream_descriptor"]["name"]
            told = (*self.begun.told.get(name, ()), range(self.begun.rows, rows))
            self.saved.append(SavedStates(rows, {**last.states, name: state}, {**last.told, name: told}))
        elif kind == "TRACE":
            self._trace(message["trace"])
        return kind

    def _trace(self, trace: dict[str, Any]) -> None:
        if trace["type"] == "ERROR":
            self.problems.append(f"{trace['error']['message']} {trace['error'].get('internal_message', '')}")
        elif trace["type"] == "STREAM_STATUS" and trace["stream_status"]["status"] == "COMPLETE":
            self.complete.add(trace["stream_status"]["stream_descriptor"]["name"])


@dataclass
class OutputUntilCrash:
    """Takes lines until the machine goes down: ahead of the one that `is_last` names."""

    platform: Platform
    is_last: Callable[[bytes], bool] = lambda _: False
    lines: int = 0
    errors: list[str] = field(default_factory=list)

    def __call__(self, line: bytes) -> bool:
        """Whether the line was taken."""
        if self.is_last(line):
            return False
        self.lines += 1
        try:
            self.platform.take(line)
        except (ValueError, KeyError) as error:
            self.errors.append(f"a line is no message ({error!r}): {line[:120]!r} … {line[-300:]!r}")
        return True
