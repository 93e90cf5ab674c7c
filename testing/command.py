"""Runs the connector's command in a process of its own, as its users do, and parses what it prints."""

import json
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

Message = dict[str, Any]


@dataclass(frozen=True)
class CommandResult:
    """One finished command: its exit code and what it printed."""

    code: int
    stdout: str
    stderr: str

    @cached_property
    def messages(self) -> list[Message]:
        """Every line of standard output, parsed; a line that is not JSON raises."""
        return [json.loads(line) for line in self.stdout.splitlines() if line]

    def of_type(self, kind: str) -> list[Message]:
        """The payloads of the messages of one type."""
        key = {"CONNECTION_STATUS": "connectionStatus"}.get(kind, kind.lower())
        return [message[key] for message in self.messages if message["type"] == kind]

    @cached_property
    def records(self) -> dict[str, list[dict[str, Any]]]:
        """Stream name to its rows, in the order in which they were printed."""
        rows = defaultdict(list)
        for record in self.of_type("RECORD"):
            rows[record["stream"]].append(record["data"])
        return dict(rows)

    @cached_property
    def state(self) -> list[Message]:
        """The last state of each stream, as `--state` takes it."""
        return list({state["stream"]["stream_descriptor"]["name"]: state for state in self.of_type("STATE")}.values())

    @cached_property
    def states(self) -> dict[str, Any]:
        """Stream name to the content of its last state."""
        return {s["stream"]["stream_descriptor"]["name"]: s["stream"]["stream_state"] for s in self.state}

    @cached_property
    def errors(self) -> list[Message]:
        """The errors, as Airbyte shows them: `message`, `failure_type` and so on."""
        return [trace["error"] for trace in self.of_type("TRACE") if trace["type"] == "ERROR"]

    @cached_property
    def stream_errors(self) -> dict[str, str]:
        """Stream name to the message of its error."""
        errors = [trace["error"] for trace in self.of_type("TRACE") if trace["type"] == "ERROR"]
        return {e["stream_descriptor"]["name"]: e["message"] for e in errors if e.get("stream_descriptor")}

    @cached_property
    def statuses(self) -> dict[str, list[tuple[str, float]]]:
        """Stream name to its statuses, each with the time in seconds since 1970."""
        found = defaultdict(list)
        for trace in self.of_type("TRACE"):
            if trace["type"] == "STREAM_STATUS":
                status = trace["stream_status"]
                found[status["stream_descriptor"]["name"]].append((status["status"], trace["emitted_at"] / 1000))
        return dict(found)

    @cached_property
    def log(self) -> list[str]:
        """The text of every log message."""
        return [log["message"] for log in self.of_type("LOG")]


def run(
    command: str, *flags: str, timeout: float = 300, env: Mapping[str, str] | None = None, **files: Any
) -> CommandResult:
    """Run `spec`, `check`, `discover` or `read`, with `config`, `catalog` and `state` as values or as text."""
    with tempfile.TemporaryDirectory() as folder:
        arguments = [sys.executable, "-m", "source_auth0", command, *flags]
        for name, value in files.items():
            path = Path(folder) / f"{name}.json"
            path.write_text(value if isinstance(value, str) else json.dumps(value))
            arguments += [f"--{name}", str(path)]
        done = subprocess.run(  # noqa: S603 - this very interpreter
            arguments, capture_output=True, text=True, timeout=timeout, check=False, env=env
        )
    return CommandResult(done.returncode, done.stdout, done.stderr)


def discovered_streams(config: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The streams that `discover` lists."""
    streams: list[dict[str, Any]] = run("discover", config=config).of_type("CATALOG")[0]["streams"]
    return streams


def configured_catalog(
    streams: Iterable[Mapping[str, Any]], names: Iterable[str] = (), *, full_refresh: bool = False
) -> dict[str, Any]:
    """A configured catalog of those of these streams that are named (or of all), incremental where they offer it."""
    wanted = set(names)
    return {
        "streams": [
            {
                "stream": dict(stream),
                "sync_mode": "full_refresh"
                if full_refresh or "incremental" not in stream["supported_sync_modes"]
                else "incremental",
                "destination_sync_mode": "overwrite",
            }
            for stream in streams
            if not wanted or stream["name"] in wanted
        ]
    }
