"""Options of the config as numbers, with their defaults."""

from collections.abc import Mapping
from typing import Any

from source_auth0.timestamps import Milliseconds

#: Percent of a bucket that are used, unless the config says another number.
DEFAULT_RATE_LIMIT_SHARE_PERCENT = 90


def configured_workers(config: Mapping[str, Any]) -> int | None:
    """The number of workers that a config asks for; None for anything that is no sensible number.

    A config is verified once the source exists.
    """
    asked = config.get("num_workers")
    return asked if isinstance(asked, int) and not isinstance(asked, bool) and asked > 1 else None


def positive_number(config: Mapping[str, Any], name: str) -> float | None:
    """A positive number of the config, or None for anything else."""
    asked = config.get(name)
    return float(asked) if isinstance(asked, int | float) and not isinstance(asked, bool) and asked > 0 else None


#: Seconds before now at which an incremental sync ends: user search is eventually consistent.
DEFAULT_SAFETY_LAG_SECONDS = 60
#: Seconds before the saved cursor at which the next one begins, for users that the index showed later than that.
DEFAULT_LOOK_BACK_SECONDS = 300


def safety_lag(config: Mapping[str, Any]) -> Milliseconds:
    """How long before now an incremental sync of users ends."""
    return _seconds_as_milliseconds(config, "users_safety_lag", DEFAULT_SAFETY_LAG_SECONDS)


def look_back(config: Mapping[str, Any]) -> Milliseconds:
    """How long before the saved cursor the next one begins."""
    return _seconds_as_milliseconds(config, "users_look_back", DEFAULT_LOOK_BACK_SECONDS)


def _seconds_as_milliseconds(config: Mapping[str, Any], name: str, default: int) -> Milliseconds:
    value = config.get(name)
    return (default if value is None else int(value)) * 1000
