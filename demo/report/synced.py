"""Which streams were synced, and what figures and charts lack without the others."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Synced:
    """The streams that landed; `scopes` has those that each stream needs, with spaces between them."""

    streams: frozenset[str]
    scopes: Mapping[str, str]

    @classmethod
    def told_by(cls, rows: Iterable[Mapping[str, Any]]) -> "Synced":
        """What the rows of `auth0__streams` say."""
        found = list(rows)
        there = frozenset(row["stream"] for row in found if row["is_landed"])
        return cls(there, {row["stream"]: row["scopes"] for row in found})

    def lacks(self, needs: Iterable[str]) -> list[str]:
        """Those of the streams that did not land; of `a|b` either is enough, and `a` is named."""
        return [need.partition("|")[0] for need in needs if self.streams.isdisjoint(need.split("|"))]

    def not_known(self, needs: Iterable[str]) -> str:
        """A sentence about what is missing of what is needed; empty where nothing is."""
        lacking = self.lacks(needs)
        return f"Not known without {self._named(lacking)}." if lacking else ""

    def counted_without(self, counts: Iterable[str]) -> str:
        """A sentence about what would tell more; empty where nothing is missing."""
        lacking = self.lacks(counts)
        return f"Counted without {self._named(lacking)}." if lacking else ""

    def _named(self, streams: Iterable[str]) -> str:
        named = [f"{stream} ({scopes})" if (scopes := self.scopes.get(stream)) else stream for stream in streams]
        return ", ".join(named)
