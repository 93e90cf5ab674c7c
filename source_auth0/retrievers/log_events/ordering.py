"""The order of the tenant's log, and positions in it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from source_auth0.timestamps import Milliseconds, to_milliseconds

#: The id that sorts before every event's.
LOG_BEGINNING = ""
#: Milliseconds by which an event may reach the log later than one that happened after it: recordings show 4.6 seconds.
MAX_EVENT_LATENESS_MS = 600_000

LogOrder = tuple[int, str]


def log_order(log_id: str) -> LogOrder:
    """The sort key of a `log_id`: ids are numbers in text, and all of one length in recordings."""
    return len(log_id), log_id


def event_milliseconds(event: Mapping[str, Any]) -> Milliseconds:
    """When an event happened."""
    return to_milliseconds(event["date"])


@dataclass(frozen=True)
class LogPosition:
    """A position in the log: everything up to and including this id.

    The date is the event's or an earlier one's: it serves people, searches and estimates, never the order.
    """

    log_id: str = LOG_BEGINNING
    date: str = ""

    @classmethod
    def of(cls, event: Mapping[str, Any]) -> "LogPosition":
        """The position right after an event."""
        return cls(event["log_id"], event["date"])

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> "LogPosition":
        """The position that a state stores; the beginning of the log where it stores none."""
        return cls(state.get("log_id", ""), state.get("date", ""))

    @property
    def state(self) -> dict[str, Any]:
        """The position as a state stores it."""
        return {"log_id": self.log_id, "date": self.date}

    @property
    def order(self) -> LogOrder:
        """The sort key of the position."""
        return log_order(self.log_id)
