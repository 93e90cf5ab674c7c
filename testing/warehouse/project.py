"""The dbt package in a warehouse of a test: land rows, build models, ask them. dbt has an environment of its own."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from source_auth0.manifest.assembly import load_stream, primary_key

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "dbt"
BIN = ROOT / ".venv-dbt" / "bin"
HERE = Path(__file__).parent
#: Why a test that needs dbt is skipped, where it is.
WITHOUT_DBT = "" if (BIN / "dbt").exists() else ".venv-dbt is not there: `make .venv-dbt/ready` sets it up"
#: Runs a command where there is no network.
OFFLINE = ("unshare", "--net", "--map-root-user")
#: Why a test that needs that is skipped, where it is.
WITHOUT_NETWORK_NAMESPACES = (
    ""
    if shutil.which("unshare") and not subprocess.run([*OFFLINE, "true"], capture_output=True, check=False).returncode  # noqa: S603 - a command of the system
    else "no process without a network can be started here"
)
Rows = list[dict[str, Any]]


class DbtFailedError(Exception):
    """dbt ended with an error; the text is what it printed."""


class Warehouse:
    """A database with landed tables, in which the package builds its models.

    folder: where the DuckDB file is, and what dbt leaves behind; it reads the project faster the second time.
    postgres: `postgresql://user@host:port/database`, for PostgreSQL in place of DuckDB.
    today: the day that counts as today.
    """

    def __init__(self, folder: Path, *, today: str, postgres: str | None = None) -> None:
        self.folder, self.today = folder, today
        self.database = postgres or str(folder / "warehouse.duckdb")
        self._target = "postgres" if postgres else "duckdb"

    def land(
        self, rows: Mapping[str, Iterable[Mapping[str, Any]]], *, without: Iterable[str] = (), prefix: str = ""
    ) -> None:
        """Replace the tables of these streams.

        without: columns, as `stream.column`, that did not land.
        prefix: what the tables' names begin with.
        """
        missing = set(without)
        streams = {
            prefix + name: {"schema": _schema(name, missing), "rows": list(found)} for name, found in rows.items()
        }
        file = self.folder / "landing.json"
        file.write_text(json.dumps(streams), encoding="utf-8")
        self._python("landing.py", self.database, str(file))

    def build(self, *select: str, command: str = "build", offline: bool = False, **variables: Any) -> str:
        """Build the package or what is selected of it, without a network if `offline`; returns what dbt printed."""
        given = json.dumps({"auth0_today": self.today, **variables})
        selected = ["--select", *select] if select else []
        buildable = ["--indirect-selection", "buildable"] if command == "build" else []
        run = [str(BIN / "dbt"), "--no-use-colors", command, "--target", self._target, "--vars", given]
        done = self._run([*(OFFLINE if offline else ()), *run, *selected, *buildable])
        if done.returncode:
            raise DbtFailedError(done.stdout + done.stderr)
        return done.stdout

    def ask(self, sql: str) -> Rows:
        """The rows of a query, in which `auth0.` are the landed tables and `analytics.` the models."""
        return [json.loads(line) for line in self._python("ask.py", self.database, given=sql).splitlines()]

    def rows(self, model: str, *columns: str) -> list[tuple[Any, ...]]:
        """These columns of a model, or all, in one order."""
        found = self.ask(f"select {', '.join(columns) or '*'} from analytics.{model}")  # noqa: S608 - names in a test
        return sorted((tuple(row.values()) for row in found), key=repr)

    def _python(self, script: str, *arguments: str, given: str = "") -> str:
        done = self._run([str(BIN / "python"), str(HERE / script), *arguments], given)
        if done.returncode:
            raise DbtFailedError(done.stderr)
        return done.stdout

    def _run(self, command: list[str], given: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(  # noqa: S603 - dbt, and scripts beside this one
            command, cwd=PACKAGE, env=self._environment(), input=given, capture_output=True, text=True, check=False
        )

    def _environment(self) -> dict[str, str]:
        own = {
            "DO_NOT_TRACK": "1",
            "DBT_PROFILES_DIR": str(PACKAGE / "profiles"),
            "DBT_TARGET_PATH": str(self.folder / "target"),
            "DBT_LOG_PATH": str(self.folder / "logs"),
            "AUTH0_DUCKDB": self.database,
        }
        if found := re.fullmatch(r"postgresql://(\w+)@([\d.]+):(\d+)/(\w+)", self.database):
            own |= dict(
                zip(("AUTH0_PGUSER", "AUTH0_PGHOST", "AUTH0_PGPORT", "AUTH0_PGDATABASE"), found.groups(), strict=True)
            )
        return os.environ | own


class Destination:
    """Tables after several syncs: rows of incremental streams are merged by key, other tables are replaced."""

    def __init__(self) -> None:
        self.tables: dict[str, dict[tuple[Any, ...], dict[str, Any]]] = {}

    def take(self, records: Mapping[str, Iterable[Mapping[str, Any]]], merged: Iterable[str]) -> None:
        """Take the rows of one sync.

        merged: the streams of it that were read incrementally.
        """
        kept = set(merged)
        for name, rows in records.items():
            key = primary_key(load_stream(name))
            table = self.tables.setdefault(name, {}) if name in kept else {}
            for row in rows:
                table[tuple(row.get(column) for column in key)] = dict(row)
            self.tables[name] = table

    @property
    def rows(self) -> dict[str, Rows]:
        """The rows of all tables."""
        return {name: list(table.values()) for name, table in self.tables.items()}


def _schema(name: str, without: set[str]) -> dict[str, Any]:
    properties: dict[str, Any] = load_stream(name)["schema_loader"]["schema"]["properties"]
    return {"properties": {column: kind for column, kind in properties.items() if f"{name}.{column}" not in without}}
