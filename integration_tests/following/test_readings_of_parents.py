"""Whatever happens between syncs that may be killed, the valid rows are what the log can tell; daily, the tenant."""

from collections.abc import Callable
from random import Random
from typing import Any

import pytest

from auth0_simulator import Simulator
from testing.in_process import SyncResult
from testing.syncs.followed_streams import FOLLOWED, follow, held, valid, without_empty
from testing.syncs.valid_rows import EVERYBODY, READINGS, Tables

STREAMS = (
    "organization_members",
    "organization_member_roles",
    "organization_discovery_domains",
    "organization_group_roles",
    "role_users",
    "role_permissions",
    "connection_clients",
    "client_credentials",
)
HOUR = 3600


class Walk:
    """A tenant that changes, the tables of its destination, and whom the log has named since the last whole sync."""

    def __init__(self, sim: Simulator, choose: Random) -> None:
        self.sim, self.choose, self.tables = sim, choose, Tables()
        self.state: list[Any] = []
        self.named: set[str] = set()
        self.number = 0

    def change(self) -> None:
        """One change, which the log tells at once, late or never."""
        recorded = self.choose.choice(["sapi", "sapi", "sapi", "none"])
        late = self.choose.choice([0.0, 0.0, 40.0, 1500.0])
        changed = self.choose.choice(self._changes())(recorded, late)
        if recorded == "sapi":
            self.named.update(changed)

    def _changes(self) -> list[Callable[[Any, float], list[str]]]:
        return [self._add_domain, self._add_member, self._remove_row, self._remove_row, self._parent, self._delete_user]

    def _organization(self) -> str:
        return str(self.choose.choice(self.sim.tenant.rows("organizations"))["id"])

    def _add_domain(self, recorded: Any, late: float) -> list[str]:
        self.number += 1
        row = {"id": f"ord_{self.number}", "domain": f"n{self.number}.example.com", "status": "pending"}
        organization = self._organization()
        self.sim.tenant.add_row("organization_discovery_domains", organization, row=row, recorded=recorded, late=late)
        return [organization]

    def _add_member(self, recorded: Any, late: float) -> list[str]:
        organization, user = self._organization(), self.choose.choice(sorted(self.sim.tenant.users))
        members = self.sim.tenant.rows("organization_members", organization)
        if user in {row["user_id"] for row in members}:
            return []
        roles = [row["id"] for row in self.sim.tenant.rows("roles")[: self.choose.randrange(3)]]
        row = {"user_id": user, "roles": roles}
        self.sim.tenant.add_row("organization_members", organization, row=row, recorded=recorded, late=late)
        return [organization]

    def _remove_row(self, recorded: Any, late: float) -> list[str]:
        """Remove a row of any stream."""
        stream = self.choose.choice([name for name in STREAMS if name != "organization_member_roles"])
        (root, *below), _ = FOLLOWED[stream]
        row = self.choose.choice(self.sim.tenant.rows(root))
        ids = [row["client_id" if root == "clients" else "id"]]
        if below:
            groups = self.sim.tenant.rows(below[0], *ids)
            ids += [self.choose.choice(groups)["id"]] if groups else [""]
        rows = self.sim.tenant.rows(stream, *ids) if all(ids) else []
        key = {"organization_members": "user_id", "role_users": "user_id", "role_permissions": "permission_name"}
        key |= {"connection_clients": "client_id"}
        if not rows:
            return []
        value = self.choose.choice(rows)[key.get(stream, "id")]
        self.sim.tenant.remove_row(stream, *ids, key=value, recorded=recorded, late=late)
        # The application of a connection is named by the body too.
        return [ids[0], *([value] if stream == "connection_clients" else [])]

    def _parent(self, recorded: Any, late: float) -> list[str]:
        """Create or delete an organization."""
        organizations = self.sim.tenant.rows("organizations")
        if self.choose.random() < 0.5 and len(organizations) > 5:
            gone = self._organization()
            self.sim.tenant.delete_parent("organizations", gone, recorded=recorded, late=late)
            return [gone]
        self.number += 1
        row = {**organizations[0], "id": f"org_{self.number:016d}", "name": f"n-{self.number}"}
        self.sim.tenant.create_parent("organizations", row, recorded=recorded, late=late)
        return [row["id"]]

    def _delete_user(self, *_: Any) -> list[str]:
        """The log tells of the user, and not of the organizations and roles."""
        if len(self.sim.tenant.users) > 10:
            self.sim.tenant.delete_user(self.choose.choice(sorted(self.sim.tenant.users)))
        return []

    def sync(self, *, killed: bool) -> None:
        """One sync; of a killed one each table has what precedes one of its stream's states."""
        before = {stream: valid(self.tables, stream) for stream in STREAMS}
        begun = {stream: self.tables.reading(stream, EVERYBODY) for stream in STREAMS}
        synced = follow(self.sim, *STREAMS, READINGS, state=self.state, num_workers=3)
        assert (None, []) == (synced.error, synced.error_messages)
        if killed:
            self._keep_part(synced)
            return
        self.tables.load(synced)
        self.state = synced.state
        for stream in STREAMS:
            is_everything = begun[stream] != self.tables.reading(stream, EVERYBODY)
            self._check(stream, before[stream], is_everything=is_everything)
        self.named = set()

    def _check(self, stream: str, before: dict[str, Any], *, is_everything: bool) -> None:
        tenant, found = without_empty(held(self.sim, stream)), valid(self.tables, stream)
        if is_everything:
            assert tenant == found, stream
        for parent in {*tenant, *found}:
            now, then = tenant.get(parent, set()), before.get(parent, set())
            # A parent of whom nothing tells may have been read again nevertheless, by an earlier, killed sync too.
            assert found.get(parent, set()) in ([now] if parent in self.named else [now, then]), (stream, parent)

    def _keep_part(self, synced: SyncResult) -> None:
        kept: dict[str, int] = {}
        for stream in (*STREAMS, READINGS):
            kept[stream] = self.choose.choice(positions_of(synced, stream))
            done = SyncResult()
            done.records[stream] = synced.records[stream][: synced.own_rows_before[kept[stream]]]
            self.tables.load(done)
        self.state = [synced.states[position] for position in kept.values()]


def positions_of(synced: SyncResult, stream: str) -> list[int]:
    names = [state["stream"]["stream_descriptor"]["name"] for state in synced.states]
    return [position for position, name in enumerate(names) if name == stream]


@pytest.mark.parametrize(
    ("seed", "rounds"), [(0, 5), *(pytest.param(seed, 30, marks=pytest.mark.accept) for seed in range(1, 9))]
)
def test_the_valid_rows_are_what_the_log_can_tell_and_after_the_daily_reading_the_tenant(
    seed: int, rounds: int
) -> None:
    choose = Random(seed)
    with Simulator(users=40, organizations=8, log_events=30, seed=seed) as sim:
        walk = Walk(sim, choose)
        walk.sync(killed=False)
        for _ in range(rounds):
            sim.clock.advance(choose.choice([300, HOUR, 2 * HOUR]))
            for _ in range(choose.randrange(8)):
                walk.change()
                sim.clock.advance(choose.choice([1, 60, 900]))
            walk.sync(killed=choose.random() < 0.4)
        sim.clock.advance(25 * HOUR)
        walk.sync(killed=False)
        walk.sync(killed=False)
        for stream in STREAMS:
            assert without_empty(held(sim, stream)) == valid(walk.tables, stream), stream
