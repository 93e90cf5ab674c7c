"""The search index over the users: eventually consistent, sorted, and without a scan where a time range narrows it."""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from auth0_simulator.search.lucene import And, Clause
from auth0_simulator.search.query_plan import INDEXED_FIELDS, TimeWindow, has_range, plan_query, queried_fields
from auth0_simulator.search.sorted_index import SortedIndex
from auth0_simulator.search.user_predicates import compile_query, field_values, user_predicate
from auth0_simulator.state.clock import Clock, milliseconds
from auth0_simulator.state.identifiers import scramble
from auth0_simulator.state.profiles import KEYS
from auth0_simulator.state.tenant_options import TenantOptions
from auth0_simulator.state.users import UserChange, UserStore
from auth0_simulator.wire.errors import invalid_search, query_timeout
from auth0_simulator.wire.rows import Row, encode_row

UNSORTED = ""
MAX_CACHED_QUERIES = 16


@dataclass(frozen=True)
class SearchPage:
    """One page of search results, and the total number of matches."""

    total: int
    slots: list[int]


class UserIndex:
    """The users as the search sees them: as they were `lag` seconds ago."""

    def __init__(self, users: UserStore, clock: Clock, options: TenantOptions) -> None:
        self._users = users
        self._clock = clock
        self.lag = options.index_lag
        self.timeout_rows = options.timeout_rows
        self.user_id_ranges = options.user_id_ranges
        self._sorted_indexes = {"created_at": SortedIndex(users.created), "updated_at": SortedIndex(users.updated)}
        self.reset()

    def reset(self) -> None:
        """Return to the seeded users."""
        self._applied = 0
        self._documents: dict[int, Row | None] = {}
        self._json: dict[int, bytes] = {}
        self._results: OrderedDict[tuple[str, str, bool], list[int]] = OrderedDict()
        for index in self._sorted_indexes.values():
            index.reset()

    def search(self, query: str | None, sort: str | None, start: int, limit: int) -> SearchPage:
        """A page of matches and their total; `sort` is `field:1` or `field:-1`, validated by the caller."""
        self._apply_due_changes()
        field, _, direction = (sort or UNSORTED).partition(":")
        reverse = direction == "-1"
        windows, rest = plan_query(compile_query(query)[0]) if query is not None else ([], [])
        if not self.user_id_ranges and any(has_range(clause, "user_id") for clause in rest):
            raise invalid_search('range operator is not supported on "user_id"')
        if not rest and len(windows) <= 1 and field in (*INDEXED_FIELDS, UNSORTED):
            window = windows[0] if windows else TimeWindow(field)
            index = self._sorted_index(window.field)
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

    def json(self, slot: int) -> bytes:
        """A user's row as JSON, in the state of the index."""
        row = self._documents.get(slot)
        if row is None:
            return self._users.seeded_json(slot)
        if slot not in self._json:
            self._json[slot] = encode_row(row)
        return self._json[slot]

    def row(self, slot: int) -> Row:
        """A user's row, in the state of the index."""
        row: Row = self._documents.get(slot) or json.loads(self._users.seeded_json(slot))
        return row

    def _row_with(self, names: set[str]) -> Callable[[int], Row]:
        """The cheapest function from slot to a row with these fields."""
        return self._key_row if {name.partition(".")[0] for name in names} <= KEYS else self.row

    def _key_row(self, slot: int) -> Row:
        return self._documents.get(slot) or self._users.seeded_key_row(slot)

    def _raise_if_too_slow(self, query: str | None, total: int) -> None:
        if query is not None and self.timeout_rows is not None and total > self.timeout_rows:
            raise query_timeout()

    def _apply_due_changes(self) -> None:
        """Apply the changes that are older than the lag."""
        changes, due = self._users.changes, self._clock.epoch() - self.lag
        if self._applied < len(changes) and changes[self._applied].at <= due:
            self._results.clear()
        while self._applied < len(changes) and changes[self._applied].at <= due:
            self._apply(changes[self._applied])
            self._applied += 1

    def _apply(self, change: UserChange) -> None:
        slot = change.slot
        for field, index in self._sorted_indexes.items():
            if change.kind != "create":
                index.remove(self._key(field, slot), slot)
        self._documents[slot] = change.row
        self._json.pop(slot, None)
        if change.row is not None:
            for field, index in self._sorted_indexes.items():
                index.add(self._key(field, slot), slot)

    def _key(self, field: str, slot: int) -> int:
        if field == UNSORTED:
            return scramble(self._users.profiles.seed + 2, slot)
        row = self._documents.get(slot)
        if row is not None:
            return _milliseconds(row[field])
        return (self._users.created if field == "created_at" else self._users.updated)[slot]

    def _sorted_index(self, field: str) -> SortedIndex:
        """The sorted index of a field; an arbitrary order for any field but the two times."""
        if field in INDEXED_FIELDS:
            return self._sorted_indexes[field]
        if UNSORTED not in self._sorted_indexes:
            self._sorted_indexes[UNSORTED] = self._unsorted_index()
        return self._sorted_indexes[UNSORTED]

    def _unsorted_index(self) -> SortedIndex:
        """Built at the first search without a sort, as it is slow with a million users; later changes update it."""
        index = SortedIndex([scramble(self._users.profiles.seed + 2, slot) for slot in range(self._users.seeded)])
        for slot, row in self._documents.items():
            if slot >= self._users.seeded and row is not None:
                index.add(self._key(UNSORTED, slot), slot)
            if slot < self._users.seeded and row is None:
                index.remove(self._key(UNSORTED, slot), slot)
        return index

    def _matching(self, windows: list[TimeWindow], rest: list[Clause], field: str, *, reverse: bool) -> list[int]:
        """Every match in order: scan the narrowest time window and filter by the others."""
        ranked = sorted(windows, key=lambda window: self._sorted_index(window.field).count(window.low, window.high))
        lead = ranked[0] if ranked else TimeWindow(field if field in INDEXED_FIELDS else UNSORTED)
        slots = self._sorted_index(lead.field).slots(lead.low, lead.high)
        for window in ranked[1:]:
            slots = [slot for slot in slots if window.low <= self._key(window.field, slot) <= window.high]
        if rest:
            clause = And(tuple(rest))
            test, row = user_predicate(clause), self._row_with(queried_fields(clause))
            slots = [slot for slot in slots if test(row(slot))]
        if field in (*INDEXED_FIELDS, UNSORTED):
            return sorted(slots, key=lambda slot: (self._key(field, slot), slot), reverse=reverse)
        return self._sorted_by(field, slots, reverse=reverse)

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


def _milliseconds(text: str) -> int:
    return milliseconds(datetime.fromisoformat(text.replace("Z", "+00:00")))
