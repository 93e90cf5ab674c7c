"""`python -m tools.audit PIP-AUDIT`: check the locked dependencies for known vulnerabilities.

Exits with 1 if there is one. Advisories that cannot be looked up are reported, but are no failure: that depends on the
network, not on the change.
"""

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
LOCKS = tuple(f"requirements{part}.txt" for part in ("", "-dev", "-demo", "-dbt", "-release", "-site"))
#: Advisories that do not concern how a package is used here, with the reason and what holds the package back.
EXPLAINED: Mapping[str, str] = {
    "CVE-2026-26007": "cryptography of the demo alone, which PyAirbyte's Snowflake connector holds below 46; binary "
    "elliptic curves, of which neither the demo nor PyAirbyte's DuckDB cache has any",
}


def main(command: str) -> int:
    """Audit each lock file with the given `pip-audit`, print a report, and return the exit code."""
    is_clean = True
    for lock in LOCKS:
        arguments = [command, "--requirement", lock, "--require-hashes", "--disable-pip", "--format", "json"]
        try:
            done = subprocess.run(arguments, cwd=ROOT, capture_output=True, text=True, check=False)
            found = json.loads(done.stdout)["dependencies"]
        except (OSError, ValueError, KeyError):
            print(f"{lock}: not audited, since pip-audit could not be run or reach its advisories")
            continue
        lines, is_lock_clean = report(lock, found)
        print("\n".join(lines), flush=True)
        is_clean &= is_lock_clean
    return 0 if is_clean else 1


def report(lock: str, found: list[dict[str, Any]]) -> tuple[list[str], bool]:
    """The lines of the report on one lock file, and whether it has no unexplained vulnerability."""
    skipped = [package for package in found if "skip_reason" in package]
    advisories = [(package, advisory) for package in found for advisory in package.get("vulns", [])]
    unexplained = [(package, advisory) for package, advisory in advisories if not _explanation(advisory)]
    lines = [f"{lock}: {len(found)} packages, {len(unexplained)} vulnerabilities"]
    if skipped:
        lines.append(f"  {len(skipped)} of them have no advisories to be had from here: they are not audited")
    for package, advisory in advisories:
        why = _explanation(advisory) or f"fixed in {', '.join(advisory['fix_versions']) or 'no version'}"
        lines.append(f"  {package['name']} {package['version']}: {advisory['id']}, {why}")
    return lines, not unexplained


def _explanation(advisory: Mapping[str, Any]) -> str:
    names = (advisory["id"], *advisory.get("aliases", []))
    return next((EXPLAINED[name] for name in names if name in EXPLAINED), "")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
