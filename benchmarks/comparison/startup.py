"""The start-up time of each command, and the peak memory of a large sync."""

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
    """A figure in `unit`, its ratio to the import of the framework, and its limit (of the ratio, if there is one)."""

    what: str
    value: float
    unit: str
    ratio: float | None
    at_most: float


def measure_startup(rounds: int) -> Sequence[StartupFigure]:
    """Measure each command's seconds compared with importing the framework, and the peak memory of a large sync."""
    with tenant(USERS) as simulated, tempfile.TemporaryDirectory() as name:
        simulated.prepare("unlimited", 0.0)
        config, catalog = _files(simulated, Path(name))
        connector = [sys.executable, "-m", "source_auth0"]
        read = [*connector, "read", *config, *catalog]
        commands: dict[str, Callable[[], float]] = {
            IMPORT: lambda: seconds_until([sys.executable, "-c", "import airbyte_cdk.entrypoint"]),
            "spec": lambda: seconds_until([*connector, "spec"]),
            CHECK: lambda: seconds_until([*connector, "check", *config]),
            "discover": lambda: seconds_until([*connector, "discover", *config]),
            READ: lambda: seconds_until(read, b'{"type":"RECORD"'),
        }
        durations: dict[str, list[float]] = {what: [] for what in commands}
        for _ in range(2 * rounds + 1):
            for what, measure in commands.items():
                durations[what].append(measure())
        peak = _peak(read)
    base = statistics.median(durations[IMPORT])
    limits = {"spec": 1.25, CHECK: 1.5, "discover": 1.5, READ: 2.5}
    figures = [
        StartupFigure(what, median := statistics.median(seconds), "s", median / base, limits.get(what, 1.0))
        for what, seconds in durations.items()
    ]
    return [*figures, StartupFigure("memory, 100 streams and 100,000 users", peak, "MB", None, 200)]


def _files(simulated: Tenant, folder: Path) -> tuple[list[str], list[str]]:
    """The arguments for a config, and for a catalog of users and 99 other streams."""
    names = ["users", *(name for name in stream_files() if name != "users")][:100]
    credentials = {"auth_type": "oauth2_access_token", "access_token": simulated.token}
    files: dict[str, Any] = {
        "config": {"base_url": simulated.base_url, "credentials": credentials},
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
