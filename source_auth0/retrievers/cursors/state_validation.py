"""Validation of saved state: a sync resumes only from a state that a version of this connector can have saved."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol, TypeVar

import orjson

from source_auth0.api.tenant import Tenant
from source_auth0.config.options import look_back
from source_auth0.timestamps import Milliseconds, to_iso, to_milliseconds

LOGGER = logging.getLogger("airbyte.source_auth0")
#: Keys of the framework's own cursors, which published versions used too; none holds the state of a cursor of ours.
FRAMEWORK_STATE_KEYS = frozenset({"states", "state", "use_global_cursor", "parent_state", "lookback_window"})
PLATFORM_KEY_PREFIX = "__ab_"
#: Limits on bytes of a state as JSON, ranges or users in it, and characters of an id or an offset: many times what any
#: sync saves, and more than Auth0 accepts (https://auth0.com/docs/api/management/v2/events/subscribe-events).
MAX_STATE_BYTES, MAX_LIST_LENGTH, MAX_ID_LENGTH = 1 << 20, 1000, 1024
#: Milliseconds by which two readings of Auth0's clock may differ: the `Date` header is to the second.
CLOCK_TOLERANCE_MS = 2000


class Ordered(Protocol):
    """A bound of a range: a timestamp, or a position in the log."""

    def __lt__(self, other: Any, /) -> bool:
        """Whether it sorts before another."""


T = TypeVar("T", bound=Ordered)


def without_framework_keys(saved: Mapping[str, Any]) -> dict[str, Any]:
    """A state without the keys that the framework and the platform add."""
    return {
        name: value
        for name, value in saved.items()
        if name not in FRAMEWORK_STATE_KEYS and not name.startswith(PLATFORM_KEY_PREFIX)
    }


def validate_keys_and_size(saved: Mapping[str, Any], allowed: Iterable[str]) -> None:
    """Raise TypeError or ValueError for a state that is not JSON, is too large, or has a key that is not `allowed`.

    An unknown key may be a later version's, or a misspelling of one that matters.
    """
    if not set(saved) <= set(allowed) or len(orjson.dumps(saved)) > MAX_STATE_BYTES:
        raise ValueError


def validate_log_position(log_id: Any, date: Any) -> None:
    """Raise TypeError or ValueError for an invalid log position: only the log's beginning lacks both id and date."""
    validate_log_id(log_id)
    if bool(log_id) != bool(validate_text(date)):
        raise ValueError
    if date:
        to_milliseconds(date)


def validate_log_id(log_id: Any) -> None:
    """Raise TypeError or ValueError for an invalid log id."""
    text = validate_text(log_id)
    if text and not (text.isascii() and text.isalnum()):
        raise ValueError


def validate_text(value: Any) -> str:
    """Return a string of acceptable length; raises TypeError or ValueError for anything else."""
    if not isinstance(value, str):
        raise TypeError
    if len(value) > MAX_ID_LENGTH:
        raise ValueError
    return value


def validate_timestamp(value: Any) -> Milliseconds:
    """Parse a timestamp in the exact form that this connector writes; raises TypeError or ValueError.

    One that lost a digit would end a range too early, and leave a gap that no sync reads.
    """
    timestamp = to_milliseconds(validate_text(value))
    if value != to_iso(timestamp):
        raise ValueError
    return timestamp


def validate_list(value: Any) -> list[Any]:
    """Return a list of acceptable length; raises TypeError or ValueError for anything else."""
    if not isinstance(value, list):
        raise TypeError
    if len(value) > MAX_LIST_LENGTH:
        raise ValueError
    return value


def validate_ranges(ranges: Sequence[tuple[T, T]], low: T, until: T) -> None:
    """Raise ValueError unless ranges start at the low-water mark `low`, ascend, run forwards and end by `until`.

    One that is missing, reversed or beyond the end would be a gap that no sync reads.
    """
    starts = [start for start, _ in ranges]
    in_order = all(not end < start and not until < end for start, end in ranges)
    if not ranges or starts[0] != low or starts != sorted(starts) or not in_order:
        raise ValueError


def is_in_future(tenant: Tenant, timestamp: Milliseconds, stream: str) -> bool:
    """Whether a saved timestamp is ahead of Auth0's clock by more than the look-back; logs a warning if so.

    Changes until then would be in no sync.
    """
    if timestamp <= tenant.now_ms + max(look_back(tenant.config), CLOCK_TOLERANCE_MS):
        return False
    LOGGER.warning(
        f"The saved state of `{stream}` lies in the future ({to_iso(timestamp)}; Auth0's clock says "
        f"{to_iso(tenant.now_ms)}), so that nobody can tell what was read. The stream is read from the start."
    )
    return True
