"""The search index over the log: Lucene queries over the documented fields, sorted by date, without expired events.

Fields: https://auth0.com/docs/deploy-monitor/logs/log-search-query-syntax; values are not tokenized, and dates are
documented to the second. Terms without a field are rejected: a limitation of the simulator.
"""

from __future__ import annotations

from bisect import bisect_right

from auth0_simulator.logs.store import LogStore
from auth0_simulator.search.date_ranges import date_bounds
from auth0_simulator.search.lucene import And, Clause, Exists, Range, Term, parse_lucene
from auth0_simulator.search.predicates import Leaf, Predicate, combine_predicates, leaves
from auth0_simulator.search.query_plan import plan_query, queried_fields
from auth0_simulator.search.sorted_index import MAX_KEY, SortedIndex
from auth0_simulator.search.user_predicates import range_test, term_test
from auth0_simulator.state.clock import Clock, timestamp
from auth0_simulator.wire.errors import invalid_search
from auth0_simulator.wire.rows import Row

DATE = "date"
SEARCHABLE = frozenset(
    {"client_id", "client_name", "connection", "connection_id", "description", DATE, "hostname", "ip", "log_id"}
    | {"organization_id", "user_id", "user_name", "user_agent", "strategy", "strategy_type", "type"}
)
#: The columns that are known without generating the event.
INDEXED_COLUMNS = frozenset({DATE, "log_id"})


class LogIndex:
    """Runs searches over the log."""

    def __init__(self, log: LogStore, clock: Clock) -> None:
        self._log = log
        self._clock = clock
        self._by_date: SortedIndex | None = None
        self._indexed = self._generation = 0

    def find(self, query: str | None, start: int, limit: int, *, reverse: bool) -> list[int]:
        """The slots of a page of matches, sorted by date."""
        clause = None if query is None else parse_lucene(query)
        for leaf in leaves(clause) if clause else ():
            _validate(leaf)
        windows, rest = plan_query(clause, (DATE,)) if clause else ([], [])
        low = max([self._log.oldest_kept(), *(window.low for window in windows)])
        high = min([MAX_KEY, *(window.high for window in windows)])
        first_hidden = self._first_hidden()
        slots = self._matching(low, high, start + limit, first_hidden, rest, reverse=reverse)
        return slots[start : start + limit]

    def _matching(  # noqa: PLR0913 - a range, a limit and what else has to hold
        self, low: int, high: int, limit: int, first_hidden: int, rest: list[Clause], *, reverse: bool
    ) -> list[int]:
        index = self._updated_index()
        if not rest:
            slots = index.slots(low, high, limit=limit + len(self._log) - first_hidden, reverse=reverse)
            return [slot for slot in slots if slot < first_hidden][:limit]
        clause = And(tuple(rest))
        test, row = (
            combine_predicates(clause, _leaf_predicate),
            self._indexed_columns if queried_fields(clause) <= INDEXED_COLUMNS else self._log.row,
        )
        found: list[int] = []
        for slot in index.slots(low, high, reverse=reverse):
            if len(found) == limit:
                break
            if slot < first_hidden and test(row(slot)):
                found.append(slot)
        return found

    def _indexed_columns(self, slot: int) -> Row:
        return {DATE: timestamp(self._log.date(slot)), "log_id": self._log.id(slot)}

    def _first_hidden(self) -> int:
        """The first slot that the search does not show yet, because of its lag."""
        if self._log.search_lag <= 0:
            return len(self._log)
        due = self._clock.milliseconds() - int(self._log.search_lag * 1000)
        return bisect_right(range(len(self._log)), due, key=self._log.arrival)

    def _updated_index(self) -> SortedIndex:
        """The index by date, up to date; built at the first search, since most tenants' logs are never searched."""
        log = self._log
        if self._by_date is None:
            self._by_date = SortedIndex([log.date(slot) for slot in range(log.seeded)])
        if self._generation != log.generation:
            self._by_date.reset()
            self._generation, self._indexed = log.generation, log.seeded
        for slot in range(self._indexed, len(log)):
            self._by_date.add(log.date(slot), slot)
        self._indexed = len(log)
        return self._by_date


def _validate(leaf: Leaf) -> None:
    if leaf.field not in SEARCHABLE:
        raise invalid_search(f'unknown field "{leaf.field}"')
    if leaf.field == DATE and isinstance(leaf, Range | Term):
        bounds = (leaf.value,) if isinstance(leaf, Term) else (leaf.low, leaf.high)
        if any(bound is not None and "." in bound for bound in bounds):
            raise invalid_search(
                f'failed to parse date field "{DATE}": no more than seconds: {" ".join(filter(None, bounds))}'
            )


def _leaf_predicate(leaf: Leaf) -> Predicate:
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
