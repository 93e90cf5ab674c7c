"""The plan of a query: ranges that a sorted index can answer, and the clauses that remain as a filter."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from auth0_simulator.search.date_ranges import date_bounds
from auth0_simulator.search.lucene import And, Clause, Exists, Not, Or, Range, Term
from auth0_simulator.search.predicates import leaves
from auth0_simulator.search.sorted_index import NO_KEY

INDEXED_FIELDS = ("created_at", "updated_at")
MIN_MILLISECONDS, MAX_MILLISECONDS = -(1 << 60), 1 << 60


@dataclass(frozen=True)
class TimeWindow:
    """A closed range, in milliseconds, of an indexed field."""

    field: str
    low: int = MIN_MILLISECONDS
    high: int = MAX_MILLISECONDS


def plan_query(clause: Clause, indexed: Collection[str] = INDEXED_FIELDS) -> tuple[list[TimeWindow], list[Clause]]:
    """The time ranges that every match lies in, and the other clauses."""
    parts = clause.clauses if isinstance(clause, And) else (clause,)
    windows: list[TimeWindow] = []
    rest: list[Clause] = []
    for part in parts:
        if isinstance(part, Range) and part.field in indexed:
            windows.append(TimeWindow(part.field, *date_bounds(part)))
        elif isinstance(part, Term) and part.field in indexed:
            moment = Range(part.field, part.value, part.value, low_inclusive=True, high_inclusive=True)
            windows.append(TimeWindow(part.field, *date_bounds(moment)))
        elif isinstance(part, Exists) and part.field in indexed:
            windows.append(TimeWindow(part.field))
        elif isinstance(part, Not) and isinstance(part.clause, Exists) and part.clause.field in indexed:
            windows.append(TimeWindow(part.clause.field, NO_KEY, NO_KEY))
        elif isinstance(part, And):
            more, others = plan_query(part, indexed)
            windows, rest = windows + more, rest + others
        else:
            rest.append(part)
    return windows, rest


def queried_fields(clause: Clause) -> set[str]:
    """The fields in a query."""
    return {leaf.field for leaf in leaves(clause)}


def has_range(clause: Clause, field: str) -> bool:
    """Whether a query has a range on this field."""
    return any(isinstance(leaf, Range) and leaf.field == field for leaf in leaves(clause))


def has_negated_exists(clause: Clause) -> bool:
    """Whether a query asks for rows that lack a field."""
    if isinstance(clause, Not):
        return any(isinstance(leaf, Exists) for leaf in leaves(clause.clause))
    return isinstance(clause, And | Or) and any(has_negated_exists(part) for part in clause.clauses)
