"""A platform that stores the output of killed syncs: rows on arrival, a state once its line is complete."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

Row = dict[str, Any]
Rows = list[tuple[str, Row]]
States = dict[str, dict[str, Any]]


@dataclass(frozen=True)
class SavedStates:
    """The states of all streams after `rows` rows; `covered`: stream to the index ranges of rows that its state covers.

    Rows that came after the state from which a later sync resumes are covered by none of that sync's states.
    """

    rows: int = 0
    states: States = field(default_factory=dict)
    covered: dict[str, tuple[range, ...]] = field(default_factory=dict)

    @property
    def messages(self) -> list[dict[str, Any]]:
        """As `--state` takes them."""
        return list(self.states.values())

    def of(self, stream: str) -> dict[str, Any]:
        """One stream's state; empty if it has none."""
        return dict(self.states[stream]["stream"]["stream_state"]) if stream in self.states else {}


@dataclass
class Platform:
    """Every row of every sync in order, and every set of states a sync could resume from."""

    rows: Rows = field(default_factory=list)
    saved: list[SavedStates] = field(default_factory=lambda: [SavedStates()])
    #: The states the current sync started from.
    start: SavedStates = field(default_factory=SavedStates)
    #: Streams that the current sync reported as COMPLETE.
    complete: set[str] = field(default_factory=set)
    #: Error messages of the current sync.
    problems: list[str] = field(default_factory=list)

    def begin(self, at: SavedStates) -> None:
        """Start a sync from saved states; states saved later are discarded."""
        self.start = SavedStates(len(self.rows), at.states, at.covered)
        self.saved.append(self.start)
        self.complete, self.problems = set(), []

    def take(self, line: bytes) -> str:
        """Store the message on a line and return its type; raises ValueError or KeyError if it is no message."""
        message = json.loads(line)
        kind = str(message["type"])
        if kind == "RECORD":
            self.rows.append((message["record"]["stream"], message["record"]["data"]))
        elif kind == "STATE":
            state, last, rows = message["state"], self.saved[-1], len(self.rows)
            name = state["stream"]["stream_descriptor"]["name"]
            covered = (*self.start.covered.get(name, ()), range(self.start.rows, rows))
            self.saved.append(SavedStates(rows, {**last.states, name: state}, {**last.covered, name: covered}))
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
    """Takes lines until a simulated crash, right before the first line for which `is_last` is true."""

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
