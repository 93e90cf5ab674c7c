"""Checks off a tenant's rows as a sync emits them: a byte for each user and event, a key's hash for each other row."""

from collections.abc import Mapping

import orjson

from auth0_simulator import Simulator
from auth0_simulator.state.profiles import ProfileGenerator
from source_auth0.manifest.assembly import load_stream, primary_key

#: Streams read for each organization; the tenant's lists have the same names.
OF_ORGANIZATIONS = (
    "organization_members",
    "organization_connections",
    "organization_invitations",
    "organization_discovery_domains",
    "organization_client_grants",
    "organization_clients",
)
ROLES = "organization_member_roles"
#: Log event type to the stream in which each such event always has a row.
LOG_DERIVED = {"sapi": "changes", "sdu": "user_deletions"}
STREAMS = ("users", "logs", *LOG_DERIVED.values(), "organizations", *OF_ORGANIZATIONS, ROLES)


def row_counts(sim: Simulator) -> dict[str, int]:
    """The number of rows of each stream but those derived from the log."""
    ids = [row["id"] for row in sim.tenant.rows("organizations")]
    lists = {name: [row for id_ in ids for row in sim.tenant.rows(name, id_)] for name in OF_ORGANIZATIONS}
    return {
        "users": len(sim.tenant.users),
        "logs": len(sim.tenant.log),
        "organizations": len(ids),
        **{name: len(rows) for name, rows in lists.items()},
        ROLES: sum(len(member["roles"]) for member in lists["organization_members"]),
    }


class Inventory:
    """Takes records; counts the missing, repeated and unknown ones. `counts`: see `row_counts`."""

    def __init__(self, counts: Mapping[str, int], seed: int) -> None:
        self.rows = self.repeated = self.unknown = 0
        self._counts = dict(counts)
        self._profiles = ProfileGenerator(seed)
        self._seen = {name: bytearray(counts[name]) for name in ("users", "logs")}
        self._keys: dict[str, set[int]] = {name: set() for name in STREAMS if name not in self._seen}
        self._derived_keys: dict[str, set[int]] = {name: set() for name in LOG_DERIVED.values()}
        self._columns = {name: primary_key(load_stream(name)) for name in self._keys}

    def take(self, line: bytes) -> None:
        """Count a RECORD message, given as its line."""
        record = orjson.loads(line)["record"]
        stream, row = record["stream"], record["data"]
        self.rows += 1
        if stream in self._seen:
            self._mark_seen(
                stream, self._profiles.index(row["user_id"]) if stream == "users" else log_index(row["log_id"])
            )
            if stream == "logs" and row["type"] in LOG_DERIVED:
                self._derived_keys[LOG_DERIVED[row["type"]]].add(hash((row["log_id"],)))
        else:
            key = hash(tuple(row[column] for column in self._columns[stream]))
            self.repeated += key in self._keys[stream]
            self._keys[stream].add(key)

    @property
    def lists(self) -> int:
        """The number of distinct rows of short lists."""
        return sum(map(len, self._keys.values()))

    @property
    def missing(self) -> dict[str, int]:
        """Stream name to the number of its missing rows."""
        counts = {name: seen.count(0) for name, seen in self._seen.items()}
        counts |= {name: self._counts[name] - len(keys) for name, keys in self._keys.items() if name in self._counts}
        counts |= {name: len(expected - self._keys[name]) for name, expected in self._derived_keys.items()}
        return {name: count for name, count in counts.items() if count}

    def _mark_seen(self, stream: str, index: int | None) -> None:
        seen = self._seen[stream]
        if index is None or not 0 <= index < len(seen):
            self.unknown += 1
            return
        self.repeated += seen[index]
        seen[index] = 1


def log_index(log_id: str) -> int:
    """The event's index in order of arrival, with which the simulated tenant's ids end."""
    return int(log_id[-36:]) - 1
