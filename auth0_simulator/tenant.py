"""The tenant: what is true in it, and how that is changed."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from random import Random

from auth0_simulator.accounts import Row
from auth0_simulator.assertions import MOST_CREDENTIALS, Credential
from auth0_simulator.backlog import Backlog, SeededEvents
from auth0_simulator.clock import Clock
from auth0_simulator.deeds import Deeds
from auth0_simulator.events import Events
from auth0_simulator.exports import Exports
from auth0_simulator.identifiers import opaque
from auth0_simulator.log_scenery import Scenery
from auth0_simulator.log_search import LogSearch
from auth0_simulator.logs import Log
from auth0_simulator.population import Population
from auth0_simulator.profiles import Profiles
from auth0_simulator.resources import key_column
from auth0_simulator.rsa import PublicKey
from auth0_simulator.seeds import SEEDS, Seeding
from auth0_simulator.user_index import UserIndex
from auth0_simulator.users import Users

DAY = 86_400_000
DOMAIN = "demo-tenant.us.auth0.com"


@dataclass
class Application:
    """The application that signs in; change it to see how Auth0 refuses."""

    client_id: str
    client_secret: str
    grant_types: list[str] = field(default_factory=lambda: ["client_credentials"])
    has_client_grant: bool = True
    credentials: list[Credential] = field(default_factory=list)

    def register(self, modulus: int, exponent: int = 65537, algorithm: str = "RS256", kid: str = "") -> None:
        """Register a public RSA key; from then on the application signs in by Private Key JWT alone."""
        if len(self.credentials) == MOST_CREDENTIALS:
            raise ValueError("an application has two keys at most")
        self.credentials.append(Credential(PublicKey(modulus, exponent), algorithm, kid))


class Tenant(Deeds):
    """State that requests read and tests change; take `lock` for more than one step."""

    def __init__(
        self,
        seed: int,
        clock: Clock,
        population: Population,
        known_scopes: frozenset[str],
        backlog: Backlog | None = None,
    ) -> None:
        self.seed = seed
        self.clock = clock
        self.domain = DOMAIN
        self.name = DOMAIN.partition(".")[0]
        self.audience = f"https://{DOMAIN}/api/v2/"
        self.known_scopes = known_scopes
        self.organization_count = population.organizations
        # From midnight on: the same seed makes the same tenant all day, and everything in it is in the past.
        self.made_at = clock.milliseconds() // DAY * DAY
        self.lock = threading.RLock()
        self.users = Users(Profiles(seed), clock, population, self.made_at)
        self.index = UserIndex(self.users, clock, population)
        self.exports = Exports(seed, self.name, clock)
        self.events = Events(self)
        backlog = backlog or Backlog()
        self.log = Log(SeededEvents(seed, backlog, self.made_at), backlog, clock, self._scenery, self.lock)
        self.log_search = LogSearch(self.log, clock)
        self.reset()

    def reset(self) -> None:
        """Back to the seeded state."""
        with self.lock:
            self.users.reset()
            self.index.reset()
            self.exports.reset()
            self.events.reset()
            self.log.reset()
            self.application = Application(
                opaque(self.seed, "client", length=32), "SECRET-" + opaque(self.seed, "secret", length=57)
            )
            self.secret_reads = 0
            self._collections: dict[tuple[str, ...], list[Row]] = {}
            self._found: dict[str, tuple[int, dict[str, Row]]] = {}
            self._parents: dict[str, tuple[dict[str, tuple[int, int]], dict[str, list[tuple[str, Row]]]]] = {}
            self._deleted: set[str] = set()
            self._once_deleted: set[str] = set()
            self._random = Random(self.seed)

    def __getattr__(self, name: str) -> list[Row]:
        if name.startswith("_") or name not in SEEDS:
            raise AttributeError(f"a tenant has no {name!r}; its collections are {', '.join(sorted(SEEDS))}")
        return self.rows(name)

    def rows(self, name: str, *keys: str) -> list[Row]:
        """A collection as plain dicts to read and change; `keys` are the ids of its parents, if it has any."""
        if name not in SEEDS:
            raise KeyError(f"no collection is called {name!r}; known are {', '.join(sorted(SEEDS))}")
        with self.lock:
            key = (name, *keys)
            if key not in self._collections:
                self._collections[key] = self._make(name, keys)
            rows = self._collections[key]
            if self._deleted and any(self._is_of_deleted(row) for row in rows):
                rows[:] = [row for row in rows if not self._is_of_deleted(row)]
            return rows

    def glance(self, name: str, *keys: str) -> list[Row]:
        """The same rows to look at: a seeded list that nobody holds to change it is made anew, and not kept."""
        with self.lock:
            return self.rows(name, *keys) if (name, *keys) in self._collections else self._make(name, keys)

    def parents_of(self, name: str, user_id: str, column: str = "user_id") -> list[tuple[str, Row]]:
        """The parents in whose rows of a child collection a user is, by id, and the user's row there.

        That rows came or went is seen by their number and the last one.
        """
        with self.lock:
            parents = [row["id"] for row in self.rows(SEEDS[name].parents[0])]
            lists = {key: self._collections.get((name, key)) or self.rows(name, key) for key in parents}
            shape = {key: (len(rows), id(rows[-1])) for key, rows in lists.items() if rows}
            known, found = self._parents.get(name, ({}, {}))
            if known != shape:
                found = {}
                for key, rows in lists.items():
                    for row in rows:
                        found.setdefault(row[column], []).append((key, row))
                self._parents[name] = shape, found
            return found.get(user_id, [])

    def _is_of_deleted(self, row: Row) -> bool:
        """Whether a row is a deleted user's."""
        return self._is_of(row, self._deleted)

    def _is_of(self, row: Row, owners: set[str]) -> bool:
        """Whether a row is one of these users'; in profiles of attributes, `user_id` is a mapping."""
        owner = row.get("user_id")
        return isinstance(owner, str) and owner in owners

    def find(self, name: str, value: str) -> Row | None:
        """The row of a collection, or the user, with this id."""
        if name == "users":
            return self.users.get(value)
        rows, column = self.rows(name), key_column(name)
        size, found = self._found.get(name, (-1, {}))
        if size != len(rows):
            size, found = self._found[name] = len(rows), {row[column]: row for row in rows}
        return found.get(value)

    def forget_deletion(self, user_id: str) -> None:
        """Let a deleted user's id be used again; whoever comes back finds nothing of what belonged to it."""
        if user_id in self._deleted:
            for rows in self._collections.values():
                rows[:] = [row for row in rows if row.get("user_id") != user_id]
            self._deleted.remove(user_id)

    def remember_deletion(self, user_id: str) -> None:
        """Take a user out of every collection, those yet to be made included."""
        self._deleted.add(user_id)
        self._once_deleted.add(user_id)

    def activity(self, logins: int = 0, creates: int = 0, deletes: int = 0) -> dict[str, list[str]]:
        """Let a seeded choice of things happen at once; the ids of those concerned."""
        with self.lock:
            created = [self.create_user() for _ in range(creates)]
            deleted = self._some_users(deletes)
            for user_id in deleted:
                self.delete_user(user_id)
            seen = self._some_users(logins)
            for user_id in seen:
                self.login(user_id)
        return {"created": created, "deleted": deleted, "logged_in": seen}

    def _some_users(self, count: int) -> list[str]:
        """Distinct seeded users that are still there."""
        picked: list[str] = []
        for slot in self._random.sample(range(self.users.seeded), min(count * 2, self.users.seeded)):
            user_id = self.users.at(slot)
            if user_id is not None and len(picked) < count:
                picked.append(user_id)
        return picked

    def _make(self, name: str, keys: Iterable[str]) -> list[Row]:
        seed = SEEDS[name]
        values = tuple(keys)
        if len(values) != len(seed.parents):
            raise KeyError(f"{name!r} needs the ids of {seed.parents}, not {values}")
        parents = [
            self.find(parent, value) if parent else value for parent, value in zip(seed.parents, values, strict=True)
        ]
        if None in parents:
            raise KeyError(f"{seed.parents} have no such rows: {values}")
        random = Random(":".join((str(self.seed), name, *values)))
        rows = seed.make(Seeding(self, random, name), *parents)
        return [row for row in rows if not self._is_of(row, self._once_deleted)] if self._once_deleted else rows

    def _scenery(self) -> Scenery:
        """What the log tells of: the collections as they were seeded, whatever became of them."""
        return Scenery.of(self.domain, self.audience, self.users, lambda name: self._make(name, ()))
