"""`python -m tools.every_stream`: check, discover and two syncs of every stream, with a table of figures."""

import json
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import requests

from source_auth0.manifest.assembly import load_stream
from testing.command import CommandResult, configured_catalog, discovered_streams, run

TENANT = ["--port", "0", "--users", "300", "--seed", "7"]
#: The tenant's changes between the two syncs; its clock advances an hour before and after them.
ACTIVITY = {"logins": 40, "creates": 5, "deletes": 2}
HOUR_SECONDS = 3600
#: Seconds for one sync: machines that have other work to do take several times as long.
PATIENCE = 1200


def main() -> int:
    """Run the commands and print the results; returns an exit code other than 0 if anything failed."""
    with _simulated_tenant() as (config, control):
        check = run("check", config=config).of_type("CONNECTION_STATUS")[0]
        print(f"check      {check['status']} {check.get('message') or ''}")
        streams = discovered_streams(config)
        print(f"discover   {len(streams)} streams")
        first = _sync(config, control, streams, state=None)
        _report("First sync: every stream", streams, *first)
        control("POST", "/clock", {"advance": HOUR_SECONDS})
        control("POST", "/users", ACTIVITY)
        control("POST", "/clock", {"advance": HOUR_SECONDS})
        print(f"\nAn hour passes, with {', '.join(f'{count} {what}' for what, count in ACTIVITY.items())}.")
        second = _sync(config, control, streams, state=first[0].state)
        _report("Second sync: users continue from the saved state", streams, *second)
    return max(first[0].code, second[0].code, int(check["status"] != "SUCCEEDED"))


@contextmanager
def _simulated_tenant() -> Iterator[tuple[dict[str, Any], Any]]:
    command = [sys.executable, "-m", "auth0_simulator", *TENANT]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None  # noqa: S101 - it was asked for
        ready = json.loads(process.stdout.readline())

        def control(method: str, path: str, body: Any = None) -> Any:
            response = requests.request(method, ready["control_url"] + path, json=body, timeout=30)
            response.raise_for_status()
            return response.json()

        try:
            yield ready["config"], control
        finally:
            process.terminate()


def _sync(
    config: Mapping[str, Any], control: Any, streams: list[dict[str, Any]], state: Any
) -> tuple[CommandResult, Counter[str]]:
    control("DELETE", "/journal")
    saved = {} if state is None else {"state": state}
    done = run("read", timeout=PATIENCE, config=config, catalog=configured_catalog(streams), **saved)
    return done, Counter(_anonymous(request["template"]) for request in control("GET", "/journal")["requests"])


def _report(title: str, streams: list[dict[str, Any]], sync: CommandResult, requests_by_route: Counter[str]) -> None:
    print(f"\n{title}\n{'stream':28} {'rows':>7} {'requests':>9} {'seconds':>8}")
    remaining = requests_by_route.copy()
    for stream in streams:
        name = stream["name"]
        # Requests for a list that two streams read count for the first of them.
        route = _anonymous("/" + load_stream(name)["$parameters"]["resource"])
        count = 0 if _is_derived(name) else remaining.pop(route, 0)
        statuses = sync.statuses[name]
        seconds = statuses[-1][1] - statuses[0][1]
        print(f"{name:28} {len(sync.records.get(name, [])):7} {count:9} {seconds:8.2f}")
    rows = sum(map(len, sync.records.values()))
    print(f"{'all, with 1 for the token':28} {rows:7} {requests_by_route.total():9}")
    for name, message in sync.stream_errors.items():
        print(f"{name}: {message}")


def _is_derived(name: str) -> bool:
    """Whether a stream's rows are derived from the pages of another stream."""
    return str(load_stream(name)["retriever"]["$ref"]).endswith("/member_roles")


def _anonymous(path: str) -> str:
    return re.sub(r"\{\{.*?\}\}|\{[^}]*\}", "{}", path)


if __name__ == "__main__":
    sys.exit(main())
