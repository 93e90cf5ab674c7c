"""`python -m tools.audit PIP-AUDIT`: which of the locked dependencies have known vulnerabilities.

Exits with 1 if one has. Advisories that cannot be looked up are reported, but are no failure: whether they can depends
on the network, not on the change.
"""

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
LOCKS = ("requirements.txt", "requirements-dev.txt", "requirements-demo.txt")
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
        lines, is_fine = report(lock, found)
        print("\n".join(lines), flush=True)
        is_clean &= is_fine
    return 0 if is_clean else 1


def report(lock: str, found: list[dict[str, Any]]) -> tuple[list[str], bool]:
    """The report on one lock file in lines, and whether nothing in it is vulnerable."""
    unknown = [package for package in found if "skip_reason" in package]
    known = [(package, advisory) for package in found for advisory in package.get("vulns", [])]
    open_ones = [(package, advisory) for package, advisory in known if not _explanation(advisory)]
    lines = [f"{lock}: {len(found)} packages, {len(open_ones)} vulnerabilities"]
    if unknown:
        lines.append(f"  {len(unknown)} of them have no advisories to be had from here: they are not audited")
    for package, advisory in known:
        why = _explanation(advisory) or f"fixed in {', '.join(advisory['fix_versions']) or 'no version'}"
        lines.append(f"  {package['name']} {package['version']}: {advisory['id']}, {why}")
    return lines, not open_ones


def _explanation(advisory: Mapping[str, Any]) -> str:
    names = (advisory["id"], *advisory.get("aliases", []))
    return next((EXPLAINED[name] for name in names if name in EXPLAINED), "")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
