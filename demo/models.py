"""The models of `dbt/` in a DuckDB file, built by dbt, which has an environment of its own."""

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from demo.folder import FOLDER, ROOT

DBT = ROOT / ".venv-dbt" / "bin" / "dbt"
PACKAGE = ROOT / "dbt"
LOG = FOLDER / "dbt" / "logs" / "dbt.log"
#: The schema that PyAirbyte fills.
LANDED = "main"


class NotBuiltError(Exception):
    """The models were not built; the text is dbt's own."""


def build(database: Path, watch: Callable[[int, int], None]) -> int:
    """Build all models, and return how many; `watch` hears how many of how many are done.

    Tests of the rows are left out: what a tenant holds is no reason to show nothing of it.
    """
    variables = json.dumps({"auth0_schema": LANDED})
    command = [str(DBT), "--log-format", "json", "run", "--vars", variables]
    built, errors = 0, []
    with subprocess.Popen(
        command, cwd=PACKAGE, env=_environment(database), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        try:
            for event in _events(process):
                if event["info"]["name"] == "LogModelResult":
                    built += 1
                    watch(built, int(event["data"]["total"]))
                elif event["info"]["level"] == "error":
                    errors.append(str(event["info"]["msg"]).strip())
        except BaseException:
            process.terminate()
            raise
    if process.returncode:
        raise NotBuiltError(f"{' '.join(errors[:1]) or 'dbt ended early.'} The rest is in {LOG.relative_to(ROOT)}.")
    return built


def _events(process: "subprocess.Popen[str]") -> Iterator[dict[str, Any]]:
    for line in process.stdout or ():
        if line.startswith("{"):
            yield json.loads(line)


def _environment(database: Path) -> dict[str, str]:
    return os.environ | {
        "DO_NOT_TRACK": "1",
        "AUTH0_DUCKDB": str(database),
        "DBT_PROFILES_DIR": str(PACKAGE / "profiles"),
        "DBT_TARGET_PATH": str(FOLDER / "dbt" / "target"),
        "DBT_LOG_PATH": str(LOG.parent),
    }
