"""How far a full refresh of `users` has got along `created_at`, as a state that its next attempt goes on from."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from source_auth0.retrievers.cursors.state_validation import (
    validate_keys_and_size,
    validate_list,
    validate_timestamp,
)
from source_auth0.retrievers.user_search.time_slices import TimeSlice
from source_auth0.timestamps import Milliseconds, to_iso

Range = tuple[Milliseconds, Milliseconds | None]


@dataclass(frozen=True)
class RefreshProgress:
    """What is left of a full refresh. All times are milliseconds.

    begun: when its first attempt began. open: the ranges of `created_at` that are still to be read; the last one has no
    end. received: how many users were received outside of them.
    """

    begun: Milliseconds
    open: tuple[Range, ...]
    received: int

    @classmethod
    def of(cls, saved: Mapping[str, Any]) -> "RefreshProgress":
        """Parse a state; raises KeyError, ValueError, TypeError or AttributeError for none that a version can save."""
        validate_keys_and_size(saved, ("begun", "open", "received"))
        received = saved["received"]
        if not isinstance(received, int) or isinstance(received, bool) or received < 0:
            raise ValueError
        ranges = [
            (validate_timestamp(start), None if end is None else validate_timestamp(end))
            for start, end in validate_list(saved["open"])
        ]
        # In order, none within another, and the last one without an end: a gap would be read by nobody.
        bounds = [bound for start, end in ranges for bound in (start, end)]
        if not bounds or bounds.pop() is not None or None in bounds or bounds != sorted(bounds):  # type: ignore[type-var]
            raise ValueError
        return cls(validate_timestamp(saved["begun"]), tuple(ranges), received)

    @classmethod
    def at(cls, begun: Milliseconds, slices: Iterable[TimeSlice], before: int, tail: Milliseconds) -> "RefreshProgress":
        """That of a walk with these slices.

        before: the users received by earlier attempts. tail: from when on everybody is read again, since users were
        created while the walk was under way; those counted by the slices lie before it.
        """
        parts = list(slices)
        ranges: list[Range] = [
            (part.handed_on_up_to, None if part.is_open_ended else min(part.end, tail))
            for part in sorted(parts, key=lambda part: part.start)
            if not part.closed and part.handed_on_up_to < (tail if part.is_open_ended else min(part.end, tail))
        ]
        if not ranges or ranges[-1][1] is not None:
            ranges.append((tail, None))
        return cls(begun, tuple(ranges), before + sum(part.handed_on_below for part in parts))

    @property
    def as_json(self) -> dict[str, Any]:
        """The progress as a state holds it."""
        return {
            "begun": to_iso(self.begun),
            "open": [[to_iso(start), None if end is None else to_iso(end)] for start, end in self.open],
            "received": self.received,
        }
