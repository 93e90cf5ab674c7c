"""PyAirbyte and the DuckDB file that it fills; nothing leaves this machine but the connector's own requests."""

import os
import sys
import warnings
from collections.abc import Collection, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

#: Where the files, PyAirbyte's logs and its working files are: below the checkout, out of version control.
FOLDER = Path(__file__).parents[1] / "build" / "demo"
#: Read when PyAirbyte is imported: no telemetry, no registry of connectors, nothing outside the folder.
ENVIRONMENT = {
    "AIRBYTE_OFFLINE_MODE": "1",
    "DO_NOT_TRACK": "1",
    "AIRBYTE_PROJECT_DIR": str(FOLDER),
    "AIRBYTE_LOGGING_ROOT": str(FOLDER / "logs"),
}
os.environ.update(ENVIRONMENT)
FOLDER.mkdir(parents=True, exist_ok=True)
warnings.filterwarnings("ignore", category=FutureWarning)  # of Google's libraries about the age of this Python

import airbyte  # noqa: E402 - the environment comes first
from airbyte.caches import DuckDBCache  # noqa: E402
from airbyte.exceptions import PyAirbyteError  # noqa: E402

__all__ = ["FOLDER", "PyAirbyteError", "Rows", "Warehouse"]
Rows = list[dict[str, Any]]


class Warehouse:
    """A DuckDB file with a table for each stream, and the states from which the next sync goes on."""

    def __init__(self, path: Path, *, executable: Path | None = None) -> None:
        self.path = path
        self._executable = executable or Path(sys.executable).with_name("source-auth0")
        self._cache = DuckDBCache(db_path=path)

    def sync(self, config: Mapping[str, Any], streams: Collection[str]) -> None:
        """Bring the tables up to date; raises PyAirbyteError, after the connector's own message was printed.

        PyAirbyte merges every table that has a key, so that a role which was taken away would stay. Only what is read
        incrementally is merged here; the other tables are replaced.
        """
        source = airbyte.get_source("source-auth0", config=dict(config), local_executable=self._executable)
        source.check()
        incremental = {s.name for s in source.discovered_catalog.streams if len(s.supported_sync_modes) > 1}
        if merged := [name for name in streams if name in incremental]:
            source.read(self._cache, streams=merged)
        if replaced := [name for name in streams if name not in incremental]:
            source.read(self._cache, streams=replaced, write_strategy="replace", force_full_refresh=True)

    def ask(self, sql: str) -> Rows:
        """The rows of an answer."""
        return list(self._cache.run_sql_query(sql))

    def latest(self, stream: str) -> datetime:
        """When the last row of a table was extracted: what a later sync moves comes after."""
        sql = f'SELECT max(_airbyte_extracted_at) AS latest FROM "{stream}"'  # noqa: S608 - one of the connector's own names
        at: datetime = self.ask(sql)[0]["latest"]
        return at

    def moved_since(self, moment: datetime, stream: str) -> int:
        """How many rows of a table came after."""
        later = f"_airbyte_extracted_at > TIMESTAMP '{moment}'"
        sql = f'SELECT count(*) AS moved FROM "{stream}" WHERE {later}'  # noqa: S608 - as above, and a moment
        return int(self.ask(sql)[0]["moved"])
