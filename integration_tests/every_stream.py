"""Check, discover and two syncs of a simulated tenant, with a table of what each stream took."""

import json
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import requests

from integration_tests.connector import Run, configured, discovered, run
from source_auth0.manifest.assembly import load_stream

TENANT = ["--port", "0", "--users", "2500", "--seed", "7", "--latency", "0.02"]
#: What happens in the tenant between the two syncs, and how much later the second one is.
ACTIVITY = {"logins": 40, "creates": 5, "deletes": 2}
AN_HOUR = 3600


def main() -> int:
    """Print what the connector does; the exit code is 1 when anything went wrong."""
    with _simulated_tenant() as (config, control):
        check = run("check", config=config).of_type("CONNECTION_STATUS")[0]
        print(f"check      {check['status']} {check.get('message') or ''}")
        streams = discovered(config)
        print(f"discover   {len(streams)} streams")
        first = _sync(config, control, streams, state=None)
        _report("First sync: every stream", streams, *first)
        control("POST", "/clock", {"advance": AN_HOUR})
        control("POST", "/users", ACTIVITY)
        control("POST", "/clock", {"advance": AN_HOUR})
        print(f"\nAn hour passes, with {', '.join(f'{count} {what}' for what, count in ACTIVITY.items())}.")
        second = _sync(config, control, streams, state=first[0].state)
        _report("Second sync: users continue from the saved state", streams, *second)
    return max(first[0].code, second[0].code, check["status"] != "SUCCEEDED")


@contextmanager
def _simulated_tenant() -> Iterator[tuple[dict[str, Any], Any]]:
    command = [sys.executable, "-m", "auth0_simulator", *TENANT]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        ready = json.loads(process.stdout.readline())

        def control(method: str, path: str, body: Any = None) -> Any:
            answer = requests.request(method, ready["control_url"] + path, json=body, timeout=30)
            answer.raise_for_status()
            return answer.json()

        try:
            yield ready["config"], control
        finally:
            process.terminate()


def _sync(
    config: Mapping[str, Any], control: Any, streams: list[dict[str, Any]], state: Any
) -> tuple[Run, Counter[str]]:
    control("DELETE", "/journal")
    saved = {} if state is None else {"state": state}
    done = run("read", config=config, catalog=configured(streams), **saved)
    return done, Counter(_anonymous(request["template"]) for request in control("GET", "/journal")["requests"])


def _report(title: str, streams: list[dict[str, Any]], sync: Run, asked: Counter[str]) -> None:
    print(f"\n{title}\n{'stream':28} {'rows':>7} {'requests':>9} {'seconds':>8}")
    left = asked.copy()
    for stream in streams:
        name = stream["name"]
        # A list that two streams are made from counts for the stream of the same name.
        route = _anonymous("/" + load_stream(name)["$parameters"]["resource"])
        count = 0 if _is_derived(name) else left.pop(route, 0)
        statuses = sync.statuses[name]
        seconds = statuses[-1][1] - statuses[0][1]
        print(f"{name:28} {len(sync.records.get(name, [])):7} {count:9} {seconds:8.2f}")
    rows = sum(map(len, sync.records.values()))
    print(f"{'all, with 1 for the token':28} {rows:7} {asked.total():9}")
    for name, message in sync.stream_errors.items():
        print(f"{name}: {message}")


def _is_derived(name: str) -> bool:
    """Whether a stream is made from the pages of another."""
    return str(load_stream(name)["retriever"]["$ref"]).endswith("/member_roles")


def _anonymous(path: str) -> str:
    return re.sub(r"\{\{.*?\}\}|\{[^}]*\}", "{}", path)


if __name__ == "__main__":
    sys.exit(main())
