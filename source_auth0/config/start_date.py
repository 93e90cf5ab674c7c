"""The start date: what a person typed, and how it is written in UTC."""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from typing import Any

from source_auth0.redaction.log_masking import quote_input

PATTERN = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?Z")
EXAMPLE = "2024-01-31T00:00:00Z"
#: Other forms of a date whose meaning is certain: a day and a month below 13 may be either.
OTHER_FORMATS = ("%Y/%m/%d", "%Y.%m.%d", "%Y%m%d", "%d.%m.%Y", "%d %b %Y", "%d %B %Y", "%b %d, %Y", "%B %d, %Y")
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
#: Digits of a Unix timestamp in seconds or milliseconds, of this century.
UNIX_DIGITS = {10: 1, 13: 1000}


def start_date_problem(date: str) -> str | None:
    """The error of a start date that is no UTC date and time, with the same date as it is to be entered."""
    if PATTERN.fullmatch(date) and _parsed(date[:19]):
        return None
    suggested = _suggestion(date)
    advice = f"Enter it as `{suggested}`" if suggested else f"Enter one such as `{EXAMPLE}`"
    return (
        f"Start Date (`start_date`) is `{quote_input(date)}`, which is no UTC date and time. {advice}, or leave it out."
    )


def future_start_date_problem(config: Mapping[str, Any], now: datetime) -> str | None:
    """The error of a start date that has yet to come, by which a sync would read nobody."""
    date = config.get("start_date")
    moment = _parsed(str(date)[:19]) if date else None
    if moment is None or moment <= now:
        return None
    return (
        f"Start Date (`start_date`) is `{date}`, which lies in the future, so that a sync would find no users and no "
        f"events. Enter a date before today ({now:%Y-%m-%d}), or leave it out to get everything."
    )


def _suggestion(text: str) -> str | None:
    if moment := _parsed(text):
        return _written(moment)
    for form in OTHER_FORMATS:
        try:
            return _written(datetime.strptime(text.strip(), form).replace(tzinfo=timezone.utc))
        except ValueError:  # noqa: PERF203 - a few formats, once
            continue
    if text.isascii() and text.isdigit() and len(text) in UNIX_DIGITS:
        return _written(EPOCH + timedelta(seconds=int(text) / UNIX_DIGITS[len(text)]))
    return None


def _parsed(text: str) -> datetime | None:
    """An ISO date, or date and time, in UTC; one without an offset is taken to be in UTC."""
    try:
        # Python 3.10 knows no Z.
        moment = datetime.fromisoformat(re.sub(r"[zZ]$", "+00:00", text.strip()))
        return (moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)).astimezone(timezone.utc)
    except (ValueError, OverflowError):
        return None


def _written(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
