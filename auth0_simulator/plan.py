"""How a query is run: the time ranges that narrow it first, and the fields that the rest of it looks at."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from auth0_simulator.clauses import leaves
from auth0_simulator.lucene import And, Clause, Range, Term
from auth0_simulator.search import date_bounds

ORDERED = ("created_at", "updated_at")
LOWEST, HIGHEST = -(1 << 60), 1 << 60


@dataclass(frozen=True)
class Window:
    """A closed range of milliseconds on one of the ordered fields."""

    field: str
    low: int = LOWEST
    high: int = HIGHEST


def plan(clause: Clause, ordered: Collection[str] = ORDERED) -> tuple[list[Window], list[Clause]]:
    """The time ranges that every match lies in, and what else has to hold."""
    parts = clause.clauses if isinstance(clause, And) else (clause,)
    windows: list[Window] = []
    rest: list[Clause] = []
    for part in parts:
        if isinstance(part, Range) and part.field in ordered:
            windows.append(Window(part.field, *date_bounds(part)))
        elif isinstance(part, Term) and part.field in ordered:
            moment = Range(part.field, part.value, part.value, low_inclusive=True, high_inclusive=True)
            windows.append(Window(part.field, *date_bounds(moment)))
        elif isinstance(part, And):
            more, others = plan(part, ordered)
            windows, rest = windows + more, rest + others
        else:
            rest.append(part)
    return windows, rest


def fields(clause: Clause) -> set[str]:
    """The fields that a query looks at."""
    return {leaf.field for leaf in leaves(clause)}


def ranges(clause: Clause, field: str) -> bool:
    """Whether a query has a range on this field."""
    return any(isinstance(leaf, Range) and leaf.field == field for leaf in leaves(clause))
