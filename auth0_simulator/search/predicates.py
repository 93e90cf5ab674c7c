"""Compiles the syntax tree of a query to a predicate over rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from auth0_simulator.search.lucene import And, Clause, Exists, Not, Or, Range, Term
from auth0_simulator.wire.rows import Row

Leaf = Term | Range | Exists
Predicate = Callable[[Row], bool]


def combine_predicates(clause: Clause, test: Callable[[Leaf], Predicate]) -> Predicate:
    """The predicate of a whole query; `test` makes the predicate of each leaf."""
    if isinstance(clause, And):
        every = [combine_predicates(part, test) for part in clause.clauses]
        return lambda row: all(holds(row) for holds in every)
    if isinstance(clause, Or):
        some = [combine_predicates(part, test) for part in clause.clauses]
        return lambda row: any(holds(row) for holds in some)
    if isinstance(clause, Not):
        inner = combine_predicates(clause.clause, test)
        return lambda row: not inner(row)
    return test(clause)


def leaves(clause: Clause) -> Iterator[Leaf]:
    """The leaves of a query: terms, ranges and `_exists_`."""
    if isinstance(clause, Not):
        yield from leaves(clause.clause)
    elif isinstance(clause, And | Or):
        for part in clause.clauses:
            yield from leaves(part)
    else:
        yield clause
