"""The tables of a destination that deduplicates, and the rows that `readings` says are valid."""

from dataclasses import dataclass, field
from typing import Any

from source_auth0.manifest.assembly import load_stream, primary_key
from testing.in_process import SyncResult

Row = dict[str, Any]
READINGS, EVERYBODY = "readings", "*"


@dataclass
class Tables:
    """One row for each key of a stream, the one with the latest cursor; of the same cursor the one that came last."""

    rows: dict[str, dict[tuple[Any, ...], Row]] = field(default_factory=dict)

    def load(self, synced: SyncResult) -> None:
        """Take the rows of a sync."""
        for stream, rows in synced.records.items():
            definition = load_stream(stream)
            cursor = definition.get("cursor_field", "read_at")
            for row in rows:
                key = tuple(row.get(column) for column in primary_key(definition))
                before = self.rows.setdefault(stream, {}).get(key)
                if before is None or before.get(cursor, "") <= row.get(cursor, ""):
                    self.rows[stream][key] = row

    def reading(self, stream: str, parent_id: str) -> Row | None:
        """The last reading of a parent."""
        return self.rows.get(READINGS, {}).get((stream, parent_id))

    def valid(self, stream: str, parent_column: str) -> list[Row]:
        """The rows of the last reading of each parent that is still there, as one join tells them."""
        since = (self.reading(stream, EVERYBODY) or {"read_at": ""})["read_at"]
        return [row for row in self.rows.get(stream, {}).values() if self._is_valid(row, stream, parent_column, since)]

    def _is_valid(self, row: Row, stream: str, parent_column: str, since: str) -> bool:
        reading = self.reading(stream, row[parent_column])
        return reading is not None and since <= reading["read_at"] == row["read_at"]
