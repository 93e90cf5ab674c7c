"""The search index over the users: eventually consistent, sorted, and without a scan where a time range narrows it."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from auth0_simulator.search.index_entries import UNSORTED, IndexEntries
from auth0_simulator.search.indexing_queue import IndexingQueue
from auth0_simulator.search.lucene import And, Clause
from auth0_simulator.search.query_plan import (
    INDEXED_FIELDS,
    TimeWindow,
    has_negated_exists,
    has_range,
    plan_query,
    queried_fields,
)
from auth0_simulator.search.sorted_index import NO_KEY
from auth0_simulator.search.user_predicates import compile_query, field_values, user_predicate
from auth0_simulator.state.clock import Clock
from auth0_simulator.state.profiles import KEYS
from auth0_simulator.state.tenant_options import TenantOptions
from auth0_simulator.state.users import UserStore
from auth0_simulator.wire.errors import invalid_search, query_timeout
from auth0_simulator.wire.rows import Row

MAX_CACHED_QUERIES = 16


@dataclass(frozen=True)
class SearchPage:
    """One page of search results, and the total number of matches."""

    total: int
    slots: list[int]


class UserIndex:
    """The users as the search sees them: `indexing` says which changes it has taken in.

    timeout_rows, user_id_ranges, negated_exists, hydrated: as in `TenantOptions`; a test may change them.
    """

    def __init__(self, users: UserStore, clock: Clock, options: TenantOptions) -> None:
        self.indexing = IndexingQueue(users, clock, options.index_lag, options.index_lateness)
        self.timeout_rows = options.timeout_rows
        self.user_id_ranges = options.user_id_ranges
        self.negated_exists = options.negated_exists
        self.hydrated = options.hydrated
        self._users = users
        self._entries = IndexEntries(users)
        self.reset()

    def reset(self) -> None:
        """Return to the seeded users."""
        self.indexing.reset()
        self._entries.reset()
        self._results: OrderedDict[tuple[str, str, bool], list[int]] = OrderedDict()

    def search(self, query: str | None, sort: str | None, start: int, limit: int) -> SearchPage:
        """A page of matches and their total; `sort` is `field:1` or `field:-1`, validated by the caller."""
        self._apply_due_changes()
        field, _, direction = (sort or UNSORTED).partition(":")
        reverse = direction == "-1"
        windows, rest = ([], []) if query is None else plan_query(self._compiled(query))
        if not rest and not windows and field in (*INDEXED_FIELDS, UNSORTED):
            index = self._entries.sorted_index(field)
            return SearchPage(index.count(), index.page(start, limit, reverse=reverse))
        if not rest and len(windows) == 1 and field in (*INDEXED_FIELDS, UNSORTED):
            window = windows[0]
            index = self._entries.sorted_index(window.field)
            total = index.count(window.low, window.high)
            self._raise_if_too_slow(query, total)
            if window.field == field:
                return SearchPage(
                    total, index.slots(window.low, window.high, start=start, limit=limit, reverse=reverse)
                )
        slots = self._cached(
            (query or "", field, reverse), lambda: self._matching(windows, rest, field, reverse=reverse)
        )
        self._raise_if_too_slow(query, len(slots))
        return SearchPage(len(slots), slots[start : start + limit])

    def answered(self, slots: list[int]) -> list[int]:
        """The slots whose rows answer for these entries; a `hydrated` search leaves out who is deleted by now."""
        if not self.hydrated:
            return slots
        present = (self._users.present_slot(slot) for slot in slots)
        return [slot for slot in present if slot is not None]

    def json(self, slots: list[int]) -> list[bytes]:
        """Users' rows as JSON, in the state of the index, or as they are now where the search is `hydrated`."""
        encode = self._users.present_json if self.hydrated else self._entries.json
        return [encode(slot) for slot in slots]

    def row(self, slot: int) -> Row:
        """A user's row, in the state of the index, or as it is now where the search is `hydrated`."""
        return self._users.present_row(slot) if self.hydrated else self._entries.row(slot)

    def _compiled(self, query: str) -> Clause:
        clause = compile_query(query)[0]
        if not self.user_id_ranges and has_range(clause, "user_id"):
            raise invalid_search('range operator is not supported on "user_id"')
        if not self.negated_exists and has_negated_exists(clause):
            raise invalid_search("_exists_ cannot be negated")
        return clause

    def _row_with(self, names: set[str]) -> Callable[[int], Row]:
        """The cheapest function from slot to a row with these fields."""
        return self._entries.key_row if {name.partition(".")[0] for name in names} <= KEYS else self._entries.row

    def _raise_if_too_slow(self, query: str | None, total: int) -> None:
        if query is not None and self.timeout_rows is not None and total > self.timeout_rows:
            raise query_timeout()

    def _apply_due_changes(self) -> None:
        """Apply the changes that are due."""
        for version in self.indexing.pop():
            self._entries.apply(version)
            self._results.clear()

    def _matching(self, windows: list[TimeWindow], rest: list[Clause], field: str, *, reverse: bool) -> list[int]:
        """Every match in order: scan the narrowest time window and filter by the others."""
        index = self._entries.sorted_index
        ranked = sorted(windows, key=lambda window: index(window.field).count(window.low, window.high))
        if ranked:
            slots = index(ranked[0].field).slots(ranked[0].low, ranked[0].high)
        else:
            slots = index(field if field in INDEXED_FIELDS else UNSORTED).slots()
        for window in ranked[1:]:
            slots = [slot for slot in slots if window.low <= self._entries.key(window.field, slot) <= window.high]
        if rest:
            clause = And(tuple(rest))
            test, row = user_predicate(clause), self._row_with(queried_fields(clause))
            slots = [slot for slot in slots if test(row(slot))]
        if field not in (*INDEXED_FIELDS, UNSORTED):
            return self._sorted_by(field, slots, reverse=reverse)
        keyed = sorted(((self._entries.key(field, slot), slot) for slot in slots), reverse=reverse)
        # Those without a date come last in either direction, which is a guess.
        return [slot for key, slot in keyed if key != NO_KEY] + [slot for key, slot in keyed if key == NO_KEY]

    def _sorted_by(self, field: str, slots: list[int], *, reverse: bool) -> list[int]:
        """Sort by an attribute that not every user has; those without it come last."""
        row = self._row_with({field})
        keyed = [(field_values(row(slot), field), slot) for slot in slots]
        present = sorted(((found[0], slot) for found, slot in keyed if found), reverse=reverse)
        return [slot for _, slot in present] + [slot for found, slot in keyed if not found]

    def _cached(self, key: tuple[str, str, bool], find: Callable[[], list[int]]) -> list[int]:
        """The matches of a query, cached because its next pages are likely to be requested."""
        if key not in self._results:
            self._results[key] = find()
            if len(self._results) > MAX_CACHED_QUERIES:
                self._results.popitem(last=False)
        return self._results[key]
