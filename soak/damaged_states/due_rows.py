"""Which rows a correct reading of a state has to bring, as docs/behavior.md describes states: told apart from the code.

A state that is not what docs/behavior.md describes says nothing, so that everything is due.
"""

import math
from collections.abc import Mapping
from datetime import datetime
from typing import Any

Row = dict[str, Any]


def due_rows(stream: str, saved: Mapping[str, Any], rows: list[Row], now: float) -> list[Row]:
    """Those of all rows that a sync from this state may not leave out; `now` in seconds since 1970."""
    if stream == "users":
        return [row for row in rows if _is_within(saved, seconds(row["updated_at"]), now)]
    if stream in {"logs", "changes", "user_deletions"}:
        return [row for row in rows if _is_behind(saved, row["log_id"])]
    if stream == "events":
        offsets = [row["offset"] for row in rows]
        known = saved.get("offset")
        past = offsets.index(known) + 1 if known in offsets else 0
        # Auth0 refuses an offset that it does not know, and the time is what is left.
        begin = 0.0 if past else _time(saved, now)
        return [row for row in rows[past:] if seconds(row["time"]) >= begin and row["id"] != saved.get("event")]
    return [row for row in rows if _is_due_of_user(saved, row, now)]


def seconds(text: Any) -> float:
    """A date and time in UTC as seconds since 1970, -inf where it is none."""
    try:
        moment = datetime.fromisoformat(text.strip().replace("Z", "+00:00"))
    except (ValueError, TypeError, AttributeError):
        return -math.inf
    return moment.timestamp() if moment.tzinfo else -math.inf


def _time(saved: Mapping[str, Any], now: float) -> float:
    moment = seconds(saved.get("time"))
    return moment if moment <= now else -math.inf


def _is_within(saved: Mapping[str, Any], at: float, now: float) -> bool:
    low, until = seconds(saved.get("updated_at")), seconds(saved.get("until"))
    try:
        pieces = [(seconds(start), seconds(end)) for start, end in saved.get("open") or []]
    except (ValueError, TypeError):
        return True
    beyond = until if pieces else low
    if -math.inf in (low, beyond) or beyond > now + 301:
        return True
    return at >= beyond or any(start <= at < end for start, end in pieces)


def _is_behind(saved: Mapping[str, Any], log_id: str) -> bool:
    low, until = saved.get("log_id"), saved.get("until")
    try:
        pieces = [(_order(start), _order(end)) for start, end, _ in saved.get("open") or []]
        beyond = _order(until) if pieces else _order(low)
    except (ValueError, TypeError):
        return True
    return _order(log_id) > beyond or any(start < _order(log_id) <= end for start, end in pieces)


def _order(log_id: Any) -> tuple[int, str]:
    if not isinstance(log_id, str):
        raise TypeError(log_id)
    return len(log_id), log_id


def _is_due_of_user(saved: Mapping[str, Any], row: Row, now: float) -> bool:
    """Rows of users who moved since; whom the log names is shown elsewhere."""
    begun = saved.get("open")
    missed = saved.get("missed", [])
    if not isinstance(missed, list) or row["user_id"] in missed:
        return True
    until = seconds(begun.get("until")) if isinstance(begun, dict) else -math.inf
    low = seconds(saved.get("updated_at"))
    moved = seconds(row["user_updated_at"])
    if max(low, until) > now + 301 or (low == -math.inf and not isinstance(begun, dict)):
        return True
    if isinstance(begun, dict) and moved <= until:
        left, asked = begun.get("left"), begun.get("asked")
        if not isinstance(left, list) or not isinstance(asked, str):
            return True
        return moved >= low and (row["user_id"] in left or row["user_id"] > asked)
    return moved >= max(low, until)
