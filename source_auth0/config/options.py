"""Numeric options of the config, and their defaults."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from source_auth0.timestamps import Milliseconds

#: Percent of a rate-limit bucket that the connector uses by default.
DEFAULT_RATE_LIMIT_SHARE_PERCENT = 90


def configured_workers(config: Mapping[str, Any]) -> int | None:
    """The number of workers in a config; None for anything but an integer above 1.

    It is read before the config is validated.
    """
    value = config.get("num_workers")
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 1 else None


def positive_number(config: Mapping[str, Any], name: str) -> float | None:
    """A positive number of the config, or None for anything else."""
    value = config.get(name)
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) and value > 0 else None


#: Seconds before now at which an incremental sync ends: user search is eventually consistent.
DEFAULT_SAFETY_LAG_SECONDS = 60
#: Seconds before the saved cursor at which the next sync begins, for users that the search index showed late.
DEFAULT_LOOK_BACK_SECONDS = 300
#: Hours between two readings of everything by streams that otherwise read what changed.
DEFAULT_EVERYTHING_EVERY_HOURS = 24
#: Hours between two deep look-backs, and hours by which the search index may be late for one to find a change.
DEFAULT_DEEP_LOOK_BACK_EVERY_HOURS = DEFAULT_INDEX_LATENESS_HOURS = 24
#: Days after which a sync reminds of a full reading.
DEFAULT_FULL_READING_REMINDER_DAYS = 30
SECOND_MS, HOUR_MS, DAY_MS = 1000, 3_600_000, 86_400_000


def safety_lag(config: Mapping[str, Any], clock_margin: timedelta) -> Milliseconds:
    """Milliseconds before now at which an incremental sync of users ends.

    clock_margin: how far the tenant's clock may be ahead, which is added.
    """
    lag = _milliseconds(config, "users_safety_lag", DEFAULT_SAFETY_LAG_SECONDS, SECOND_MS)
    return lag + int(clock_margin.total_seconds() * 1000)


def look_back(config: Mapping[str, Any]) -> Milliseconds:
    """Milliseconds before the saved cursor at which the next sync of users begins."""
    return _milliseconds(config, "users_look_back", DEFAULT_LOOK_BACK_SECONDS, SECOND_MS)


def deep_look_back_every(config: Mapping[str, Any]) -> Milliseconds:
    """Milliseconds between two deep look-backs of users; 0 turns them off."""
    return _milliseconds(config, "users_deep_look_back_every", DEFAULT_DEEP_LOOK_BACK_EVERY_HOURS, HOUR_MS)


def index_lateness(config: Mapping[str, Any]) -> Milliseconds:
    """Milliseconds by which the search index may show a change late for a deep look-back to find it."""
    return _milliseconds(config, "users_index_lateness", DEFAULT_INDEX_LATENESS_HOURS, HOUR_MS)


def everything_every(config: Mapping[str, Any]) -> Milliseconds:
    """Milliseconds after which streams that follow changes read everything again."""
    return _milliseconds(config, "everything_every_hours", DEFAULT_EVERYTHING_EVERY_HOURS, HOUR_MS)


def full_reading_reminder(config: Mapping[str, Any]) -> Milliseconds:
    """Milliseconds since the last full reading of a stream after which a sync says so; 0 for never."""
    return _milliseconds(config, "full_reading_reminder_days", DEFAULT_FULL_READING_REMINDER_DAYS, DAY_MS)


def logs_first(config: Mapping[str, Any]) -> Milliseconds | None:
    """Milliseconds before now at which a first sync of the log begins; None for all that Auth0 keeps."""
    return _milliseconds(config, "logs_first_days", 0, DAY_MS) or None


def _milliseconds(config: Mapping[str, Any], name: str, default: int, unit: Milliseconds) -> Milliseconds:
    value = config.get(name)
    return (default if value is None else int(value)) * unit
