import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from auth0_simulator import Simulator
from source_auth0.api.http.retry_policy import RetryPolicy
from testing.command import CommandResult
from testing.command_in_process import run_in_process
from testing.fast_clock import fast_clock
from testing.in_process import catalog_of
from testing.tenants import config_of

Read = Callable[..., CommandResult]
#: How much faster than real time the connector waits.
SPEED = 60.0


@pytest.fixture
def read(sim: Simulator, tmp_path: Path) -> Read:
    """Reads streams of the tenant with the command; keywords are fields of the config."""

    def read(*names: str, **fields: Any) -> CommandResult:
        paths = {"config": config_of(sim, **fields), "catalog": catalog_of(*names)}
        for name, content in paths.items():
            (tmp_path / f"{name}.json").write_text(json.dumps(content))
        words = [word for name in paths for word in (f"--{name}", str(tmp_path / f"{name}.json"))]
        with fast_clock(SPEED, RetryPolicy()):
            return run_in_process("read", *words)

    return read


@pytest.fixture
def requests(sim: Simulator) -> Callable[[], Counter[str]]:
    """How many requests each route has had."""
    return lambda: Counter(entry.template for entry in sim.journal)
