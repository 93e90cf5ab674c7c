"""How the clauses of a query become one test that is put to a row, whatever the rows are."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from auth0_simulator.accounts import Row
from auth0_simulator.lucene import And, Clause, Exists, Not, Or, Range, Term

Leaf = Term | Range | Exists
Predicate = Callable[[Row], bool]


def combined(clause: Clause, test: Callable[[Leaf], Predicate]) -> Predicate:
    """The test of a whole query, out of the tests that `test` makes for its leaves."""
    if isinstance(clause, And):
        every = [combined(part, test) for part in clause.clauses]
        return lambda row: all(holds(row) for holds in every)
    if isinstance(clause, Or):
        some = [combined(part, test) for part in clause.clauses]
        return lambda row: any(holds(row) for holds in some)
    if isinstance(clause, Not):
        inner = combined(clause.clause, test)
        return lambda row: not inner(row)
    return test(clause)


def leaves(clause: Clause) -> Iterator[Leaf]:
    """The clauses of a query that look at a field."""
    if isinstance(clause, Not):
        yield from leaves(clause.clause)
    elif isinstance(clause, And | Or):
        for part in clause.clauses:
            yield from leaves(part)
    else:
        yield clause
