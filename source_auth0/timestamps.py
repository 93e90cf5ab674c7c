"""Timestamps: milliseconds since 1970 inside the connector, ISO 8601 in UTC in requests and responses."""

import re
from collections.abc import Mapping
from datetime import datetime, timezone
from functools import lru_cache
from typing import Any

#: A timestamp: milliseconds since 1970, the precision to which Auth0 stores and compares them; or a duration.
Milliseconds = int


#: A UTC date and time to the second, with optional fractional digits and time zone.
UTC_DATE_TIME = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.([0-9]+))?(?:Z|\+00:00)?")


def to_milliseconds(text: str) -> Milliseconds:
    """Parse an ISO 8601 date and time in UTC; 0 for any before 1970. Raises ValueError for anything else."""
    return _parsed(text.strip())


# A page's timestamps are looked at a few times each.
@lru_cache(maxsize=4096)
def _parsed(text: str) -> Milliseconds:
    parts = UTC_DATE_TIME.fullmatch(text)
    if parts is None:
        raise ValueError(f"{text!r} is no UTC date and time")
    second = datetime.fromisoformat(parts[1]).replace(tzinfo=timezone.utc)
    return max(int(second.timestamp()) * 1000 + int((parts[2] or "")[:3].ljust(3, "0")), 0)


def timestamp_of(row: Mapping[str, Any], field: str) -> Milliseconds | None:
    """A timestamp of a row; None if it is missing or no date."""
    try:
        return to_milliseconds(row[field])
    except (KeyError, AttributeError, TypeError, ValueError):
        return None


def to_iso(timestamp: Milliseconds) -> str:
    """Format a timestamp as Auth0 does: ISO 8601 in UTC to the millisecond."""
    second = datetime.fromtimestamp(timestamp // 1000, timezone.utc)
    return f"{second.replace(tzinfo=None).isoformat()}.{timestamp % 1000:03d}Z"
