"""What the search index holds: an entry for each user, and sorted indexes of their times."""

from __future__ import annotations

import json
from array import array
from datetime import datetime

from auth0_simulator.search.query_plan import INDEXED_FIELDS
from auth0_simulator.search.sorted_index import NO_KEY, SortedIndex
from auth0_simulator.state.clock import milliseconds
from auth0_simulator.state.identifiers import scramble
from auth0_simulator.state.user_changes import UserVersion
from auth0_simulator.state.users import UserStore
from auth0_simulator.wire.rows import Row, encode_row

UNSORTED = ""


class IndexEntries:
    """The users by slot, as the index knows them; a seeded user has an entry from the start."""

    def __init__(self, users: UserStore) -> None:
        self._users = users
        self._sorted_indexes = {field: SortedIndex(self._seeded_keys(field)) for field in INDEXED_FIELDS}
        self.reset()

    def reset(self) -> None:
        """Return to the seeded users."""
        self._versions: dict[int, UserVersion] = {}
        self._keys: dict[str, dict[int, int]] = {field: {} for field in INDEXED_FIELDS}
        self._superseded: set[int] = set()
        self._json: dict[int, bytes] = {}
        for index in self._sorted_indexes.values():
            index.reset()

    def apply(self, version: UserVersion) -> None:
        """Replace a user's entry by a version, unless it has a newer one."""
        slot = version.change.slot
        known = self._versions.get(slot)
        if slot in self._superseded or (known is not None and known.number >= version.number):
            return
        older = self._users.predecessors.get(slot)
        while older is not None and older not in self._superseded:
            self._replace(older, None)
            self._superseded.add(older)
            older = self._users.predecessors.get(older)
        self._replace(slot, version)

    def key(self, field: str, slot: int) -> int:
        """The number that a user's entry is sorted by in the index of a field."""
        if field == UNSORTED:
            return scramble(self._users.profiles.seed + 2, slot)
        key = self._keys[field].get(slot)
        return self._seeded_key(field, slot) if key is None else key

    def row(self, slot: int) -> Row:
        """A user's row, in the state of the index."""
        row = self._changed_row(slot)
        if row is None:
            row = json.loads(self._users.seeded_json(slot))
        return row

    def key_row(self, slot: int) -> Row:
        """The identifying columns at least of a user's row, which take less time."""
        return self._changed_row(slot) or self._users.seeded_key_row(slot)

    def json(self, slot: int) -> bytes:
        """A user's row as JSON, in the state of the index."""
        if slot not in self._versions:
            return self._users.seeded_json(slot)
        if slot not in self._json:
            self._json[slot] = encode_row(self.row(slot))
        return self._json[slot]

    def sorted_index(self, field: str) -> SortedIndex:
        """The sorted index of a field; an arbitrary order for any field but the two times."""
        if field in INDEXED_FIELDS:
            return self._sorted_indexes[field]
        if UNSORTED not in self._sorted_indexes:
            self._sorted_indexes[UNSORTED] = self._unsorted_index()
        return self._sorted_indexes[UNSORTED]

    def _changed_row(self, slot: int) -> Row | None:
        version = self._versions.get(slot)
        return None if version is None else version.row()

    def _is_shown(self, slot: int) -> bool:
        if slot in self._superseded:
            return False
        version = self._versions.get(slot)
        return slot < self._users.seeded if version is None else version.change.row is not None

    def _replace(self, slot: int, version: UserVersion | None) -> None:
        """Move a user in the sorted indexes, and remember the version; None removes the user."""
        was_shown, shown = self._is_shown(slot), version is not None and version.change.row is not None
        for field, index in self._sorted_indexes.items():
            old = self.key(field, slot) if was_shown else None
            new = self._key_of(field, version) if version is not None and shown else None
            if old == new:
                continue
            if old is not None:
                index.remove(old, slot)
            if new is not None:
                index.add(new, slot)
                if field != UNSORTED:
                    self._keys[field][slot] = new
        if version is not None:
            self._versions[slot] = version
        self._json.pop(slot, None)

    def _key_of(self, field: str, version: UserVersion) -> int:
        slot = version.change.slot
        if field == UNSORTED:
            return self.key(UNSORTED, slot)
        if field == "updated_at" and version.touched_at is not None:
            return version.touched_at
        known = self._versions.get(slot)
        if field == "created_at" and known is not None and known.change is version.change:
            return self.key(field, slot)
        row = version.change.row
        return self._seeded_key(field, slot) if row is None else _key_of_date(row.get(field))

    def _seeded_keys(self, field: str) -> array[int]:
        dates = self._users.dates(field)
        if not self._users.undated:
            return dates
        return array("q", (NO_KEY if self._users.lacks(field, slot) else dates[slot] for slot in range(len(dates))))

    def _seeded_key(self, field: str, slot: int) -> int:
        return NO_KEY if self._users.lacks(field, slot) else self._users.dates(field)[slot]

    def _unsorted_index(self) -> SortedIndex:
        """Built at the first search without a sort, as it is slow with a million users; later changes update it."""
        seeded = self._users.seeded
        index = SortedIndex([scramble(self._users.profiles.seed + 2, slot) for slot in range(seeded)])
        for slot in self._versions.keys() | self._superseded:
            if slot >= seeded and self._is_shown(slot):
                index.add(self.key(UNSORTED, slot), slot)
            if slot < seeded and not self._is_shown(slot):
                index.remove(self.key(UNSORTED, slot), slot)
        return index


def _key_of_date(text: str | None) -> int:
    return NO_KEY if text is None else milliseconds(datetime.fromisoformat(text.replace("Z", "+00:00")))
