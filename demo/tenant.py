"""The tenant of the demo: a simulated one, and what happens in it between two syncs."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import requests

#: Small enough for a few minutes on two cores, and with 90 days to look at.
SERVE = ("--port", "0", "--users", "600", "--seed", "7", "--story")
#: What happens between the two syncs, and how much later the second one is.
ACTIVITY = {"logins": 40, "creates": 5}
AN_HOUR = 3600


@dataclass(frozen=True)
class Tenant:
    """A running simulator: a connector's config for it, and where it is controlled."""

    config: dict[str, Any]
    control_url: str

    def let_an_hour_pass(self) -> None:
        """People log in and sign up; the hour after that puts them behind the sync's safety lag."""
        self._control("/clock", {"advance": AN_HOUR})
        self._control("/users", ACTIVITY)
        self._control("/clock", {"advance": AN_HOUR})

    def _control(self, path: str, body: dict[str, int]) -> None:
        requests.post(self.control_url + path, json=body, timeout=30).raise_for_status()


@contextmanager
def simulated_tenant() -> Iterator[Tenant]:
    """A tenant that is there while the context lasts."""
    command = [sys.executable, "-m", "auth0_simulator", *SERVE]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            ready = json.loads(process.stdout.readline() if process.stdout else "")
            yield Tenant(ready["config"], ready["control_url"])
        finally:
            process.terminate()
