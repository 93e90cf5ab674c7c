"""A chain of incremental syncs of one stream, and the table that a destination makes of their rows."""

from collections.abc import Iterable, Mapping
from typing import Any

from auth0_simulator import Simulator
from testing.in_process import SyncResult, sync

HOUR = 3600.0
Row = dict[str, Any]
#: The column by which Airbyte's destinations delete a row.
DELETED_AT = "_ab_cdc_deleted_at"


class UserTable:
    """The newest row of each user: the latest `updated_at`, of equal ones the latest arrival."""

    def __init__(self) -> None:
        self.rows: dict[str, Row] = {}

    def apply(self, rows: Iterable[Row]) -> None:
        """Take rows in, in their order."""
        for row in rows:
            kept = self.rows.get(row["user_id"])
            if kept is None or kept.get("updated_at", "") <= row.get("updated_at", ""):
                self.rows[row["user_id"]] = row

    @property
    def living(self) -> set[str]:
        """The ids of the users who are not deleted."""
        return {user_id for user_id, row in self.rows.items() if not row.get(DELETED_AT)}

    def wrong(self, sim: Simulator) -> list[str]:
        """The ids of the tenant's users whose row here is missing, or not the tenant's; by every plain column."""
        return [user_id for user_id in sim.tenant.users if not self.has(sim.tenant.users.get(user_id) or {})]

    def has(self, expected: Mapping[str, Any]) -> bool:
        """Whether the table has this user's row as it is in the tenant."""
        row = self.rows.get(expected["user_id"], {})
        plain = {name: value for name, value in expected.items() if not isinstance(value, dict | list)}
        return not row.get(DELETED_AT) and all(row.get(name) == value for name, value in plain.items())


class HourlySyncs:
    """Syncs of `users`, each from the state of the one before, and their table."""

    def __init__(self, sim: Simulator, config: Mapping[str, Any], stream: str = "users") -> None:
        self.sim, self.config, self.stream = sim, config, stream
        self.table = UserTable()
        self.state: list[dict[str, Any]] | None = None

    def sync(self, *, killed_at: int | None = None) -> SyncResult:
        """One sync; `killed_at`: all that it printed after so many states is lost."""
        done = sync(self.config, self.stream, state=self.state)
        rows, states = done.records[self.stream], done.states
        if killed_at is not None and killed_at < len(states):
            # The clock of the tenant stands still and a sync changes nothing: a cut afterwards is as good as a kill.
            states = states[:killed_at]
            rows = rows[: done.rows_before[killed_at - 1]] if states else []
        self.table.apply(rows)
        self.state = states[-1:] or self.state
        return done

    def advance(self, hours: int) -> list[SyncResult]:
        """So many hours with a sync at the end of each."""
        done = []
        for _ in range(hours):
            self.sim.clock.advance(HOUR)
            done.append(self.sync())
        return done
