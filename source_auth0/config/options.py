"""Numeric options of the config, and their defaults."""

from collections.abc import Mapping
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


def safety_lag(config: Mapping[str, Any]) -> Milliseconds:
    """Milliseconds before now at which an incremental sync of users ends."""
    return _seconds_as_milliseconds(config, "users_safety_lag", DEFAULT_SAFETY_LAG_SECONDS)


def look_back(config: Mapping[str, Any]) -> Milliseconds:
    """Milliseconds before the saved cursor at which the next sync of users begins."""
    return _seconds_as_milliseconds(config, "users_look_back", DEFAULT_LOOK_BACK_SECONDS)


def _seconds_as_milliseconds(config: Mapping[str, Any], name: str, default: int) -> Milliseconds:
    value = config.get(name)
    return (default if value is None else int(value)) * 1000
