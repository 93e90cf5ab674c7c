"""The order of the tenant's log, and positions in it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from source_auth0.timestamps import Milliseconds, to_milliseconds

#: Before every event.
LOG_BEGINNING = ""
#: Milliseconds by which an event may reach the log later than one that happened after it: recordings show 4.6 seconds.
MAX_EVENT_LATENESS_MS = 600_000

LogOrder = tuple[int, str]


def log_order(log_id: str) -> LogOrder:
    """What the log is ordered by: ids are numbers in text, of one length as far as recordings go."""
    return len(log_id), log_id


def event_milliseconds(event: Mapping[str, Any]) -> Milliseconds:
    """When an event happened."""
    return to_milliseconds(event["date"])


@dataclass(frozen=True)
class LogPosition:
    """A place in the log: everything up to this id. The date is the event's, for people and for searches."""

    log_id: str = LOG_BEGINNING
    date: str = ""

    @classmethod
    def of(cls, event: Mapping[str, Any]) -> "LogPosition":
        """The place right behind an event."""
        return cls(event["log_id"], event["date"])

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> "LogPosition":
        """The place that a state names; the beginning where it names none."""
        return cls(state.get("log_id", ""), state.get("date", ""))

    @property
    def state(self) -> dict[str, Any]:
        """What a state names it by."""
        return {"log_id": self.log_id, "date": self.date}

    @property
    def order(self) -> LogOrder:
        """Where it is among others."""
        return log_order(self.log_id)
