"""An ordered index of many slots by a number: a fixed base in arrays, and what changed since in small sorted lists.

Moving one of a million users costs a few microseconds, counting a range or opening a page of it a few more.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterator, Sequence
from heapq import merge
from itertools import islice

Entry = tuple[int, int]
LOWEST, HIGHEST = -(1 << 62), 1 << 62


class Ordering:
    """(key, slot) pairs in order of key, then slot."""

    def __init__(self, keys: Sequence[int]) -> None:
        """Index slot 0, 1, … by its key."""
        slots = sorted(range(len(keys)), key=keys.__getitem__)
        self._slots = array("q", slots)
        self._keys = array("q", (keys[slot] for slot in slots))
        self._gone: list[Entry] = []
        self._added: list[Entry] = []

    def reset(self) -> None:
        """Forget every change since the base was built."""
        self._gone.clear()
        self._added.clear()

    def add(self, key: int, slot: int) -> None:
        """Put a slot in."""
        if not _discard(self._gone, (key, slot)):
            insort(self._added, (key, slot))

    def remove(self, key: int, slot: int) -> None:
        """Take a slot out, given the key it stands under."""
        if not _discard(self._added, (key, slot)):
            insort(self._gone, (key, slot))

    def count(self, low: int = LOWEST, high: int = HIGHEST) -> int:
        """How many keys lie in [low, high], without visiting them."""
        first, last = bisect_left(self._keys, low), bisect_right(self._keys, high)
        return max(0, last - first) + _count(self._added, low, high) - _count(self._gone, low, high)

    def slots(
        self, low: int = LOWEST, high: int = HIGHEST, *, start: int = 0, limit: int | None = None, reverse: bool = False
    ) -> list[int]:
        """The slots of [low, high] in order, `limit` of them after the first `start`."""
        first, last = bisect_left(self._keys, low), bisect_right(self._keys, high)
        first = min(first, last)
        gone, added = _between(self._gone, low, high), _between(self._added, low, high)
        if not gone and not added:
            stop = last - first if limit is None else min(last - first, start + limit)
            if reverse:
                return list(self._slots[max(first, last - stop) : max(first, last - start)])[::-1]
            return list(self._slots[first + start : first + stop])
        base = self._base(first, last, frozenset(gone), reverse=reverse)
        entries = merge(base, reversed(added) if reverse else added, reverse=reverse)
        stop_at = None if limit is None else start + limit
        return [slot for _, slot in islice(entries, start, stop_at)]

    def _base(self, first: int, last: int, gone: frozenset[Entry], *, reverse: bool) -> Iterator[Entry]:
        positions = range(last - 1, first - 1, -1) if reverse else range(first, last)
        entries = ((self._keys[position], self._slots[position]) for position in positions)
        return (entry for entry in entries if entry not in gone)


def _count(entries: list[Entry], low: int, high: int) -> int:
    first, last = _bounds(entries, low, high)
    return max(0, last - first)


def _between(entries: list[Entry], low: int, high: int) -> list[Entry]:
    first, last = _bounds(entries, low, high)
    return entries[first:last]


def _bounds(entries: list[Entry], low: int, high: int) -> tuple[int, int]:
    return bisect_left(entries, (low, LOWEST)), bisect_right(entries, (high, HIGHEST))


def _discard(entries: list[Entry], entry: Entry) -> bool:
    position = bisect_left(entries, entry)
    if position < len(entries) and entries[position] == entry:
        del entries[position]
        return True
    return False
