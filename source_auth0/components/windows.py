"""Ranges of time over the users, in Auth0's search syntax."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

#: Auth0 stores and compares timestamps to the millisecond; times are milliseconds since 1970 here.
Milliseconds = int


#: A date and time in UTC to the second, and the digits after it.
ISO = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.([0-9]+))?(?:Z|\+00:00)?")


#: Seconds before now at which an incremental sync ends: user search is eventually consistent.
SAFETY_LAG = 60
#: Seconds before the saved cursor at which the next one begins, for users that the index showed later than that.
LOOK_BACK = 300


@dataclass(frozen=True)
class Window:
    """A half-open range of one timestamp, `[start, end)`; None leaves a side open, `also` adds conditions."""

    field: str
    start: Milliseconds | None
    end: Milliseconds | None
    also: str = ""

    @property
    def query(self) -> str:
        """The window in Auth0's search syntax, where a bracket includes its bound and a brace leaves it out."""
        start = "*" if self.start is None else text_of(self.start)
        end = "*]" if self.end is None else f"{text_of(self.end)}}}"
        return both(f"{self.field}:[{start} TO {end}", self.also)

    def holds(self, row: Mapping[str, Any]) -> bool:
        """Whether a row lies in the range; conditions aside."""
        moment = moment_of(row[self.field])
        return (self.start is None or self.start <= moment) and (self.end is None or moment < self.end)


def both(condition: str, also: str) -> str:
    """Two conditions that have to hold, or the only one there is."""
    return f"{condition} AND {also}" if condition and also else condition or also


def quoted(value: str) -> str:
    """A value as an exact term of a query."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def moment_of(text: str) -> Milliseconds:
    """Milliseconds of a UTC date and time in ISO 8601, 0 for any before 1970; raises ValueError for anything else."""
    parts = ISO.fullmatch(text.strip())
    if parts is None:
        raise ValueError(f"{text!r} is no UTC date and time")
    second = datetime.fromisoformat(parts[1]).replace(tzinfo=timezone.utc)
    return max(int(second.timestamp()) * 1000 + int((parts[2] or "")[:3].ljust(3, "0")), 0)


def text_of(moment: Milliseconds) -> str:
    """ISO 8601 to the millisecond, as Auth0 writes it."""
    second = datetime.fromtimestamp(moment // 1000, timezone.utc)
    return f"{second.replace(tzinfo=None).isoformat()}.{moment % 1000:03d}Z"


def safety_lag(config: Mapping[str, Any]) -> Milliseconds:
    """How long before now an incremental sync of users ends."""
    return _seconds(config, "users_safety_lag", SAFETY_LAG)


def look_back(config: Mapping[str, Any]) -> Milliseconds:
    """How long before the saved cursor the next one begins."""
    return _seconds(config, "users_look_back", LOOK_BACK)


def _seconds(config: Mapping[str, Any], name: str, default: int) -> Milliseconds:
    value = config.get(name)
    return (default if value is None else int(value)) * 1000
