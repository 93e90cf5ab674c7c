"""The search over the log: Lucene over the documented fields, newest first, and only what has not expired.

Fields: https://auth0.com/docs/deploy-monitor/logs/log-search-query-syntax; values are not tokenized, and dates are
documented to the second. Terms without a field are refused: a limit of the simulator.
"""

from __future__ import annotations

from bisect import bisect_right

from auth0_simulator.accounts import Row
from auth0_simulator.clauses import Leaf, Predicate, combined, leaves
from auth0_simulator.clock import Clock, timestamp
from auth0_simulator.errors import invalid_search
from auth0_simulator.logs import Log
from auth0_simulator.lucene import And, Clause, Exists, Range, Term, parse
from auth0_simulator.ordering import HIGHEST, Ordering
from auth0_simulator.plan import fields, plan
from auth0_simulator.search import date_bounds, range_test, term_test

DATE = "date"
SEARCHABLE = frozenset(
    {"client_id", "client_name", "connection", "connection_id", "description", DATE, "hostname", "ip", "log_id"}
    | {"organization_id", "user_id", "user_name", "user_agent", "strategy", "strategy_type", "type"}
)
#: What an event shows without being made whole.
TIMES = frozenset({DATE, "log_id"})


class LogSearch:
    """What a search of the log finds."""

    def __init__(self, log: Log, clock: Clock) -> None:
        self._log = log
        self._clock = clock
        self._ordering: Ordering | None = None
        self._indexed = self._generation = 0

    def find(self, query: str | None, start: int, limit: int, *, reverse: bool) -> list[int]:
        """The slots of a page in order of date."""
        clause = None if query is None else parse(query)
        for leaf in leaves(clause) if clause else ():
            _check(leaf)
        windows, rest = plan(clause, (DATE,)) if clause else ([], [])
        low = max([self._log.horizon(), *(window.low for window in windows)])
        high = min([HIGHEST, *(window.high for window in windows)])
        hidden = self._hidden()
        slots = self._in_order(low, high, start + limit, hidden, rest, reverse=reverse)
        return slots[start : start + limit]

    def _in_order(  # noqa: PLR0913 - a range, a limit and what else has to hold
        self, low: int, high: int, limit: int, hidden: int, rest: list[Clause], *, reverse: bool
    ) -> list[int]:
        ordering = self._caught_up()
        if not rest:
            slots = ordering.slots(low, high, limit=limit + len(self._log) - hidden, reverse=reverse)
            return [slot for slot in slots if slot < hidden][:limit]
        clause = And(tuple(rest))
        test, row = combined(clause, _test), self._times if fields(clause) <= TIMES else self._log.row
        found: list[int] = []
        for slot in ordering.slots(low, high, reverse=reverse):
            if len(found) == limit:
                break
            if slot < hidden and test(row(slot)):
                found.append(slot)
        return found

    def _times(self, slot: int) -> Row:
        return {DATE: timestamp(self._log.date(slot)), "log_id": self._log.id(slot)}

    def _hidden(self) -> int:
        """The slot from which on events have arrived too recently."""
        if self._log.search_lag <= 0:
            return len(self._log)
        due = self._clock.milliseconds() - int(self._log.search_lag * 1000)
        return bisect_right(range(len(self._log)), due, key=self._log.arrival)

    def _caught_up(self) -> Ordering:
        """By date; built at the first search, since most tenants are never searched."""
        log = self._log
        if self._ordering is None:
            self._ordering = Ordering([log.date(slot) for slot in range(log.seeded)])
        if self._generation != log.generation:
            self._ordering.reset()
            self._generation, self._indexed = log.generation, log.seeded
        for slot in range(self._indexed, len(log)):
            self._ordering.add(log.date(slot), slot)
        self._indexed = len(log)
        return self._ordering


def _check(leaf: Leaf) -> None:
    if leaf.field not in SEARCHABLE:
        raise invalid_search(f'unknown field "{leaf.field}"')
    if leaf.field == DATE and isinstance(leaf, Range | Term):
        bounds = (leaf.value,) if isinstance(leaf, Term) else (leaf.low, leaf.high)
        if any(bound is not None and "." in bound for bound in bounds):
            raise invalid_search(
                f'failed to parse date field "{DATE}": no more than seconds: {" ".join(filter(None, bounds))}'
            )


def _test(leaf: Leaf) -> Predicate:
    field = leaf.field
    if isinstance(leaf, Exists):
        return lambda row: row.get(field) is not None
    if field == DATE:
        span = leaf if isinstance(leaf, Range) else Range(field, leaf.value, leaf.value, True, True)  # noqa: FBT003
        first, last = date_bounds(span)
        low = "" if span.low is None else timestamp(first)
        high = "~" if span.high is None else timestamp(last)
        return lambda row: low <= row[field] <= high
    holds = range_test(leaf) if isinstance(leaf, Range) else term_test(leaf)
    return lambda row: row.get(field) is not None and holds(row[field])
