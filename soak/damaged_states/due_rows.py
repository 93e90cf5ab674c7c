"""Which rows a sync from a given state has to emit, by docs/behavior.md and independently of the connector's code.

A state that is not as docs/behavior.md describes is ignored, so every row is due.
"""

import math
from collections.abc import Mapping
from datetime import datetime
from typing import Any

Row = dict[str, Any]


def due_rows(stream: str, saved: Mapping[str, Any], rows: list[Row], now: float) -> list[Row]:
    """The rows that a sync from this state must not leave out; `now` in seconds since 1970."""
    if stream == "users":
        return [row for row in rows if _is_user_due(saved, seconds(row["updated_at"]), now)]
    if stream in {"logs", "changes", "user_deletions"}:
        return [row for row in rows if _is_log_row_due(saved, row["log_id"])]
    if stream == "events":
        offsets = [row["offset"] for row in rows]
        offset = saved.get("offset")
        next_index = offsets.index(offset) + 1 if offset in offsets else 0
        # Auth0 rejects an unknown offset, and the connector falls back to the time.
        start_time = 0.0 if next_index else _time(saved, now)
        return [
            row for row in rows[next_index:] if seconds(row["time"]) >= start_time and row["id"] != saved.get("event")
        ]
    return [row for row in rows if _is_user_list_row_due(saved, row, now)]


def seconds(text: Any) -> float:
    """A UTC timestamp as seconds since 1970; -inf if it is not one."""
    try:
        time = datetime.fromisoformat(text.strip().replace("Z", "+00:00"))
    except (ValueError, TypeError, AttributeError):
        return -math.inf
    return time.timestamp() if time.tzinfo else -math.inf


def _time(saved: Mapping[str, Any], now: float) -> float:
    time = seconds(saved.get("time"))
    return time if time <= now else -math.inf


def _is_user_due(saved: Mapping[str, Any], at: float, now: float) -> bool:
    low, until = seconds(saved.get("updated_at")), seconds(saved.get("until"))
    try:
        open_ranges = [(seconds(start), seconds(end)) for start, end in saved.get("open") or []]
    except (ValueError, TypeError):
        return True
    covered_until = until if open_ranges else low
    if -math.inf in (low, covered_until) or covered_until > now + 301:
        return True
    return at >= covered_until or any(start <= at < end for start, end in open_ranges)


def _is_log_row_due(saved: Mapping[str, Any], log_id: str) -> bool:
    low, until = saved.get("log_id"), saved.get("until")
    try:
        open_ranges = [(_sort_key(start), _sort_key(end)) for start, end, _ in saved.get("open") or []]
        covered_until = _sort_key(until) if open_ranges else _sort_key(low)
    except (ValueError, TypeError):
        return True
    return _sort_key(log_id) > covered_until or any(start < _sort_key(log_id) <= end for start, end in open_ranges)


def _sort_key(log_id: Any) -> tuple[int, str]:
    if not isinstance(log_id, str):
        raise TypeError(log_id)
    return len(log_id), log_id


def _is_user_list_row_due(saved: Mapping[str, Any], row: Row, now: float) -> bool:
    """Whether the user changed since the state; users that only the log names are tested elsewhere."""
    opened = saved.get("open")
    missed = saved.get("missed", [])
    if not isinstance(missed, list) or row["user_id"] in missed:
        return True
    until = seconds(opened.get("until")) if isinstance(opened, dict) else -math.inf
    low = seconds(saved.get("updated_at"))
    changed_at = seconds(row["user_updated_at"])
    if max(low, until) > now + 301 or (low == -math.inf and not isinstance(opened, dict)):
        return True
    if isinstance(opened, dict) and changed_at <= until:
        left, asked = opened.get("left"), opened.get("asked")
        if not isinstance(left, list) or not isinstance(asked, str):
            return True
        return changed_at >= low and (row["user_id"] in left or row["user_id"] > asked)
    # The overlap tells that its users were asked, those at the mark itself among them.
    return (
        changed_at > low if isinstance(saved.get("overlap"), str) and opened is None else changed_at >= max(low, until)
    )
