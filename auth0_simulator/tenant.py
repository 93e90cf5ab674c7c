"""The tenant: its users, collections, log, events and export jobs, and how they change."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from random import Random

from auth0_simulator.events.store import EventStore
from auth0_simulator.exports.store import ExportJobStore
from auth0_simulator.logs.event_context import TenantSnapshot
from auth0_simulator.logs.index import LogIndex
from auth0_simulator.logs.seeded_events import LogOptions, SeededLogEvents
from auth0_simulator.logs.store import LogStore
from auth0_simulator.logs.touch_events import TouchEvents, touch_event
from auth0_simulator.resource_operations import ResourceOperationsMixin
from auth0_simulator.search.user_index import UserIndex
from auth0_simulator.seeds.registry import SEEDS, SeedContext
from auth0_simulator.state.application import Application
from auth0_simulator.state.clock import DAY_MILLISECONDS, Clock
from auth0_simulator.state.identifiers import opaque_id
from auth0_simulator.state.profiles import ProfileGenerator
from auth0_simulator.state.resources import key_column
from auth0_simulator.state.tenant_options import TenantOptions
from auth0_simulator.state.users import UserStore
from auth0_simulator.story.story import Story
from auth0_simulator.user_operations import UserOperationsMixin
from auth0_simulator.wire.rows import Row

TENANT_DOMAIN = "demo-tenant.us.auth0.com"


class Tenant(UserOperationsMixin, ResourceOperationsMixin):
    """State that requests read and tests change; hold `lock` around more than one operation."""

    def __init__(  # noqa: PLR0913 - the parts of a tenant
        self,
        seed: int,
        clock: Clock,
        tenant_options: TenantOptions,
        known_scopes: frozenset[str],
        log_options: LogOptions | None = None,
        *,
        story: Story | None = None,
    ) -> None:
        self.seed = seed
        self.clock = clock
        self.domain = TENANT_DOMAIN
        self.name = TENANT_DOMAIN.partition(".")[0]
        self.audience = tenant_options.audience or f"https://{TENANT_DOMAIN}/api/v2/"
        self.known_scopes = known_scopes
        self.organization_count, self.member_count = tenant_options.organizations, tenant_options.members
        # From midnight on: the same seed makes the same tenant all day, and everything in it is in the past.
        self.made_at = clock.milliseconds() // DAY_MILLISECONDS * DAY_MILLISECONDS
        self.lock = threading.RLock()
        self._story = story
        profiles = story.profiles if story else ProfileGenerator(seed)
        self.users = UserStore(profiles, clock, tenant_options, self.made_at)
        self.user_index = UserIndex(self.users, clock, tenant_options)
        self.exports = ExportJobStore(seed, self.name, clock)
        self.events = EventStore(self)
        log_options = log_options or LogOptions()
        self.touch_events = TouchEvents(self.users)
        events = story.events if story else SeededLogEvents(seed, log_options, self.made_at)
        self._log = LogStore(events, log_options, clock, self._make_tenant_snapshot, self.lock)
        self._log_index = LogIndex(self._log, clock)
        self.reset()

    def reset(self) -> None:
        """Return to the seeded state."""
        with self.lock:
            self.users.reset()
            self.user_index.reset()
            self.exports.reset()
            self.events.reset()
            self._log.reset()
            self.touch_events.reset()
            self.application = Application(
                opaque_id(self.seed, "client", length=32), "SECRET-" + opaque_id(self.seed, "secret", length=57)
            )
            self.secret_reads = 0
            self._collections: dict[tuple[str, ...], list[Row]] = {}
            self._rows_by_id: dict[str, tuple[tuple[int, int], dict[str, Row]]] = {}
            self._parents: dict[str, tuple[dict[str, tuple[int, int]], dict[str, list[tuple[str, Row]]]]] = {}
            self._deleted: set[str] = set()
            self._ever_deleted: set[str] = set()
            self._random = Random(self.seed)

    @property
    def log(self) -> LogStore:
        """The tenant's log, with the touches up to now."""
        self.log_touches()
        return self._log

    @property
    def log_index(self) -> LogIndex:
        """The search over the log."""
        self.log_touches()
        return self._log_index

    def log_touches(self) -> None:
        """Log the touches up to now of the users whose touches are logged."""
        if not len(self.touch_events):
            return
        with self.lock:
            for version in self.touch_events.due(self.clock.milliseconds()):
                happened = version.touched_at or 0
                self._log.append(touch_event(version, self._log.tenant_snapshot), happened, happened)

    def __getattr__(self, name: str) -> list[Row]:
        if name.startswith("_") or name not in SEEDS:
            raise AttributeError(f"a tenant has no {name!r}; its collections are {', '.join(sorted(SEEDS))}")
        return self.rows(name)

    def rows(self, name: str, *keys: str) -> list[Row]:
        """The rows of a collection, as dicts to read and change; `keys` are the ids of its parents, if it has any."""
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

    def uncached_rows(self, name: str, *keys: str) -> list[Row]:
        """The same rows, to read only: a list that was not requested through `rows` is generated and not stored."""
        with self.lock:
            return self.rows(name, *keys) if (name, *keys) in self._collections else self._make(name, keys)

    def parents_of(self, name: str, user_id: str, column: str = "user_id") -> list[tuple[str, Row]]:
        """For each parent whose child collection contains the user: the parent's id and the user's row.

        The index is rebuilt when the number of rows of a list, or its last row, has changed.
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
        """Whether a row belongs to a deleted user."""
        return self._is_of(row, self._deleted)

    def _is_of(self, row: Row, owners: set[str]) -> bool:
        """Whether a row belongs to one of these users; in user attribute profiles, `user_id` is a mapping and no id."""
        owner = row.get("user_id")
        return isinstance(owner, str) and owner in owners

    def find(self, name: str, value: str) -> Row | None:
        """The row of a collection, or the user, with this id; None if there is none."""
        if name == "users":
            return self.users.get(value)
        rows, column = self.rows(name), key_column(name)
        shape = (len(rows), id(rows[-1]) if rows else 0)
        known, found = self._rows_by_id.get(name, ((-1, 0), {}))
        if known != shape:
            known, found = self._rows_by_id[name] = shape, {row[column]: row for row in rows}
        return found.get(value)

    def allow_user_id_again(self, user_id: str) -> None:
        """Let a deleted user's id be used again; nothing that belonged to the deleted user comes back."""
        if user_id in self._deleted:
            for rows in self._collections.values():
                rows[:] = [row for row in rows if row.get("user_id") != user_id]
            self._deleted.remove(user_id)

    def remove_from_collections(self, user_id: str) -> None:
        """Remove a user from every collection, including those not generated yet."""
        self._deleted.add(user_id)
        self._ever_deleted.add(user_id)

    def simulate_activity(self, logins: int = 0, creates: int = 0, deletes: int = 0) -> dict[str, list[str]]:
        """Create, delete and log in users, chosen by the seed; returns their ids."""
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
        """Distinct seeded users that were not deleted."""
        picked: list[str] = []
        for slot in self._random.sample(range(self.users.seeded), min(count * 2, self.users.seeded)):
            user_id = self.users.at(slot)
            if user_id is not None and len(picked) < count:
                picked.append(user_id)
        return picked

    def _make(self, name: str, keys: Iterable[str]) -> list[Row]:
        seed, values = SEEDS[name], tuple(keys)
        if len(values) != len(seed.parents):
            raise KeyError(f"{name!r} needs the ids of {seed.parents}, not {values}")
        parents = [
            self.find(parent, value) if parent else value for parent, value in zip(seed.parents, values, strict=True)
        ]
        if None in parents:
            raise KeyError(f"{seed.parents} have no such rows: {values}")
        context = SeedContext(self, Random(":".join((str(self.seed), name, *values))), name)
        made = seed.make(context, *parents)
        rows = self._story.collections.rows(context, made, *parents) if self._story else made
        return [row for row in rows if not self._is_of(row, self._ever_deleted)] if self._ever_deleted else rows

    def _make_tenant_snapshot(self) -> TenantSnapshot:
        """The ids and names that log events refer to: the collections as seeded, whatever was changed since."""
        return TenantSnapshot.of(self.domain, self.audience, self.users, lambda name: self._make(name, ()))
