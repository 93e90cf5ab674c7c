"""The search index over the users: eventually consistent, ordered, asked without a scan where a time range leads."""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from auth0_simulator.accounts import Row
from auth0_simulator.clock import Clock, milliseconds
from auth0_simulator.errors import invalid_search, query_timeout
from auth0_simulator.identifiers import scramble
from auth0_simulator.lucene import And, Clause
from auth0_simulator.ordering import Ordering
from auth0_simulator.plan import ORDERED, Window, fields, plan, ranges
from auth0_simulator.population import Population
from auth0_simulator.profiles import KEYS, encode
from auth0_simulator.search import compile_query, predicate, values
from auth0_simulator.users import Change, Users

ARBITRARY = ""
REMEMBERED = 16


@dataclass(frozen=True)
class Found:
    """One page of a search."""

    total: int
    slots: list[int]


class UserIndex:
    """What a search sees: the users as they were `lag` seconds ago."""

    def __init__(self, users: Users, clock: Clock, population: Population) -> None:
        self._users = users
        self._clock = clock
        self.lag = population.index_lag
        self.timeout_rows = population.timeout_rows
        self.user_id_ranges = population.user_id_ranges
        self._orderings = {"created_at": Ordering(users.created), "updated_at": Ordering(users.updated)}
        self.reset()

    def reset(self) -> None:
        """The seeded users again."""
        self._applied = 0
        self._documents: dict[int, Row | None] = {}
        self._rendered: dict[int, bytes] = {}
        self._answers: OrderedDict[tuple[str, str, bool], list[int]] = OrderedDict()
        for ordering in self._orderings.values():
            ordering.reset()

    def search(self, query: str | None, sort: str | None, start: int, limit: int) -> Found:
        """The rows of a page and how many match in all; `sort` is `field:1` or `field:-1`, checked before."""
        self._catch_up()
        field, _, direction = (sort or ARBITRARY).partition(":")
        reverse = direction == "-1"
        windows, rest = plan(compile_query(query)[0]) if query is not None else ([], [])
        if not self.user_id_ranges and any(ranges(clause, "user_id") for clause in rest):
            raise invalid_search('range operator is not supported on "user_id"')
        if not rest and len(windows) <= 1 and field in (*ORDERED, ARBITRARY):
            window = windows[0] if windows else Window(field)
            ordering = self._ordering(window.field)
            total = ordering.count(window.low, window.high)
            self._refuse_heavy(query, total)
            if window.field == field:
                return Found(total, ordering.slots(window.low, window.high, start=start, limit=limit, reverse=reverse))
        slots = self._remembered((query or "", field, reverse), lambda: self._matching(windows, rest, field, reverse))
        self._refuse_heavy(query, len(slots))
        return Found(len(slots), slots[start : start + limit])

    def json(self, slot: int) -> bytes:
        """A user's row in bytes, as the index holds it."""
        row = self._documents.get(slot)
        if row is None:
            return self._users.seeded_json(slot)
        if slot not in self._rendered:
            self._rendered[slot] = encode(row)
        return self._rendered[slot]

    def row(self, slot: int) -> Row:
        """A user's row as the index holds it."""
        row: Row = self._documents.get(slot) or json.loads(self._users.seeded_json(slot))
        return row

    def _row_with(self, names: set[str]) -> Callable[[int], Row]:
        """What gives the rows with these fields at the least cost."""
        return self._key_row if {name.partition(".")[0] for name in names} <= KEYS else self.row

    def _key_row(self, slot: int) -> Row:
        return self._documents.get(slot) or self._users.seeded_key_row(slot)

    def _refuse_heavy(self, query: str | None, total: int) -> None:
        if query is not None and self.timeout_rows is not None and total > self.timeout_rows:
            raise query_timeout()

    def _catch_up(self) -> None:
        """Take in the changes that are as old as the lag."""
        changes, due = self._users.changes, self._clock.epoch() - self.lag
        if self._applied < len(changes) and changes[self._applied].at <= due:
            self._answers.clear()
        while self._applied < len(changes) and changes[self._applied].at <= due:
            self._apply(changes[self._applied])
            self._applied += 1

    def _apply(self, change: Change) -> None:
        slot = change.slot
        for field, ordering in self._orderings.items():
            if change.kind != "create":
                ordering.remove(self._key(field, slot), slot)
        self._documents[slot] = change.row
        self._rendered.pop(slot, None)
        if change.row is not None:
            for field, ordering in self._orderings.items():
                ordering.add(self._key(field, slot), slot)

    def _key(self, field: str, slot: int) -> int:
        if field == ARBITRARY:
            return scramble(self._users.profiles.seed + 2, slot)
        row = self._documents.get(slot)
        if row is not None:
            return _milliseconds(row[field])
        return (self._users.created if field == "created_at" else self._users.updated)[slot]

    def _ordering(self, field: str) -> Ordering:
        """The ordering by a field; by any other field than the two times it is the arbitrary one."""
        if field in ORDERED:
            return self._orderings[field]
        if ARBITRARY not in self._orderings:
            self._orderings[ARBITRARY] = self._arbitrary()
        return self._orderings[ARBITRARY]

    def _arbitrary(self) -> Ordering:
        """Built at the first search without a sort, which a million users notice; then it follows the changes."""
        ordering = Ordering([scramble(self._users.profiles.seed + 2, slot) for slot in range(self._users.seeded)])
        for slot, row in self._documents.items():
            if slot >= self._users.seeded and row is not None:
                ordering.add(self._key(ARBITRARY, slot), slot)
            if slot < self._users.seeded and row is None:
                ordering.remove(self._key(ARBITRARY, slot), slot)
        return ordering

    def _matching(self, windows: list[Window], rest: list[Clause], field: str, reverse: bool) -> list[int]:  # noqa: FBT001
        """Every match in order: walk the narrowest window, test the others."""
        ranked = sorted(windows, key=lambda window: self._ordering(window.field).count(window.low, window.high))
        lead = ranked[0] if ranked else Window(field if field in ORDERED else ARBITRARY)
        slots = self._ordering(lead.field).slots(lead.low, lead.high)
        for window in ranked[1:]:
            slots = [slot for slot in slots if window.low <= self._key(window.field, slot) <= window.high]
        if rest:
            clause = And(tuple(rest))
            test, row = predicate(clause), self._row_with(fields(clause))
            slots = [slot for slot in slots if test(row(slot))]
        if field in (*ORDERED, ARBITRARY):
            return sorted(slots, key=lambda slot: (self._key(field, slot), slot), reverse=reverse)
        return self._sorted_by(field, slots, reverse=reverse)

    def _sorted_by(self, field: str, slots: list[int], *, reverse: bool) -> list[int]:
        """By an attribute that not every user has: those without it come last."""
        row = self._row_with({field})
        keyed = [(values(row(slot), field), slot) for slot in slots]
        present = sorted(((found[0], slot) for found, slot in keyed if found), reverse=reverse)
        return [slot for _, slot in present] + [slot for found, slot in keyed if not found]

    def _remembered(self, key: tuple[str, str, bool], find: Callable[[], list[int]]) -> list[int]:
        """The matches of a query whose further pages are likely to be asked for next."""
        if key not in self._answers:
            self._answers[key] = find()
            if len(self._answers) > REMEMBERED:
                self._answers.popitem(last=False)
        return self._answers[key]


def _milliseconds(text: str) -> int:
    return milliseconds(datetime.fromisoformat(text.replace("Z", "+00:00")))
