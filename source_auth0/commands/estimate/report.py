"""The estimate as a table for people, and as JSON."""

import math
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from source_auth0.commands.estimate.duration import Clock, Duration
from source_auth0.commands.estimate.estimates import StreamEstimate, together
from source_auth0.commands.estimate.survey import Survey
from source_auth0.costs.spans import Span, total

#: What the columns of a sync are called in JSON.
FIRST, LATER = "first_sync", "later_syncs"
UNTOLD = "unknown"
#: Seconds from which on a time is shown in minutes, and in hours.
MINUTE, HOUR = 60, 3600
#: Numbers below this are shown as they are; larger ones have two or three digits that count.
EXACT = 1000
HEADS = ("Stream", "Rows", "Requests", "Time", "Rows later", "Requests later", "Time later", "What decides")


@dataclass(frozen=True)
class Line:
    """One stream's estimate, or that of all together: rows, requests and time of a first and of a later sync."""

    name: str
    rows: Span | None
    requests: Span
    duration: Duration
    later_rows: Span | None
    later_requests: Span
    later: Duration


def lines_of(survey: Survey, selected: Sequence[str], clock: Clock) -> tuple[list[Line], list[str]]:
    """A line for each stream, then for the parents that are read for them, then one for all; and what is refused.

    A stream's own requests are its line's. Those of its parents count once, however many streams are read below them.
    """
    estimates = {name: survey.estimate(name) for name in selected}
    needed = sorted({name for each in estimates.values() if not each.refused for name in each.needs} - {*selected})
    estimates |= {name: survey.estimate(name) for name in needed}
    refused = [f"`{name}` {each.refused}." for name, each in estimates.items() if each.refused]
    readable = [each for each in estimates.values() if not each.refused]
    lines = [_line(each.name if each.name in selected else f"({each.name})", [each], clock) for each in readable]
    if len(lines) > 1:
        rows = {each.name for each in readable if each.name in selected}
        lines.append(_line("all together", readable, clock, rows))
    return lines, refused


def _line(name: str, estimates: Sequence[StreamEstimate], clock: Clock, counted: Container[str] | None = None) -> Line:
    """A line for several streams; `counted` names those whose rows count, all by default."""
    cells = list[Any]()
    for is_later in (False, True):
        requests: dict[str, Span] = {}
        for each in estimates:
            requests = together(requests, each.requests_of(is_later=is_later))
        rows = [each.rows_of(is_later=is_later) for each in estimates if counted is None or each.name in counted]
        known = [span for span in rows if span is not None]
        cells += [total(known) if known else None, total(requests.values()), clock.duration(requests)]
    return Line(name, *cells)


def table(lines: Sequence[Line]) -> str:
    """The lines under their heads, in columns."""
    cells = [HEADS, *(_cells(line) for line in lines)]
    widths = [max(len(row[n]) for row in cells) for n in range(len(HEADS))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(r, widths, strict=True)).rstrip() for r in cells
    )


def as_json(lines: Sequence[Line], refused: Sequence[str]) -> dict[str, Any]:
    """The same as an object: `streams`, the sum of them as `total`, and the sentences about those that are refused."""
    listed = [_object(line) for line in lines]
    is_summed = len(lines) > 1
    return {
        "streams": listed[:-1] if is_summed else listed,
        "total": listed[-1] if listed else None,
        "refused": list(refused),
    }


def _cells(line: Line) -> tuple[str, ...]:
    return (
        line.name,
        shown(line.rows),
        shown(line.requests),
        shown_time(line.duration.seconds),
        shown(line.later_rows),
        shown(line.later_requests),
        shown_time(line.later.seconds),
        line.duration.decided_by,
    )


def _object(line: Line) -> dict[str, Any]:
    def sync(rows: Span | None, requests: Span, duration: Duration) -> Mapping[str, Any]:
        return {
            "rows": _bounds(rows) if rows is not None else None,
            "requests": _bounds(requests),
            "minutes": _bounds(duration.seconds.times(1 / MINUTE), digits=2),
            "decided_by": duration.decided_by,
        }

    name, is_selected = line.name.strip("()"), not line.name.startswith("(")
    return {
        "stream": name,
        "is_selected": is_selected,
        FIRST: sync(line.rows, line.requests, line.duration),
        LATER: sync(line.later_rows, line.later_requests, line.later),
    }


def _bounds(span: Span, digits: int = 0) -> dict[str, Any]:
    low, high = (round(number, digits) if digits else int(number) for number in (span.low, math.ceil(span.high)))
    return {"from": low, "to": None if span.at_least else round(span.high, digits) if digits else high}


def shown(span: Span | None) -> str:
    """A number, or two with `to` between them, or `at least` one."""
    if span is None:
        return UNTOLD
    low, high = _number(math.floor(span.low), up=False), _number(math.ceil(span.high), up=True)
    return f"at least {low}" if span.at_least else low if low == high else f"{low} to {high}"


def shown_time(seconds: Span) -> str:
    """A time in seconds, minutes or hours."""
    low, high = _time(seconds.low, up=False), longest(seconds)
    if seconds.at_least:
        return f"at least {low}"
    number, unit = low.split(" ")
    return low if low == high else f"{number if high.endswith(f' {unit}') else low} to {high}"


def longest(seconds: Span) -> str:
    """The upper bound of a time."""
    return _time(seconds.high, up=True)


def _number(number: int, *, up: bool) -> str:
    if number < EXACT:
        return str(number)
    unit = 10 ** (len(str(number)) - 3)
    return f"{(math.ceil if up else math.floor)(number / unit) * unit:,}"


def _time(seconds: float, *, up: bool) -> str:
    whole = math.ceil if up else math.floor
    if seconds < MINUTE:
        return f"{whole(seconds)} s"
    if seconds < 2 * HOUR:
        return f"{whole(seconds / MINUTE)} min"
    return f"{whole(seconds / HOUR)} h"
