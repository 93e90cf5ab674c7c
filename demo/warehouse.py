"""PyAirbyte and the DuckDB file that it fills; nothing leaves this machine but the connector's own requests."""

import os
import sys
import warnings
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from demo.folder import FOLDER
from demo.streams import NotSyncedError, is_read_by_user

#: Read when PyAirbyte is imported: no telemetry, no registry of connectors, nothing outside the folder, no bar.
ENVIRONMENT = {
    "AIRBYTE_OFFLINE_MODE": "1",
    "DO_NOT_TRACK": "1",
    "AIRBYTE_PROJECT_DIR": str(FOLDER),
    "AIRBYTE_LOGGING_ROOT": str(FOLDER / "logs"),
    "NO_LIVE_PROGRESS": "1",
}
os.environ.update(ENVIRONMENT)
FOLDER.mkdir(parents=True, exist_ok=True)
LOG = FOLDER / "pyairbyte.log"
warnings.filterwarnings("ignore", category=FutureWarning)  # of Google's libraries about the age of this Python

import airbyte  # noqa: E402 - the environment comes first
from airbyte.caches import DuckDBCache  # noqa: E402
from airbyte.exceptions import PyAirbyteError  # noqa: E402

__all__ = ["FOLDER", "PyAirbyteError", "Rows", "Warehouse"]
Rows = list[dict[str, Any]]


@dataclass(frozen=True)
class SyncResult:
    """What a sync brought: how many streams and rows, and the streams that failed, with the reason."""

    streams: int
    rows: int
    failed: Mapping[str, str]


class Connector(airbyte.Source):  # type: ignore[misc] # PyAirbyte is installed for the demo alone
    """The connector as PyAirbyte runs it, which remembers what became of each stream.

    PyAirbyte fails as a whole with one stream of many, and does not say which.
    """

    def __init__(self, executable: Path, config: Mapping[str, Any], watch: Callable[["Connector"], None]) -> None:
        found = airbyte.get_source("source-auth0", local_executable=executable)
        super().__init__(found.executor, "source-auth0", config=dict(config))
        self._watch = watch
        self.completed: set[str] = set()
        self.failed: dict[str, str] = {}
        self.reason = ""
        self.rows: Counter[str] = Counter()

    def _peek_airbyte_message(self, message: Any, *, raise_on_error: bool = True) -> None:
        """Take note of a message; PyAirbyte calls this for each."""
        if message.record:
            self.rows[message.record.stream] += 1
        elif message.trace and message.trace.stream_status:
            name, status = message.trace.stream_status.stream_descriptor.name, message.trace.stream_status.status.value
            if status == "COMPLETE":
                self.completed.add(name)
            elif status == "INCOMPLETE":
                self.failed.setdefault(name, "")
            self._watch(self)
        elif message.trace and message.trace.error:
            self.reason = str(message.trace.error.message)
            if message.trace.error.stream_descriptor:
                self.failed[message.trace.error.stream_descriptor.name] = self.reason
        super()._peek_airbyte_message(message, raise_on_error=raise_on_error)


class Warehouse:
    """A DuckDB file with a table for each stream, and the states from which the next sync goes on."""

    def __init__(self, path: Path, *, executable: Path | None = None) -> None:
        self.path = path
        self._executable = executable or Path(sys.executable).with_name("source-auth0")
        self._cache = DuckDBCache(db_path=path)

    def sync(
        self,
        config: Mapping[str, Any],
        streams: Collection[str],
        watch: Callable[[Connector], None] = lambda _: None,
    ) -> SyncResult:
        """Bring the tables up to date; streams that fail are left as they were.

        PyAirbyte merges every table that has a key, so that a role which was taken away would stay. Only what is read
        incrementally is merged here; the other tables are replaced. What takes a request for each user comes last, so
        that the rest is kept if somebody does not wait. Raises NotSyncedError if no stream could be read.
        """
        with _quiet():
            source = Connector(self._executable, config, watch)
            incremental = {s.name for s in source.discovered_catalog.streams if len(s.supported_sync_modes) > 1}
            by_user = {name for name in streams if name in incremental and is_read_by_user(name)}
            self._read(source, [name for name in streams if name in incremental and name not in by_user])
            self._read(source, [name for name in streams if name not in incremental], replace=True)
            self._read(source, [name for name in streams if name in by_user])
        if not source.completed:
            raise NotSyncedError(next(iter(source.failed.values()), "") or f"{LOG} has the reason.")
        rows = sum(source.rows[name] for name in source.completed)
        return SyncResult(len(source.completed), rows, source.failed)

    def _read(self, source: Connector, streams: list[str], *, replace: bool = False) -> None:
        """Read some streams; where some of them fail, the others once more without them: PyAirbyte kept nothing."""
        how: dict[str, Any] = {"write_strategy": "replace", "force_full_refresh": True} if replace else {}
        left = streams
        while left:
            left = self._attempt(source, left, how)
        for name in streams if replace else ():
            if name in source.completed and not source.rows[name]:  # PyAirbyte then leaves the table alone
                self._cache.execute_sql(f'DELETE FROM "{name}"')  # noqa: S608 - one of the connector's own names

    def _attempt(self, source: Connector, streams: list[str], how: Mapping[str, Any]) -> list[str]:
        """Read streams; returns those that have to be read again, without the ones that failed."""
        try:
            source.read(self._cache, streams=streams, **how)
        except PyAirbyteError as failure:
            if _is_stopped(failure):
                raise KeyboardInterrupt from None
            left = [name for name in streams if name not in source.failed]
            if len(left) == len(streams):
                raise NotSyncedError(source.reason or f"{failure.get_message()} {LOG} has more.") from None
            for name in left:
                source.completed.discard(name)
                source.rows.pop(name, None)
            return left
        return []

    def close(self) -> None:
        """Let go of the file, so that others can write in it."""
        self._cache.close()

    def ask(self, sql: str) -> Rows:
        """The rows of an answer."""
        return list(self._cache.run_sql_query(sql))

    def latest(self, stream: str) -> datetime:
        """When the last row of a table was extracted: what a later sync moves comes after."""
        sql = f'SELECT max(_airbyte_extracted_at) AS latest FROM "{stream}"'  # noqa: S608 - one of the connector's own names
        at: datetime = self.ask(sql)[0]["latest"]
        return at

    def held(self, stream: str) -> int:
        """How many rows a table has."""
        return int(self.ask(f'SELECT count(*) AS held FROM "{stream}"')[0]["held"])  # noqa: S608 - as above

    def moved_since(self, moment: datetime, stream: str) -> int:
        """How many rows of a table came after."""
        later = f"_airbyte_extracted_at > TIMESTAMP '{moment}'"
        sql = f'SELECT count(*) AS moved FROM "{stream}" WHERE {later}'  # noqa: S608 - as above, and a moment
        return int(self.ask(sql)[0]["moved"])


def _is_stopped(failure: BaseException | None) -> bool:
    """Whether somebody pressed Ctrl-C, which PyAirbyte takes for a connector that failed."""
    while failure and not isinstance(failure, KeyboardInterrupt):
        failure = failure.__context__
    return failure is not None


@contextmanager
def _quiet() -> Iterator[None]:
    """What PyAirbyte prints goes into a file while the block runs."""
    with ExitStack() as stack:
        file = stack.enter_context(LOG.open("a", encoding="utf-8"))
        stack.enter_context(redirect_stdout(file))
        stack.enter_context(redirect_stderr(file))
        yield
