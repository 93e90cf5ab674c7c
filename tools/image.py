"""Runs the image with a config, and states, of the published connector: `python -m tools.image IMAGE [--states FILE]`.

Needs the Docker engine that DOCKER_HOST names. Prints a line for each run and exits with 1 at the first that fails.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from auth0_simulator import Simulator
from testing.command import CommandResult
from testing.in_process import catalog_of
from testing.tenants import config_of

STREAMS = ("users", "clients", "organizations", "organization_members", "organization_member_roles")
#: Stricter than Airbyte: only the temporary folder, which the framework needs, is writable.
OPTIONS = ("--rm", "--network", "host", "--read-only", "--cap-drop", "ALL", "--tmpfs", "/tmp")  # noqa: S108 - inside
USERS = 30
#: The largest size of the connector's layer: 15 MB more than airbyte-cdk with all its dependencies.
MAX_LAYER_BYTES = 221_000_000


def main() -> None:
    """Run `check` with a config of the published connector, and `read` with no state and with each that it saved."""
    parser = argparse.ArgumentParser(prog="python -m tools.image")
    parser.add_argument("image")
    parser.add_argument("--states", type=Path, help="a JSON object of saved states by their origin")
    options = parser.parse_args()
    saved = json.loads(options.states.read_text()) if options.states else {}
    states = {"none": [], **{name: state for name, state in saved.items() if name != "_note"}}
    _check_size(options.image)
    with Simulator(users=USERS, organizations=2) as sim, tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        config = {**config_of(sim, start_date="2023-08-05T00:43:59.244Z"), "sourceType": "auth0"}
        _report("check", _run(options.image, Path(folder), "check", config=config).of_type("CONNECTION_STATUS"))
        for name, state in states.items():
            files = {"config": config, "catalog": catalog_of(*STREAMS), "state": state}
            done = _run(options.image, Path(folder), "read", **files)
            complete = done.code == 0 and not done.errors and len(done.records.get("users", ())) == USERS
            _report(f"read, state of {name}", complete and [{"status": "SUCCEEDED"}])


def _run(image: str, folder: Path, command: str, **files: Any) -> CommandResult:
    arguments = ["docker", "run", *OPTIONS, "-v", f"{folder}:/secrets:ro", image, command]
    for name, value in files.items():
        (folder / f"{name}.json").write_text(json.dumps(value))
        arguments += [f"--{name}", f"/secrets/{name}.json"]
    done = subprocess.run(arguments, capture_output=True, text=True, check=False)
    return CommandResult(done.returncode, done.stdout, done.stderr)


def _check_size(image: str) -> None:
    arguments = ["docker", "history", "--human=false", "--format", "{{.Size}} {{.CreatedBy}}", image]
    lines = subprocess.run(arguments, capture_output=True, text=True, check=True).stdout.splitlines()
    size = sum(int(line.split()[0]) for line in lines if "COPY" in line)
    print(f"layer: {size // 1_000_000} MB, of {MAX_LAYER_BYTES // 1_000_000} at most")
    if size > MAX_LAYER_BYTES:
        sys.exit("The image is too large. What was added to it that the connector does not load?")


def _report(what: str, statuses: Any) -> None:
    succeeded = bool(statuses) and statuses[0]["status"] == "SUCCEEDED"
    print(f"{what}: {'ok' if succeeded else 'FAILED'}")
    if not succeeded:
        sys.exit(1)


if __name__ == "__main__":
    main()
