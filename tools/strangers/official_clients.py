"""What Auth0's own clients read of a tenant: each call, and what came of it."""

import json
import os
import subprocess
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tools.strangers.environments import CLIENTS, node_environment, python_environment
from tools.strangers.tenant_paths import TenantPaths

#: Lists whose largest page is smaller than the clients' default: they need to be told.
SMALL_PAGES = {"/connection-profiles": 10, "/users/{}/connected-accounts": 20}
#: Seconds after which a client hangs.
TIMEOUT_SECONDS = 900


@dataclass(frozen=True)
class TenantAddress:
    """Where a tenant is, and how one signs in; `certificate` is the file to trust."""

    domain: str
    client_id: str
    client_secret: str
    audience: str
    certificate: str


@dataclass
class ClientReport:
    """The calls of one client.

    calls: template, method, values, and `rows`, or the `status` of an error, or what could not be parsed (`parse`).
    """

    name: str
    calls: list[dict[str, Any]] = field(default_factory=list)
    failure: str = ""

    @property
    def templates(self) -> set[str]:
        """What it can read."""
        return {call["template"] for call in self.calls}

    def read(self) -> set[str]:
        """What it did read."""
        return {call["template"] for call in self.calls if "rows" in call}

    def parse_errors(self) -> list[dict[str, Any]]:
        """What it could not make out."""
        return [call for call in self.calls if "parse" in call]

    def refusals(self) -> dict[tuple[str, int, str], int]:
        """How often it got which error, by template, status and message."""
        found: dict[tuple[str, int, str], int] = {}
        for call in self.calls:
            if "status" in call:
                key = (call["template"], call["status"], " ".join(call["message"].split())[:200])
                found[key] = found.get(key, 0) + 1
        return found


def task_of(address: TenantAddress, paths: TenantPaths, templates: Iterable[str]) -> dict[str, Any]:
    """What a client is asked to read: ids for each template, and required parameters."""
    wanted = list(templates)
    required: dict[str, Mapping[str, object]] = {template: paths.query(template) for template in wanted}
    return {
        "domain": address.domain,
        "client_id": address.client_id,
        "client_secret": address.client_secret,
        "audience": address.audience,
        "values": {template: paths.values(template) for template in wanted},
        "required": required | {template: {"take": size} for template, size in SMALL_PAGES.items()},
    }


def read_with_python(task: Mapping[str, Any], address: TenantAddress, folder: Path) -> ClientReport:
    """Everything that auth0-python reads."""
    command = [str(python_environment(folder / "python")), str(CLIENTS / "auth0_python.py")]
    return _run("auth0-python", command, task, {"SSL_CERT_FILE": address.certificate})


def read_with_node(task: Mapping[str, Any], address: TenantAddress, folder: Path) -> ClientReport:
    """Everything that `auth0` of npm reads."""
    command = ["node", str(CLIENTS / "auth0_node.mjs"), str(node_environment(folder))]
    return _run("auth0 (npm)", command, task, {"NODE_EXTRA_CA_CERTS": address.certificate})


def export_with_deploy_cli(address: TenantAddress, folder: Path) -> tuple[int, int, str]:
    """The exit code of `a0deploy export`, how many files it wrote, and the end of its output."""
    command = node_environment(folder) / "node_modules" / ".bin" / "a0deploy"
    settings = {
        "AUTH0_DOMAIN": address.domain,
        "AUTH0_CLIENT_ID": address.client_id,
        "AUTH0_CLIENT_SECRET": address.client_secret,
        "AUTH0_AUDIENCE": address.audience,
        "NODE_EXTRA_CA_CERTS": address.certificate,
    }
    with tempfile.TemporaryDirectory() as output:
        done = subprocess.run(
            [command, "export", "--format", "directory", "--output_folder", output],
            env={**os.environ, **settings},
            capture_output=True,
            text=True,
            check=False,
            timeout=TIMEOUT_SECONDS,
        )
        files = sum(path.is_file() for path in Path(output).rglob("*"))
    return done.returncode, files, (done.stdout + done.stderr)[-2000:]


def _run(name: str, command: list[str], task: Mapping[str, Any], settings: Mapping[str, str]) -> ClientReport:
    done = subprocess.run(
        command,
        input=json.dumps(task),
        env={**os.environ, **settings},
        capture_output=True,
        text=True,
        check=False,
        timeout=TIMEOUT_SECONDS,
    )
    calls = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    return ClientReport(name, calls, done.stderr[-2000:] if done.returncode else "")
