"""The software bill of materials of a release, in CycloneDX's form: what an installation of the wheel consists of.

`cyclonedx-py` of `.venv-release` writes it. It is held against the locked requirements, so that it can neither leave a
package out nor name one that nobody gets.
"""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

from packaging.markers import Marker

ROOT = Path(__file__).parents[1]
PROGRAM = ROOT / ".venv-release/bin/cyclonedx-py"


class SbomError(Exception):
    """The SBOM could not be written, or is not what is locked."""


def write(python: Path, version: str, target: Path) -> int:
    """Write the SBOM of the environment of an interpreter to a file; returns how many packages it has.

    `version` is the interpreter's, such as `3.11`. Raises SbomError if `cyclonedx-py` fails, or if packages or versions
    differ from requirements.txt.
    """
    options = ["--pyproject", ROOT / "pyproject.toml", "--mc-type", "application", "--output-reproducible"]
    form = ["--spec-version", "1.6", "--output-format", "JSON", "--output-file", target]
    command = [str(word) for word in (PROGRAM, "environment", *options, *form, python)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError as error:
        raise SbomError(f"{PROGRAM} cannot be run ({error.strerror}). `make release-check` sets it up.") from error
    if done.returncode:
        raise SbomError(f"cyclonedx-py failed:\n{done.stderr[-2000:]}")
    named = components(json.loads(target.read_text(encoding="utf-8")))
    expected = locked((ROOT / "requirements.txt").read_text(encoding="utf-8"), version)
    if named != expected:
        raise SbomError(f"what it names differs from requirements.txt: {sorted(named ^ expected)}")
    return len(named)


def components(document: dict[str, Any]) -> set[str]:
    """The packages of an SBOM besides the connector itself, as `name==version`."""
    return {f"{_normalized(entry['name'])}=={entry['version']}" for entry in document.get("components", [])}


def locked(requirements: str, version: str) -> set[str]:
    """The packages that a lock has for one Python of this machine's kind, as `name==version`."""
    environment = {"python_version": version, "python_full_version": f"{version}.0"}
    return {
        f"{_normalized(name)}=={pinned}"
        for name, pinned, marker in re.findall(r"^([\w.-]+)==(\S+)(?: ; (.+?))? \\$", requirements, re.MULTILINE)
        if not marker or Marker(marker).evaluate(environment)
    }


def _normalized(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
