"""What a saved state has to hold before a sync goes on from it; whatever else it holds, nobody can vouch for."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol, TypeVar

import orjson

from source_auth0.components.tenant import Tenant
from source_auth0.components.windows import Milliseconds, look_back, moment_of, text_of

LOGGER = logging.getLogger("airbyte.source_auth0")
#: Names that the framework's own cursors, those of published versions among them, give to what is no cursor of ours.
FRAMEWORKS = frozenset({"states", "state", "use_global_cursor", "parent_state", "lookback_window"})
MARK = "__ab_"
#: Bytes of a state as JSON, pieces or users that it names, and characters of an id or an offset: many times what any
#: sync leaves, and more than Auth0 takes (https://auth0.com/docs/api/management/v2/events/subscribe-events).
LARGEST, MOST, LONGEST = 1 << 20, 1000, 1024
#: Milliseconds by which two readings of one clock may differ: answers tell it to the second.
CLOCK = 2000


class Ordered(Protocol):
    """What bounds of pieces are: moments, or places in the log."""

    def __lt__(self, other: Any, /) -> bool:
        """Whether it comes before another."""


T = TypeVar("T", bound=Ordered)


def own_part(saved: Mapping[str, Any]) -> dict[str, Any]:
    """A state without what the framework puts there."""
    return {name: value for name, value in saved.items() if name not in FRAMEWORKS and not name.startswith(MARK)}


def verify_whole(saved: Mapping[str, Any], known: Iterable[str]) -> None:
    """Raise TypeError or ValueError for what is no JSON of a sensible size, or has a name that this version ignores.

    A name that is unknown may be what a later version, or a typing error, has made of one that matters.
    """
    if not set(saved) <= set(known) or len(orjson.dumps(saved)) > LARGEST:
        raise ValueError


def verify_place(log_id: Any, date: Any) -> None:
    """Raise TypeError or ValueError for what is no place in the log: only its beginning has neither id nor date."""
    verify_id(log_id)
    if bool(log_id) != bool(verify_text(date)):
        raise ValueError
    if date:
        moment_of(date)


def verify_id(log_id: Any) -> None:
    """Raise TypeError or ValueError for what is no id of the log."""
    text = verify_text(log_id)
    if text and not (text.isascii() and text.isalnum()):
        raise ValueError


def verify_text(value: Any) -> str:
    """The text that a value is; raises TypeError or ValueError."""
    if not isinstance(value, str):
        raise TypeError
    if len(value) > LONGEST:
        raise ValueError
    return value


def verify_moment(value: Any) -> Milliseconds:
    """The moment that a text tells as this connector writes it; raises TypeError or ValueError.

    One that lost a digit ends a piece too early, and what is between is read by nobody.
    """
    moment = moment_of(verify_text(value))
    if value != text_of(moment):
        raise ValueError
    return moment


def verify_list(value: Any) -> list[Any]:
    """The list that a value is; raises TypeError or ValueError."""
    if not isinstance(value, list):
        raise TypeError
    if len(value) > MOST:
        raise ValueError
    return value


def verify_pieces(pieces: Sequence[tuple[T, T]], low: T, until: T) -> None:
    """Raise ValueError for pieces that do not begin at the low-water mark, follow each other, and end by `until`.

    One that is missing, turned around or beyond the end would be a stretch that nobody reads.
    """
    starts = [start for start, _ in pieces]
    in_order = all(not end < start and not until < end for start, end in pieces)
    if not pieces or starts[0] != low or starts != sorted(starts) or not in_order:
        raise ValueError


def lies_ahead(tenant: Tenant, moment: Milliseconds, stream: str) -> bool:
    """Whether a saved moment lies in the future, by more than the next sync looks back; a warning says so.

    What changes until then would be read by nobody.
    """
    if moment <= tenant.moment + max(look_back(tenant), CLOCK):
        return False
    LOGGER.warning(
        f"The saved state of `{stream}` lies in the future ({text_of(moment)}; Auth0's clock says "
        f"{text_of(tenant.moment)}), so that nobody can tell what was read. The stream is read from the start."
    )
    return True
