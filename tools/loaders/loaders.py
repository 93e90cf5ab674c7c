"""The loaders, each as a person would run it: two syncs of one tenant into a database that is empty at first."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tools.loaders.tenant import KEYS, MERGED, Ask

ROOT = Path(__file__).parents[2]
JOBS = Path(__file__).parent / "jobs"
EXAMPLES = ROOT / "docs/example"
ASK = ROOT / "testing/warehouse/ask.py"
PYAIRBYTE = ROOT / ".venv-demo/bin/python"
#: No telemetry, no registry of connectors, and nothing written outside the folder.
QUIET = {
    "AIRBYTE_OFFLINE_MODE": "1",
    "DO_NOT_TRACK": "1",
    "NO_LIVE_PROGRESS": "1",
    "RUNTIME__DLTHUB_TELEMETRY": "false",
    "SINGER_SDK_LOG_LEVEL": "warning",
}


class LoaderError(Exception):
    """A loader failed; the text is the end of what it printed."""


@dataclass
class Run:
    """Where one loader runs: a folder of its own, the tenant's config, a database, and Pythons that have what it needs.

    postgres: `postgresql://user@host:port/database`.
    """

    folder: Path
    config: dict[str, Any]
    postgres: str
    pythons: dict[str, Path]
    environment: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
        own = {
            "PYTHONPATH": str(ROOT),
            "PATH": path,
            "HOME": str(self.folder),
            "DLT_DATA_DIR": str(self.folder / "dlt"),
        }
        logs = {"AIRBYTE_PROJECT_DIR": str(self.folder), "AIRBYTE_LOGGING_ROOT": str(self.folder / "logs")}
        self.environment = {**os.environ, **QUIET, **own, **logs}
        (self.folder / "config.json").write_text(json.dumps(self.config), encoding="utf-8")

    def call(self, arguments: Sequence[str | Path], *, into: Path | None = None, **variables: str) -> str:
        """Run a program in the folder; returns what it printed. Raises LoaderError if it fails."""
        command = [str(argument) for argument in arguments]
        environment = {**self.environment, **variables}
        done = subprocess.run(
            command, cwd=self.folder, env=environment, capture_output=True, text=True, check=False, timeout=900
        )
        if into:
            into.write_text(done.stdout, encoding="utf-8")
        if done.returncode:
            raise LoaderError((done.stdout if not into else "")[-1500:] + done.stderr[-3000:])
        return done.stdout

    def asker(self, database: str, python: Path) -> Ask:
        """What asks a database, a row of the answer each."""

        def ask(sql: str) -> list[dict[str, Any]]:
            done = subprocess.run(
                [str(python), str(ASK), database], input=sql, capture_output=True, text=True, check=False
            )
            if done.returncode:
                raise LoaderError(done.stderr[-2000:])
            return [json.loads(line) for line in done.stdout.splitlines()]

        return ask


@dataclass(frozen=True)
class Loader:
    """A column of the table: its heading, what syncs once, and where the tables are then.

    database: from a run, the database and the Python that has its driver.
    """

    title: str
    sync: Callable[[Run], None]
    database: Callable[[Run], tuple[str, Path]]
    schema: str


def _pyairbyte(run: Run, *database: str) -> None:
    run.call([PYAIRBYTE, EXAMPLES / "load_with_pyairbyte.py", "config.json", *database])


def _dlt(run: Run) -> None:
    example = EXAMPLES / "load_with_dlt.py"
    address = run.postgres.replace("@", ":any@")  # dlt wants a password, for which the server does not ask
    run.call([run.pythons["dlt"], example, "config.json", "postgres"], DESTINATION__POSTGRES__CREDENTIALS=address)


def tap(run: Run, *arguments: str | Path, into: Path, **variables: str) -> None:
    """Run `tap-airbyte`; what it prints goes into a file, also if it fails, which raises LoaderError."""
    home = run.folder / "airbyte"
    home.mkdir(exist_ok=True)
    (home / "base.sh").write_text(f'#!/bin/sh\nexec "{sys.executable}" "{JOBS / "airbyte_base.py"}" "$@"\n')
    (home / "base.sh").chmod(0o755)
    (run.folder / "tap.json").write_text(json.dumps({"airbyte_config": run.config}), encoding="utf-8")
    command: list[str | Path] = [
        run.pythons["meltano-tap"],
        JOBS / "singer_tap.py",
        home,
        "--config",
        run.folder / "tap.json",
    ]
    run.call([*command, *arguments], into=into, **variables)


def singer_catalog(run: Run, *, whole_keys: bool) -> Path:
    """The catalog that `--discover` prints, with the streams of the trial selected as `select` of Meltano does.

    whole_keys: with `key_properties` as docs/run.md says to write them, instead of those that the tap has made.
    """
    file = run.folder / "catalog.json"
    tap(run, "--discover", into=file)
    catalog = json.loads(file.read_text(encoding="utf-8"))
    for stream in catalog["streams"]:
        name = stream["tap_stream_id"]
        for entry in stream["metadata"]:
            if not entry["breadcrumb"]:
                entry["metadata"]["selected"] = name in KEYS
        stream["replication_method"] = "INCREMENTAL" if name in MERGED else "FULL_TABLE"
        if whole_keys and name in KEYS:
            stream["key_properties"] = [*KEYS[name]]
    file.write_text(json.dumps(catalog), encoding="utf-8")
    return file


def _meltano(schema: str, *, whole_keys: bool) -> Callable[[Run], None]:
    def sync(run: Run) -> None:
        rows = run.folder / "rows.singer"
        catalog = singer_catalog(run, whole_keys=whole_keys)
        tap(run, "--catalog", catalog, into=rows, KEPT_STATES=str(run.folder / "states.jsonl"))
        settings = {"sqlalchemy_url": run.postgres.replace("postgresql:", "postgresql+psycopg2:")}
        target = run.folder / "target.json"
        target.write_text(json.dumps({**settings, "default_target_schema": schema}), encoding="utf-8")
        program = run.pythons["meltano-target"].with_name("target-postgres")
        run.call(["sh", "-c", f'"{program}" --config "{target}" < "{rows}"'])

    return sync


LOADERS = {
    "pyairbyte-duckdb": Loader(
        "PyAirbyte, DuckDB", _pyairbyte, lambda run: (str(run.folder / "auth0.duckdb"), PYAIRBYTE), "main"
    ),
    "pyairbyte-postgres": Loader(
        "PyAirbyte, PostgreSQL",
        lambda run: _pyairbyte(run, run.postgres),
        lambda run: (run.postgres, PYAIRBYTE),
        "auth0",
    ),
    "meltano": Loader(
        "Meltano's wrapper, PostgreSQL",
        _meltano("meltano", whole_keys=False),
        lambda run: (run.postgres, PYAIRBYTE),
        "meltano",
    ),
    "meltano-keys": Loader(
        "Meltano's wrapper with `key_properties`",
        _meltano("meltano_keys", whole_keys=True),
        lambda run: (run.postgres, PYAIRBYTE),
        "meltano_keys",
    ),
    "dlt": Loader("dlt, PostgreSQL", _dlt, lambda run: (run.postgres, PYAIRBYTE), "auth0_dlt"),
}
