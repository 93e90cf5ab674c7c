"""The users: a million generated on demand, which take no memory, and the changes since.

There are two views of the same users: the current one, which `GET /users/{id}` shows, and the search index, which
follows after a lag (https://auth0.com/docs/manage-users/user-search/get-users-by-id-or-email).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from auth0_simulator.state.clock import Clock, timestamp
from auth0_simulator.state.identifiers import scramble
from auth0_simulator.state.profiles import ProfileGenerator
from auth0_simulator.state.tenant_options import DATES, SeededUsers, TenantOptions
from auth0_simulator.state.user_changes import (
    ChangeKind,
    TouchKind,
    TouchSchedule,
    UserChange,
    UserVersion,
    login_attributes,
)
from auth0_simulator.wire.rows import Row, encode_row


@dataclass(frozen=True)
class UserSnapshot:
    """The users at one moment: the changed ones are kept, the others generated on demand."""

    users: UserStore
    slots: int
    changed: Mapping[int, Row | None]

    def row(self, slot: int) -> Row | None:
        """The user's row, None when it had been deleted; read only."""
        return self.changed[slot] if slot in self.changed else self.users.seeded_row(slot)


class UserStore(SeededUsers):
    """Every user, by id; a slot is the user's number in order of creation."""

    def __init__(self, profiles: ProfileGenerator, clock: Clock, options: TenantOptions, now: int) -> None:
        super().__init__(profiles, options, now)
        self._clock = clock
        self.reset()

    def reset(self) -> None:
        """Return to the seeded users."""
        self.changes: list[UserChange] = []
        self._latest: dict[int, UserChange] = {}
        self._added: dict[str, int] = {}
        self._deleted: dict[str, int] = {}
        #: The slot of a user who came back with a deleted user's id, to the slot of the deleted one.
        self.predecessors: dict[int, int] = {}
        self._slots = self.seeded
        self._deleted_count = 0

    def __len__(self) -> int:
        return self._slots - self._deleted_count

    def __iter__(self) -> Iterator[str]:
        ids = (self.at(slot) for slot in range(self._slots))
        return (user_id for user_id in ids if user_id is not None)

    def __contains__(self, user_id: object) -> bool:
        return isinstance(user_id, str) and self._slot(user_id) is not None

    def get(self, user_id: str) -> Row | None:
        """A user's current row, with identity providers' tokens; None when there is no such user."""
        slot = self._slot(user_id)
        return None if slot is None else self._row(slot, self._clock.milliseconds())

    def by_email(self, email: str) -> list[Row]:
        """The current rows of the users with an address; its case matters."""
        index, now = self.profiles.index_by_email(email), self._clock.milliseconds()
        seeded = {index} if index is not None and index < self.seeded else set[int]()
        rows = (self._row(slot, now) for slot in sorted(seeded | self._latest.keys()) if self.at(slot) is not None)
        return [row for row in rows if row.get("email") == email]

    def present_slot(self, slot: int) -> int | None:
        """The slot of the user who has this slot's id now; None when there is none."""
        change = self._latest.get(slot)
        return slot if change is None or change.row is not None else self._slot(change.user_id)

    def present_row(self, slot: int) -> Row:
        """The current row in a slot; read only."""
        return self._row(slot, self._clock.milliseconds())

    def present_json(self, slot: int) -> bytes:
        """The same as JSON."""
        return encode_row(self.present_row(slot)) if slot in self._latest else self.seeded_json(slot)

    def at(self, slot: int) -> str | None:
        """The id of the user in a slot, None when it was deleted."""
        if slot in self._latest:
            change = self._latest[slot]
            return None if change.row is None else change.user_id
        return self.profiles.user_id(slot) if slot < self.seeded else None

    def snapshot(self) -> UserSnapshot:
        """The users as they are now, unaffected by later changes."""
        now = self._clock.milliseconds()
        return UserSnapshot(self, self._slots, {slot: _row_at(change, now) for slot, change in self._latest.items()})

    def create(self, **attributes: Any) -> str:
        """Add a user, of the database connection unless `user_id` names another provider; returns the id."""
        at, slot = self._clock.epoch(), self._slots
        now = int(at * 1000)
        row = self.profiles.new_row(slot, now, attributes)
        if row["user_id"] in self:
            raise ValueError(f"the user {row['user_id']!r} exists already")
        self._slots += 1
        self._added[row["user_id"]] = slot
        if row["user_id"] in self._deleted:
            self.predecessors[slot] = self._deleted.pop(row["user_id"])
        self._record("create", slot, row, at)
        return str(row["user_id"])

    def update(self, user_id: str, **attributes: Any) -> None:
        """Change attributes; `updated_at` becomes now unless given. A date that is None is taken away."""
        if attributes.get("user_id", user_id) != user_id:
            raise ValueError("a user_id cannot change")
        at = self._clock.epoch()
        slot, row = self._require(user_id, at)
        self._record("update", slot, {**row, "updated_at": timestamp(int(at * 1000)), **attributes}, at)

    def login(self, user_id: str) -> None:
        """Log a user in: `last_login` and `updated_at` become now."""
        at = self._clock.epoch()
        slot, row = self._require(user_id, at)
        self._record("login", slot, {**row, **login_attributes(row, timestamp(int(at * 1000)))}, at)

    def delete(self, user_id: str) -> None:
        """Delete a user."""
        at = self._clock.epoch()
        slot = self._require(user_id, at)[0]
        self._added.pop(user_id, None)
        self._deleted[user_id] = slot
        self._deleted_count += 1
        self._record("delete", slot, None, at)

    def schedule(self, user_id: str, kind: TouchKind, milliseconds: int, *, together: bool) -> None:
        """Touch a user every so many milliseconds, first within that time from now; `together` just after it."""
        at = self._clock.epoch()
        slot, row = self._require(user_id, at)
        wait = milliseconds if together else 1 + scramble(self.profiles.seed + 4, slot) % milliseconds
        self._record("schedule", slot, row, at, schedule=TouchSchedule(kind, int(at * 1000) + wait, milliseconds))

    def unschedule(self, user_id: str) -> None:
        """Touch a user no longer."""
        at = self._clock.epoch()
        slot, row = self._require(user_id, at)
        self._record("schedule", slot, row, at, schedule=None)

    def scheduled(self) -> list[str]:
        """The ids of the users who are touched."""
        return [change.user_id for change in self._latest.values() if change.schedule is not None]

    def latest(self, user_id: str) -> UserChange | None:
        """The last change of a user; None for a seeded one that never changed, and for one who does not exist."""
        slot = self._slot(user_id)
        return None if slot is None else self._latest.get(slot)

    def _record(
        self,
        kind: ChangeKind,
        slot: int,
        row: Row | None,
        at: float,
        *,
        schedule: TouchSchedule | Literal["kept"] | None = "kept",
    ) -> None:
        # A row is never changed in place: the search index may still have to show the old one.
        now, known = int(at * 1000), self._latest.get(slot)
        before = known or self._latest.get(self.predecessors.get(slot, -1))
        number = 1 if before is None else before.number + before.touches(now) + 1
        if row is not None:
            row = {name: value for name, value in row.items() if value is not None or name not in DATES}
        if schedule == "kept":
            schedule = None if known is None or row is None else known.schedule
        touched = 0 if schedule is None else schedule.count(now)
        user_id = self.at(slot) if row is None else row["user_id"]
        change = UserChange(at, kind, str(user_id), slot, row, number, schedule, touched)
        self._latest[slot] = change
        self.changes.append(change)

    def _require(self, user_id: str, at: float) -> tuple[int, Row]:
        """A user's slot, and the row at a time in seconds."""
        slot = self._slot(user_id)
        if slot is None:
            raise KeyError(f"no user has the id {user_id!r}")
        return slot, self._row(slot, int(at * 1000))

    def _slot(self, user_id: str) -> int | None:
        if user_id in self._added:
            return self._added[user_id]
        index = self.profiles.index(user_id)
        if index is None or index >= self.seeded:
            return None
        return None if index in self._latest and self._latest[index].row is None else index

    def _row(self, slot: int, now: int) -> Row:
        change = self._latest.get(slot)
        row = None if change is None else _row_at(change, now)
        return dict(json.loads(self.seeded_json(slot)) if row is None else row)


def _row_at(change: UserChange, now: int) -> Row | None:
    """The row after a change and its touches up to a moment in milliseconds."""
    return UserVersion(change, change.touches(now)).row()
