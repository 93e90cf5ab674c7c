"""`python -m tools.strangers [--openapi FILE] [PART...]`: the simulated tenant before those who did not write it.

Parts: `openapi` holds every readable path against Auth0's document, which is not part of this project, and is left out
without it; `python` and `node` read whatever Auth0's clients can read; `deploy-cli` exports the tenant. The clients are
installed into a folder of their own at first. Exits with 1 for a difference, a parse error or a path that is neither
there nor listed as left out, with 2 where a client cannot be installed.
"""

import argparse
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from auth0_simulator import Simulator
from auth0_simulator.routes.registry import ROUTES
from source_auth0.manifest.assembly import load_stream
from source_auth0.manifest.files import stream_files
from tools.strangers.environments import FOLDER
from tools.strangers.expectations import deviations, left_out, sort_out
from tools.strangers.official_clients import (
    ClientReport,
    TenantAddress,
    export_with_deploy_cli,
    read_with_node,
    read_with_python,
    task_of,
)
from tools.strangers.openapi import OpenApiDocument, ask, hold
from tools.strangers.tenant_paths import TenantPaths, TenantReader, anonymous

PARTS = ("openapi", "python", "node", "deploy-cli")
USERS = 120


def main() -> int:
    """Run the parts that were asked for, print what they found, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)} (default: all)")
    parser.add_argument("--openapi", type=Path, metavar="FILE", help="Auth0's management-api-oas.json, or with .gz")
    parser.add_argument("--environment", type=Path, default=FOLDER, metavar="DIR", help="where clients are installed")
    arguments = parser.parse_args()
    parts = arguments.parts or PARTS
    if unknown := [part for part in parts if part not in PARTS]:
        parser.error(f"{', '.join(unknown)} is none of {', '.join(PARTS)}")
    with Simulator(users=USERS, tls=True) as sim:
        reader = TenantReader(sim.base_url, sim.mint_token(), sim.certificate)
        domain = sim.base_url.partition("//")[2]
        address = TenantAddress(domain, sim.client_id, sim.client_secret, sim.audience, sim.certificate)
        try:
            problems = [problem for part in parts for problem in _part(part, arguments, reader, address)]
        except (OSError, subprocess.CalledProcessError) as error:
            print(f"a client could not be installed: {error}", file=sys.stderr)
            return 2
    print("\n".join(problems) or "nothing else differs")
    return 1 if problems else 0


def _part(part: str, arguments: argparse.Namespace, reader: TenantReader, address: TenantAddress) -> list[str]:
    paths = TenantPaths(reader)
    if part == "openapi":
        return _openapi(arguments.openapi, reader, paths)
    if part == "deploy-cli":
        code, files, end = export_with_deploy_cli(address, arguments.environment)
        print(f"auth0-deploy-cli: exit status {code}, {files} files")
        return [f"auth0-deploy-cli ended with {code}:\n{end}"] if code or not files else []
    read = read_with_python if part == "python" else read_with_node
    report = read(task_of(address, paths, simulated_templates()), address, arguments.environment)
    return client_problems(report)


def _openapi(file: Path | None, reader: TenantReader, paths: TenantPaths) -> list[str]:
    if file is None or not file.is_file():
        print("openapi: left out, since Auth0's document is not here (--openapi)")
        return []
    document = OpenApiDocument.load(file)
    found, statuses = hold(ask(reader, paths, document), document)
    explained, unexplained, unused = sort_out(found, deviations())
    absent = set(document.templates) - simulated_templates() - left_out().keys()
    reasons = ", ".join(f"{count} {why}" for why, count in sorted(explained.items()))
    skipped = len(set(document.templates) & left_out().keys())
    print(f"openapi: {len(document.templates)} paths, {statuses.total()} answers, {len(unexplained)} differences")
    print(f"  deviations: {explained.total()} ({reasons}); paths left out: {skipped}")
    problems = [f"openapi: {entry}" for entry in unexplained]
    problems += [f"openapi: the deviation {entry.paths} {entry.what} explains nothing any more" for entry in unused]
    return problems + [f"openapi: {template} is neither simulated nor left out" for template in sorted(absent)]


def client_problems(report: ClientReport) -> list[str]:
    """What a client could not read, after its figures are printed."""
    name, simulated = report.name, simulated_templates()
    absent = report.templates - simulated
    wrong = [call for call in report.parse_errors() if not _is_expected(call)]
    expected = {call["template"] for call in report.parse_errors() if _is_expected(call)}
    refused = report.refusals()
    unread = (streamed_templates() & report.templates) - report.read() - expected
    explained = len(report.parse_errors()) - len(wrong)
    print(f"{name}: {len(report.calls)} calls of {len(report.templates)} paths, {len(wrong)} parse errors")
    print(f"  parse errors explained: {explained}; error responses: {sum(refused.values())}; absent: {len(absent)}")
    print(f"  paths of streams that it does not know: {', '.join(sorted(streamed_templates() - report.templates))}")
    problems = [f"{name}: {call['method']} {call['values']}: {call['message']}" for call in wrong]
    problems += [f"{name}: {template} is neither simulated nor left out" for template in absent - left_out().keys()]
    problems += [f"{name}: no row of {template} could be read" for template in sorted(unread)]
    problems += [
        f"{name}: {template} answered {status}: {message}"
        for template, status, message in refused
        if "query validation error" in message.lower() and template in simulated
    ]
    return [*problems, *([f"{name} failed: {report.failure}"] if report.failure else [])]


def simulated_templates() -> set[str]:
    """What the simulator answers a GET of."""
    return {anonymous(route.path) for route in ROUTES if route.method == "GET"}


def streamed_templates() -> set[str]:
    """What the connector's streams read."""
    resources = [str(load_stream(name)["$parameters"]["resource"]) for name in stream_files()]
    return {anonymous(resource.partition("?")[0]) for resource in resources} & simulated_templates()


def _is_expected(call: Mapping[str, Any]) -> bool:
    return any(entry.covers(call["template"], call["message"]) for entry in deviations())


if __name__ == "__main__":
    sys.exit(main())
