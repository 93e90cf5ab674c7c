"""The checks that a release has to pass, outside this checkout: `make release-check`.

Builds the sdist and the wheel twice and compares them, installs the wheel with the locked requirements under each
supported Python that is found, and runs the four commands in an empty folder against a simulated tenant. Writes the
SBOM of such an installation. Prints a line for each Python, leaves in `dist` the files that a release publishes and
nothing else if all passed, and exits with 1 otherwise. RELEASE_PYTHONS names further interpreters, separated by colons.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from auth0_simulator import Simulator
from source_auth0.manifest.files import stream_files
from testing.in_process import catalog_of
from testing.tenants import config_of
from tools import distributions, sbom

ROOT = Path(__file__).parents[1]
VERSIONS = ("3.10", "3.11", "3.12", "3.13", "3.14")
#: The Python of the image's base, which the SBOM is of: a few packages differ from Python to Python.
IMAGE_PYTHON = "3.11"
USERS = 50
#: Environment variables that point to the checkout, which the checks must not inherit.
CHECKOUT_VARIABLES = ("PYTHONPATH", "VIRTUAL_ENV", "PYTHONHOME")


class CheckError(Exception):
    """A command succeeded, but with a wrong result."""


def main() -> int:
    """Build, then test each Python; returns the exit code."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        wheel = distributions.build(work)
        if wheel is None:
            return 1
        found = list(_interpreters())
        with Simulator(users=USERS, organizations=1) as sim:
            results = [_try(work, version, python, wheel, sim) for version, python in found]
        if all(results) and found:
            results.append(_describe(work, wheel, [version for version, _ in found]))
        if all(results):
            shutil.rmtree(ROOT / "dist", ignore_errors=True)
            shutil.copytree(wheel.parent, ROOT / "dist")
    print(
        f"{wheel.name}: {sum(results[: len(found)])} of {len(found)} Pythons passed in {time.monotonic() - began:.0f} s"
    )
    if missing := [version for version in VERSIONS if version not in dict(found)]:
        print(f"Not found, so not tried: {', '.join(missing)}")
    return 0 if results and all(results) else 1


def _interpreters() -> Iterator[tuple[str, Path]]:
    """Version and path of each supported Python that is found in RELEASE_PYTHONS, pyenv or PATH."""
    named = [Path(path) for path in os.environ.get("RELEASE_PYTHONS", "").split(":") if path]
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    for version in VERSIONS:
        installed = sorted(pyenv.glob(f"versions/{version}.*/bin/python"))
        on_path = shutil.which(f"python{version}")
        for candidate in [*named, *installed, *([Path(on_path)] if on_path else [])]:
            if _version_of(candidate) == version:
                yield version, candidate
                break


def _version_of(python: Path) -> str:
    """`3.11` and the like; empty if it does not run, such as a pyenv shim of a version that is not selected."""
    command = [str(python), "-c", "import sys; print('%d.%d' % sys.version_info[:2])"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""


def _try(work: Path, version: str, python: Path, wheel: Path, sim: Simulator) -> bool:
    """Install and test under one Python; prints its line, and returns whether it passed."""
    began, home = time.monotonic(), work / f"python{version}"
    try:
        command = _install(home, python, wheel)
        done = _commands(home, command, sim)
    except subprocess.CalledProcessError as error:
        print(f"Python {version}: FAILED at {' '.join(map(str, error.cmd[:4]))}\n{(error.stderr or '')[-2000:]}")
        return False
    except CheckError as error:
        print(f"Python {version}: FAILED, {error}")
        return False
    print(f"Python {version}: {', '.join(done)} ({time.monotonic() - began:.0f} s)", flush=True)
    return True


def _describe(work: Path, wheel: Path, versions: list[str]) -> bool:
    """Write the SBOM beside the wheel, of the Python that the image has if it is here; returns whether it is right."""
    version = IMAGE_PYTHON if IMAGE_PYTHON in versions else versions[-1]
    target = wheel.with_name(f"{'-'.join(wheel.name.split('-')[:2])}.cdx.json")
    try:
        count = sbom.write(work / f"python{version}/env/bin/python", version, target)
    except sbom.SbomError as error:
        print(f"{target.name}: FAILED, {error}")
        return False
    print(f"{target.name}: {count} packages, those that are locked for Python {version}")
    return True


def _install(home: Path, python: Path, wheel: Path) -> Path:
    _call([python, "-m", "venv", "--without-pip", home / "env"], home.parent)
    pip = [sys.executable, "-m", "pip", "--quiet", "--python", home / "env/bin/python", "install", "--no-compile"]
    _call([*pip, "--require-hashes", "--requirement", ROOT / "requirements.txt"], home.parent)
    _call([*pip, "--no-deps", wheel], home.parent)
    _call([*pip[:-2], "check"], home.parent)
    return home / "env/bin/source-auth0"


def _commands(home: Path, command: Path, sim: Simulator) -> list[str]:
    """Run each command in a folder that has only its files; returns a summary of each."""
    folder = home / "away"
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps(config_of(sim)))
    (folder / "catalog.json").write_text(json.dumps(catalog_of("users", "organization_members")))
    config = ["--config", "config.json"]
    spec = _messages([command, "spec"], folder, "SPEC")
    check = _messages([command, "check", *config], folder, "CONNECTION_STATUS")
    catalog = _messages([command, "discover", *config], folder, "CATALOG")[0]["catalog"]["streams"]
    rows = _messages([command, "read", *config, "--catalog", "catalog.json"], folder, "RECORD")
    users = sum(row["record"]["stream"] == "users" for row in rows)
    if len(spec) != 1:
        raise CheckError("spec printed no specification")
    if check[0]["connectionStatus"]["status"] != "SUCCEEDED":
        raise CheckError("check did not succeed")
    if len(catalog) != len(stream_files()):
        raise CheckError(f"discover lists {len(catalog)} streams")
    if users != USERS:
        raise CheckError(f"read gave {users} of {USERS} users")
    return ["spec ok", "check ok", f"discover {len(catalog)} streams", f"read {users} users"]


def _messages(arguments: list[Any], folder: Path, kind: str) -> list[dict[str, Any]]:
    lines = _call(arguments, folder).splitlines()
    return [message for message in map(json.loads, lines) if message["type"] == kind]


def _call(arguments: list[Any], folder: Path) -> str:
    environment = {name: value for name, value in os.environ.items() if name not in CHECKOUT_VARIABLES}
    command = [str(argument) for argument in arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=True).stdout


if __name__ == "__main__":
    sys.exit(main())
