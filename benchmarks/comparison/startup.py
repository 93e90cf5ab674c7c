"""How long it takes to start, and how much memory a large sync takes."""

import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.comparison.measurement import ROOT, seconds_until
from benchmarks.comparison.tenants import Tenant, tenant
from source_auth0.manifest.files import stream_files
from testing.in_process import catalog_of

IMPORT = "import of the framework"
READ, CHECK = "read, 100 streams, first row", "check"
USERS = 100_000


@dataclass(frozen=True)
class StartupFigure:
    """What something takes, in `unit`, and how often that is what the import of the framework takes."""

    what: str
    value: float
    unit: str
    ratio: float | None
    at_most: float


def measure_startup(rounds: int) -> Sequence[StartupFigure]:
    """The seconds of each command against those of importing the framework, and the peak of a large sync."""
    with tenant(USERS) as here, tempfile.TemporaryDirectory() as name:
        here.prepare("unlimited", 0.0)
        config, catalog = _files(here, Path(name))
        connector = [sys.executable, "-m", "source_auth0"]
        reading = [*connector, "read", *config, *catalog]
        commands: dict[str, Callable[[], float]] = {
            IMPORT: lambda: seconds_until([sys.executable, "-c", "import airbyte_cdk.entrypoint"]),
            "spec": lambda: seconds_until([*connector, "spec"]),
            CHECK: lambda: seconds_until([*connector, "check", *config]),
            "discover": lambda: seconds_until([*connector, "discover", *config]),
            READ: lambda: seconds_until(reading, b'{"type":"RECORD"'),
        }
        took: dict[str, list[float]] = {what: [] for what in commands}
        for _ in range(2 * rounds + 1):
            for what, measure in commands.items():
                took[what].append(measure())
        peak = _peak(reading)
    base = statistics.median(took[IMPORT])
    limits = {"spec": 1.25, CHECK: 1.5, "discover": 1.5, READ: 2.5}
    starts = [
        StartupFigure(what, median := statistics.median(all_), "s", median / base, limits.get(what, 1.0))
        for what, all_ in took.items()
    ]
    return [*starts, StartupFigure("memory, 100 streams and 100,000 users", peak, "MB", None, 200)]


def _files(here: Tenant, folder: Path) -> tuple[list[str], list[str]]:
    """Arguments with a config, and with a catalog of users and 99 other streams."""
    names = ["users", *(name for name in stream_files() if name != "users")][:100]
    credentials = {"auth_type": "oauth2_access_token", "access_token": here.token}
    files: dict[str, Any] = {
        "config": {"base_url": here.base_url, "credentials": credentials},
        "catalog": catalog_of(*names, full_refresh=True),
    }
    for kind, content in files.items():
        (folder / f"{kind}.json").write_text(json.dumps(content))
    return ["--config", str(folder / "config.json")], ["--catalog", str(folder / "catalog.json")]


def _peak(command: Sequence[str]) -> float:
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=ROOT)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return usage.ru_maxrss / 1024
