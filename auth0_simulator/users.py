"""The users: a million invented ones that cost no memory, and what was done to them since.

Two views of the same users: the live one, which `GET /users/{id}` shows, and the search index, which follows
after a lag (https://auth0.com/docs/manage-users/user-search/get-users-by-id-or-email).
"""

from __future__ import annotations

import json
from array import array
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal

from auth0_simulator.accounts import CONNECTIONS, DATABASE, Row
from auth0_simulator.clock import Clock, milliseconds, timestamp
from auth0_simulator.population import Population
from auth0_simulator.profiles import Profiles

CACHED_ROWS = 100_000
ChangeKind = Literal["create", "update", "login", "delete"]


@dataclass(frozen=True)
class Change:
    """One thing done to one user: `row` is what it became, None when it was deleted."""

    at: float
    kind: ChangeKind
    user_id: str
    slot: int
    row: Row | None


@dataclass(frozen=True)
class Snapshot:
    """The users of one moment: those changed until then, the seeded ones made anew when they are asked for."""

    users: Users
    slots: int
    changed: Mapping[int, Row | None]

    def row(self, slot: int) -> Row | None:
        """The user's row, None when it had been deleted; not to be changed."""
        return self.changed[slot] if slot in self.changed else self.users.seeded_row(slot)


class Users:
    """Every user, by id; slots number them in the order in which they came."""

    def __init__(self, profiles: Profiles, clock: Clock, population: Population, now: int) -> None:
        self.profiles = profiles
        self.seeded = population.users
        self._clock = clock
        self.created = array("q", _created(population, now))
        self.updated = array("q", _updated(population, profiles, self.created, now))
        self._json: dict[int, bytes] = {}
        self.reset()

    def reset(self) -> None:
        """Only the seeded users, as they were."""
        self.changes: list[Change] = []
        self._changed: dict[int, Row | None] = {}
        self._added: dict[str, int] = {}
        self._slots = self.seeded
        self._gone = 0

    def __len__(self) -> int:
        return self._slots - self._gone

    def __iter__(self) -> Iterator[str]:
        return (row["user_id"] if row else self.profiles.user_id(slot) for slot, row in self._live())

    def __contains__(self, user_id: object) -> bool:
        return isinstance(user_id, str) and self._slot(user_id) is not None

    def get(self, user_id: str) -> Row | None:
        """A user's row as it is now, tokens of identity providers included; None when there is no such user."""
        slot = self._slot(user_id)
        return None if slot is None else self._row(slot)

    def at(self, slot: int) -> str | None:
        """The id of the user in a slot, None when it was deleted."""
        if slot in self._changed:
            row = self._changed[slot]
            return None if row is None else str(row["user_id"])
        return self.profiles.user_id(slot) if slot < self.seeded else None

    def seeded_json(self, slot: int) -> bytes:
        """A seeded user's row in bytes, as it was before any change."""
        cached = self._json.get(slot)
        if cached is None:
            if len(self._json) >= CACHED_ROWS:
                self._json.clear()
            cached = self._json[slot] = self.profiles.json(slot, self.created[slot], self.updated[slot])
        return cached

    def seeded_row(self, slot: int) -> Row:
        """A seeded user's row as it was before any change, made anew."""
        return self.profiles.row(slot, self.created[slot], self.updated[slot])

    def seeded_key_row(self, slot: int) -> Row:
        """The part of it that tells users apart."""
        return self.profiles.key_row(slot, self.created[slot], self.updated[slot])

    def snapshot(self) -> Snapshot:
        """The users as they are now, for as long as it is kept."""
        return Snapshot(self, self._slots, dict(self._changed))

    def create(self, **attributes: Any) -> str:
        """Add a user, of the database connection unless its `user_id` tells another; attributes replace inventions."""
        now, slot = self._clock.milliseconds(), self._slots
        row = self.profiles.row(slot, now, now)
        local = row["user_id"].rpartition("|")[2].partition("@")[0][-24:].rjust(24, "0")
        row["user_id"] = attributes.get("user_id", f"auth0|{local}")
        provider, _, local = row["user_id"].partition("|")
        known = {of: (connection, social) for _, connection, of, social in CONNECTIONS}
        connection, social = known.get(provider, (DATABASE, False))
        row["identities"] = [{"connection": connection, "user_id": local, "provider": provider, "isSocial": social}]
        row.setdefault("email", f"{row['nickname']}@example.com")
        row.update(attributes)
        if row["user_id"] in self:
            raise ValueError(f"the user {row['user_id']!r} exists already")
        self._slots += 1
        self._added[row["user_id"]] = slot
        self._record("create", slot, row)
        return str(row["user_id"])

    def update(self, user_id: str, **attributes: Any) -> None:
        """Change attributes; `updated_at` follows unless it is one of them."""
        self._change("update", user_id, {"updated_at": timestamp(self._clock.milliseconds()), **attributes})

    def login(self, user_id: str) -> None:
        """Let a user log in: `updated_at` moves with `last_login`."""
        moment = timestamp(self._clock.milliseconds())
        count = self._require(user_id)[1].get("logins_count", 0) + 1
        login = {"last_login": moment, "updated_at": moment, "logins_count": count, "last_ip": "203.0.113.7"}
        self._change("login", user_id, login)

    def delete(self, user_id: str) -> None:
        """Remove a user."""
        slot, row = self._require(user_id)
        self._added.pop(user_id, None)
        self._gone += 1
        self._changed[slot] = None
        self.changes.append(Change(self._clock.epoch(), "delete", row["user_id"], slot, None))

    def _change(self, kind: ChangeKind, user_id: str, attributes: Row) -> None:
        slot, row = self._require(user_id)
        if attributes.get("user_id", user_id) != user_id:
            raise ValueError("a user_id cannot change")
        self._record(kind, slot, {**row, **attributes})

    def _record(self, kind: ChangeKind, slot: int, row: Row) -> None:
        # A row is never changed in place: the index may still have to show what it was.
        self._changed[slot] = row
        self.changes.append(Change(self._clock.epoch(), kind, row["user_id"], slot, row))

    def _require(self, user_id: str) -> tuple[int, Row]:
        slot = self._slot(user_id)
        if slot is None:
            raise KeyError(f"no user has the id {user_id!r}")
        return slot, self._row(slot)

    def _slot(self, user_id: str) -> int | None:
        if user_id in self._added:
            return self._added[user_id]
        index = self.profiles.index(user_id)
        if index is None or index >= self.seeded or self._changed.get(index, {}) is None:
            return None
        return index

    def _row(self, slot: int) -> Row:
        row = self._changed.get(slot)
        if row is None:
            row = json.loads(self.seeded_json(slot))
        return dict(row)

    def _live(self) -> Iterator[tuple[int, Row | None]]:
        for slot in range(self._slots):
            row = self._changed.get(slot, {})
            if row is not None:
                yield slot, row


def _created(population: Population, now: int) -> Iterator[int]:
    if population.created_at is not None:
        return map(milliseconds, map(population.created_at, range(population.users)))
    width = population.spread // timedelta(milliseconds=1)
    return (now - width + width * index // population.users for index in range(population.users))


def _updated(population: Population, profiles: Profiles, created: array[int], now: int) -> Iterator[int]:
    if population.updated_at is not None:
        return map(milliseconds, map(population.updated_at, range(population.users)))
    return (profiles.last_update(index, moment, now) for index, moment in enumerate(created))
