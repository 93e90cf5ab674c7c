"""What a tenant holds, ticked off as a sync prints it: a bit for each user and event, a number for each other row."""

from collections.abc import Mapping

import orjson

from auth0_simulator import Simulator
from auth0_simulator.state.profiles import ProfileGenerator
from source_auth0.manifest.assembly import load_stream, primary_key

#: What is read for each organization; in the tenant they are lists of the same names.
OF_ORGANIZATIONS = (
    "organization_members",
    "organization_connections",
    "organization_invitations",
    "organization_discovery_domains",
    "organization_client_grants",
    "organization_clients",
)
ROLES = "organization_member_roles"
#: What is made of the log, and the events that have a row there in any case.
OF_THE_LOG = {"sapi": "changes", "sdu": "user_deletions"}
STREAMS = ("users", "logs", *OF_THE_LOG.values(), "organizations", *OF_ORGANIZATIONS, ROLES)


def held(sim: Simulator) -> dict[str, int]:
    """How many rows a tenant holds of each stream, those made of the log apart."""
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
    """Records go in; what is missing, came twice or is in no tenant comes out. `held`: see there."""

    def __init__(self, held: Mapping[str, int], seed: int) -> None:
        self.rows = self.repeated = self.strange = 0
        self._held = dict(held)
        self._profiles = ProfileGenerator(seed)
        self._ticked = {name: bytearray(held[name]) for name in ("users", "logs")}
        self._keys: dict[str, set[int]] = {name: set() for name in STREAMS if name not in self._ticked}
        self._told: dict[str, set[int]] = {name: set() for name in OF_THE_LOG.values()}
        self._columns = {name: primary_key(load_stream(name)) for name in self._keys}

    def take(self, line: bytes) -> None:
        """A RECORD message as it was printed."""
        record = orjson.loads(line)["record"]
        stream, row = record["stream"], record["data"]
        self.rows += 1
        if stream in self._ticked:
            self._tick(stream, self._profiles.index(row["user_id"]) if stream == "users" else slot_of(row["log_id"]))
            if stream == "logs" and row["type"] in OF_THE_LOG:
                self._told[OF_THE_LOG[row["type"]]].add(hash((row["log_id"],)))
        else:
            key = hash(tuple(row[column] for column in self._columns[stream]))
            self.repeated += key in self._keys[stream]
            self._keys[stream].add(key)

    @property
    def lists(self) -> int:
        """How many distinct rows came in lists of organizations."""
        return sum(map(len, self._keys.values()))

    @property
    def missing(self) -> dict[str, int]:
        """Stream name to the number of its rows that did not come."""
        counts = {name: ticked.count(0) for name, ticked in self._ticked.items()}
        counts |= {name: self._held[name] - len(keys) for name, keys in self._keys.items() if name in self._held}
        counts |= {name: len(told - self._keys[name]) for name, told in self._told.items()}
        return {name: count for name, count in counts.items() if count}

    def _tick(self, stream: str, place: int | None) -> None:
        ticked = self._ticked[stream]
        if place is None or not 0 <= place < len(ticked):
            self.strange += 1
            return
        self.repeated += ticked[place]
        ticked[place] = 1


def slot_of(log_id: str) -> int:
    """How many events arrived before this one: the simulated tenant's ids end with a number."""
    return int(log_id[-36:]) - 1
