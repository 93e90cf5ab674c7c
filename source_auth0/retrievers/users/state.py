"""The state of `users`: what a sync resumes from (docs/behavior.md defines each key)."""

import hashlib
import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from source_auth0.api.tenant import Tenant
from source_auth0.retrievers.cursors.state_validation import (
    validate_keys_and_size,
    validate_list,
    validate_ranges,
    validate_text,
    validate_timestamp,
)
from source_auth0.timestamps import Milliseconds, to_iso, to_milliseconds

LOGGER = logging.getLogger("airbyte.source_auth0")
VERSION = 2
STATE_KEYS = ("updated_at", "v", "deep_at", "read_with", "open", "until", "walk", "deletions", "parts")
#: The keys of one of several parts.
PART_KEYS = frozenset({"updated_at", "deep_at", "read_with", "open", "until", "walk"})
#: Hexadecimal digits by which a state knows a connection's name.
HASH_LENGTH = 12


@dataclass(frozen=True)
class UserFilter:
    """Which users a sync wants: those updated since a start date, with an identity in one of some connections.

    connections: hashes of their names; None for all.
    """

    start_date: Milliseconds | None = None
    connections: frozenset[str] | None = None

    @classmethod
    def of(cls, tenant: Tenant, connections: Iterable[str] | None = None) -> "UserFilter":
        """The filter that the config sets; with these connections in place of the config's, if they are given."""
        start_date = tenant.config.get("start_date")
        names = tenant.config.get("users_connections") if connections is None else tuple(connections)
        return cls(
            to_milliseconds(start_date) if start_date else None,
            frozenset(map(connection_hash, names)) if names else None,
        )

    @classmethod
    def from_state(cls, saved: Mapping[str, Any]) -> "UserFilter":
        """The filter that a state holds; raises KeyError, ValueError or TypeError for none."""
        validate_keys_and_size(saved, ("start_date", "connections"))
        start_date, hashes = saved["start_date"], saved["connections"]
        return cls(
            None if start_date is None else validate_timestamp(start_date),
            None if hashes is None else frozenset(map(validate_text, validate_list(hashes))),
        )

    @property
    def state(self) -> dict[str, Any]:
        """The filter as a state holds it."""
        return {
            "start_date": None if self.start_date is None else to_iso(self.start_date),
            "connections": None if self.connections is None else sorted(self.connections),
        }

    def has_connections_of(self, other: "UserFilter") -> bool:
        """Whether all connections that the other filter wants were wanted by this one."""
        return self.connections is None or (other.connections is not None and other.connections <= self.connections)

    def has_dates_of(self, other: "UserFilter") -> bool:
        """Whether this filter's start date is not later than the other's."""
        return self.start_date is None or (other.start_date is not None and other.start_date >= self.start_date)


def connection_hash(name: str) -> str:
    """A short hash of a connection's name, by which a state tells whether it is new."""
    return hashlib.sha256(name.encode()).hexdigest()[:HASH_LENGTH]


@dataclass(frozen=True)
class UserState:
    """A saved state of `users`, parsed. All times are milliseconds.

    updated_at: the low-water mark; None where nothing was read. deep_at: when the last deep look-back began. read_with:
    the filter that everything was read with. open: ranges still to read. until: where reading resumes after them.
    walk_deep_at, walk_read_with: what `deep_at` and `read_with` will be once the open ranges are read.
    """

    updated_at: Milliseconds | None = None
    deep_at: Milliseconds | None = None
    read_with: UserFilter | None = None
    open: tuple[tuple[Milliseconds, Milliseconds], ...] = ()
    until: Milliseconds | None = None
    walk_deep_at: Milliseconds | None = None
    walk_read_with: UserFilter | None = None

    @classmethod
    def of(cls, saved: Mapping[str, Any]) -> "UserState":
        """Parse a state without tombstones' part; raises KeyError, ValueError, TypeError or AttributeError."""
        if "updated_at" not in saved:
            return cls()
        low = to_milliseconds(saved["updated_at"])
        version, walk = saved.get("v", VERSION), saved.get("walk", {})
        if not isinstance(version, int) or isinstance(version, bool) or version < 1:
            raise ValueError
        validate_keys_and_size(walk, ("deep_at", "read_with"))
        ranges = tuple(
            (validate_timestamp(start), validate_timestamp(end)) for start, end in validate_list(saved.get("open", []))
        )
        until = validate_timestamp(saved["until"]) if ranges or "until" in saved else None
        if until is not None:
            validate_ranges(ranges, low, until)
        return cls(
            low,
            _optional_timestamp(saved, "deep_at"),
            UserFilter.from_state(saved["read_with"]) if "read_with" in saved else None,
            ranges,
            until,
            _optional_timestamp(walk, "deep_at"),
            UserFilter.from_state(walk["read_with"]) if "read_with" in walk else None,
        )

    @property
    def last_filter(self) -> UserFilter | None:
        """The filter that the last sync read with, complete or not; None for a state of a version that saved none."""
        return self.walk_read_with if self.open else self.read_with

    @property
    def resume_point(self) -> Milliseconds | None:
        """The cursor: where the last sync ended, but for its open ranges."""
        return self.updated_at if self.until is None else self.until

    @property
    def as_json(self) -> dict[str, Any]:
        """The state as a message holds it."""
        if self.updated_at is None:
            return {}
        state: dict[str, Any] = {"updated_at": to_iso(self.updated_at), "v": VERSION}
        if self.deep_at is not None:
            state["deep_at"] = to_iso(self.deep_at)
        if self.read_with is not None:
            state["read_with"] = self.read_with.state
        if self.open and self.until is not None:
            walk: dict[str, Any] = {}
            if self.walk_deep_at is not None:
                walk["deep_at"] = to_iso(self.walk_deep_at)
            if self.walk_read_with is not None:
                walk["read_with"] = self.walk_read_with.state
            pairs = [[to_iso(start), to_iso(end)] for start, end in self.open]
            state |= {"open": pairs, "until": to_iso(self.until), "walk": walk}
        return state


def without_later_version(saved: Mapping[str, Any], stream: str, tenant: Tenant) -> Mapping[str, Any]:
    """A state as it is; of a version that this one does not know, `updated_at` alone, with a warning."""
    version = saved.get("v", VERSION)
    if not isinstance(version, int) or isinstance(version, bool) or version <= VERSION:
        return saved
    if tenant.first_time(f"later version of the state of {stream}"):
        LOGGER.warning(
            f"The saved state of `{stream}` is of a later version of this connector (v {version}; this one knows "
            f"{VERSION}). The stream is read again from its `updated_at`."
        )
    return {"updated_at": saved["updated_at"]} if "updated_at" in saved else {}


def _optional_timestamp(saved: Mapping[str, Any], key: str) -> Milliseconds | None:
    return validate_timestamp(saved[key]) if key in saved else None
