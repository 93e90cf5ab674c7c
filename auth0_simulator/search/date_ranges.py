"""Dates of any precision in a query, converted to bounds in milliseconds."""

from __future__ import annotations

import calendar
import re
from datetime import datetime, timedelta, timezone

from auth0_simulator.search.lucene import Range
from auth0_simulator.state.clock import milliseconds
from auth0_simulator.wire.errors import invalid_search

_DATE = re.compile(
    r"(\d{4})(?:-(\d\d)(?:-(\d\d)(?:T(\d\d)(?::(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?)?(Z|[+-]\d\d:?\d\d)?)?)?)?\Z"
)


def date_bounds(clause: Range) -> tuple[int, int]:
    """The first and the last millisecond of a date range."""
    low = (
        -(1 << 60)
        if clause.low is None
        else _date_milliseconds(clause.low, clause.field, upper=not clause.low_inclusive)
    )
    high = (
        1 << 60 if clause.high is None else _date_milliseconds(clause.high, clause.field, upper=clause.high_inclusive)
    )
    return (
        low if clause.low is None or clause.low_inclusive else low + 1,
        high if clause.high is None or clause.high_inclusive else high - 1,
    )


def _date_milliseconds(text: str, field: str, *, upper: bool) -> int:
    """A date of any precision in milliseconds: its first millisecond, or with `upper` its last one."""
    match = _DATE.match(text)
    if match is None:
        raise invalid_search(f'failed to parse date field "{field}" with value "{text}"')
    year, month, day, hour, minute, second, fraction, zone = match.groups()
    try:
        start = datetime(
            int(year), int(month or 1), int(day or 1), int(hour or 0), int(minute or 0), int(second or 0),
            tzinfo=_zone(zone),
        )  # fmt: skip
    except ValueError as error:
        raise invalid_search(f'failed to parse date field "{field}" with value "{text}": {error}') from error
    base = milliseconds(start)
    if fraction:
        return base + int(fraction[:3].ljust(3, "0"))
    return base + _precision_milliseconds(start, match) - 1 if upper else base


def _precision_milliseconds(start: datetime, match: re.Match[str]) -> int:
    """The duration in milliseconds of the smallest unit that the date gives."""
    if match[2] is None:
        return (366 if calendar.isleap(start.year) else 365) * 86_400_000
    if match[3] is None:
        return calendar.monthrange(start.year, start.month)[1] * 86_400_000
    return 86_400_000 if match[4] is None else 3_600_000 if match[5] is None else 60_000 if match[6] is None else 1000


def _zone(text: str | None) -> timezone:
    if text is None or text == "Z":
        return timezone.utc
    sign = -1 if text[0] == "-" else 1
    return timezone(sign * timedelta(hours=int(text[1:3]), minutes=int(text[-2:])))
