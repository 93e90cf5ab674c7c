"""Syncs in subprocesses that are killed with SIGKILL at some row and resumed from the last state."""

import json
import random
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from testing.in_process import catalog_of


@dataclass
class KilledSyncs:
    """The output of all runs: rows in order, each with the index of its run; the states; and the number of kills."""

    rows: list[tuple[int, dict[str, Any]]] = field(default_factory=list)
    states: list[dict[str, Any]] = field(default_factory=list)
    kills: int = 0

    def values(self, column: str) -> list[Any]:
        """One column of all rows."""
        return [row[column] for _, row in self.rows]


def sync_with_kills(
    folder: Path, config: Mapping[str, Any], *names: str, kills: int, between: tuple[int, int], seed: int
) -> KilledSyncs:
    """Sync until a run completes; the first `kills` runs are killed after a random number of rows within `between`."""
    rng, done, state = random.Random(seed), KilledSyncs(), dict[str, Any]()
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "catalog.json").write_text(json.dumps(catalog_of(*names)))
    while True:
        (folder / "state.json").write_text(json.dumps(list(state.values())))
        limit = rng.randrange(*between) if done.kills < kills else sys.maxsize
        if not _run(folder, limit, done, state):
            return done
        done.kills += 1


def _run(folder: Path, limit: int, done: KilledSyncs, state: dict[str, Any]) -> bool:
    """Run one sync, killed after `limit` rows; returns whether it was killed."""
    files = [part for name in ("config", "catalog", "state") for part in (f"--{name}", str(folder / f"{name}.json"))]
    rows = 0
    with subprocess.Popen([sys.executable, "-m", "source_auth0", "read", *files], stdout=subprocess.PIPE) as process:
        for line in process.stdout or ():
            message = json.loads(line)
            if message["type"] == "RECORD":
                done.rows.append((done.kills, message["record"]["data"]))
                rows += 1
            elif message["type"] == "STATE":
                state[message["state"]["stream"]["stream_descriptor"]["name"]] = message["state"]
                done.states.append(message["state"])
            if rows >= limit:
                process.kill()
                return True
    return False
