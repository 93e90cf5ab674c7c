"""What a saved state has to hold before a sync goes on from it; whatever else it holds, nobody can vouch for."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol, TypeVar

import orjson

from source_auth0.api.tenant import Tenant
from source_auth0.config.options import look_back
from source_auth0.timestamps import Milliseconds, to_iso, to_milliseconds

LOGGER = logging.getLogger("airbyte.source_auth0")
#: Names that the framework's own cursors, those of published versions among them, give to what is no cursor of ours.
FRAMEWORK_STATE_KEYS = frozenset({"states", "state", "use_global_cursor", "parent_state", "lookback_window"})
PLATFORM_KEY_PREFIX = "__ab_"
#: Bytes of a state as JSON, pieces or users that it names, and characters of an id or an offset: many times what any
#: sync leaves, and more than Auth0 takes (https://auth0.com/docs/api/management/v2/events/subscribe-events).
MAX_STATE_BYTES, MAX_LIST_LENGTH, MAX_ID_LENGTH = 1 << 20, 1000, 1024
#: Milliseconds by which two readings of one clock may differ: answers tell it to the second.
CLOCK_TOLERANCE_MS = 2000


class Ordered(Protocol):
    """What bounds of pieces are: moments, or places in the log."""

    def __lt__(self, other: Any, /) -> bool:
        """Whether it comes before another."""


T = TypeVar("T", bound=Ordered)


def without_framework_keys(saved: Mapping[str, Any]) -> dict[str, Any]:
    """A state without what the framework puts there."""
    return {
        name: value
        for name, value in saved.items()
        if name not in FRAMEWORK_STATE_KEYS and not name.startswith(PLATFORM_KEY_PREFIX)
    }


def validate_keys_and_size(saved: Mapping[str, Any], known: Iterable[str]) -> None:
    """Raise TypeError or ValueError for what is no JSON of a sensible size, or has a name that this version ignores.

    A name that is unknown may be what a later version, or a typing error, has made of one that matters.
    """
    if not set(saved) <= set(known) or len(orjson.dumps(saved)) > MAX_STATE_BYTES:
        raise ValueError


def validate_log_position(log_id: Any, date: Any) -> None:
    """Raise TypeError or ValueError for what is no place in the log: only its beginning has neither id nor date."""
    validate_log_id(log_id)
    if bool(log_id) != bool(validate_text(date)):
        raise ValueError
    if date:
        to_milliseconds(date)


def validate_log_id(log_id: Any) -> None:
    """Raise TypeError or ValueError for what is no id of the log."""
    text = validate_text(log_id)
    if text and not (text.isascii() and text.isalnum()):
        raise ValueError


def validate_text(value: Any) -> str:
    """The text that a value is; raises TypeError or ValueError."""
    if not isinstance(value, str):
        raise TypeError
    if len(value) > MAX_ID_LENGTH:
        raise ValueError
    return value


def validate_timestamp(value: Any) -> Milliseconds:
    """The moment that a text tells as this connector writes it; raises TypeError or ValueError.

    One that lost a digit ends a piece too early, and what is between is read by nobody.
    """
    moment = to_milliseconds(validate_text(value))
    if value != to_iso(moment):
        raise ValueError
    return moment


def validate_list(value: Any) -> list[Any]:
    """The list that a value is; raises TypeError or ValueError."""
    if not isinstance(value, list):
        raise TypeError
    if len(value) > MAX_LIST_LENGTH:
        raise ValueError
    return value


def validate_ranges(pieces: Sequence[tuple[T, T]], low: T, until: T) -> None:
    """Raise ValueError for pieces that do not begin at the low-water mark, follow each other, and end by `until`.

    One that is missing, turned around or beyond the end would be a stretch that nobody reads.
    """
    starts = [start for start, _ in pieces]
    in_order = all(not end < start and not until < end for start, end in pieces)
    if not pieces or starts[0] != low or starts != sorted(starts) or not in_order:
        raise ValueError


def is_in_future(tenant: Tenant, moment: Milliseconds, stream: str) -> bool:
    """Whether a saved moment lies in the future, by more than the next sync looks back; a warning says so.

    What changes until then would be read by nobody.
    """
    if moment <= tenant.now_ms + max(look_back(tenant), CLOCK_TOLERANCE_MS):
        return False
    LOGGER.warning(
        f"The saved state of `{stream}` lies in the future ({to_iso(moment)}; Auth0's clock says "
        f"{to_iso(tenant.now_ms)}), so that nobody can tell what was read. The stream is read from the start."
    )
    return True
