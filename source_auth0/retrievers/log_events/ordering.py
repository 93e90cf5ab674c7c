"""The order of the tenant's log, and positions in it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from source_auth0.records import Page
from source_auth0.timestamps import Milliseconds, to_iso, to_milliseconds

#: The id that sorts before every event's.
LOG_BEGINNING = ""
#: Milliseconds by which an event may reach the log later than one that happened after it: recordings show 4.6 seconds.
MAX_EVENT_LATENESS_MS = 600_000

LogOrder = tuple[int, str]


def log_order(log_id: str) -> LogOrder:
    """The sort key of a `log_id`: ids are numbers in text, and all of one length in recordings."""
    return len(log_id), log_id


def event_milliseconds(event: Mapping[str, Any]) -> Milliseconds | None:
    """When an event happened; None where its `date` is no UTC date and time, such as null or an object."""
    try:
        return to_milliseconds(event["date"])
    except (KeyError, TypeError, AttributeError, ValueError):
        return None


@dataclass(frozen=True)
class LogPosition:
    """A position in the log: everything up to and including this id.

    The date is the event's or an earlier one's: it serves people, searches and estimates, never the order.
    """

    log_id: str = LOG_BEGINNING
    date: str = ""

    @classmethod
    def of(cls, event: Mapping[str, Any], before: "LogPosition | None" = None) -> "LogPosition":
        """The position right after an event; one without a date takes that of the position before it."""
        return cls.after([dict(event)], before)

    @classmethod
    def after(cls, page: Page, before: "LogPosition | None" = None) -> "LogPosition":
        """The position after the last event of a page, with the date of the last event that has one.

        A state has no position without a date: where neither the page nor the position before it has one, 1970 it is.
        """
        date = next((ms for event in reversed(page) if (ms := event_milliseconds(event)) is not None), None)
        inherited = before.date if before and before.date else to_iso(0)
        return cls(page[-1]["log_id"], inherited if date is None else to_iso(date))

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
