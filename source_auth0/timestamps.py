"""Timestamps: milliseconds since 1970 in code, ISO 8601 in UTC in what Auth0 sends and is asked."""

import re
from datetime import datetime, timezone

#: Auth0 stores and compares timestamps to the millisecond; times are milliseconds since 1970 here.
Milliseconds = int


#: A date and time in UTC to the second, and the digits after it.
UTC_DATE_TIME = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.([0-9]+))?(?:Z|\+00:00)?")


def to_milliseconds(text: str) -> Milliseconds:
    """Milliseconds of a UTC date and time in ISO 8601, 0 for any before 1970; raises ValueError for anything else."""
    parts = UTC_DATE_TIME.fullmatch(text.strip())
    if parts is None:
        raise ValueError(f"{text!r} is no UTC date and time")
    second = datetime.fromisoformat(parts[1]).replace(tzinfo=timezone.utc)
    return max(int(second.timestamp()) * 1000 + int((parts[2] or "")[:3].ljust(3, "0")), 0)


def to_iso(moment: Milliseconds) -> str:
    """ISO 8601 to the millisecond, as Auth0 writes it."""
    second = datetime.fromtimestamp(moment // 1000, timezone.utc)
    return f"{second.replace(tzinfo=None).isoformat()}.{moment % 1000:03d}Z"
