"""The published connector, in its own environment: it needs Python 3.10 and an older framework."""

import os
import shutil
import subprocess
from pathlib import Path

RELEASE = "airbyte-source-auth0==0.5.16"
ENVIRONMENT = Path(__file__).parents[2] / ".venv-published"
COMMAND = ENVIRONMENT / "bin/source-auth0"


def published_command() -> Path | None:
    """The published connector's command, installed on first use; prints the reason and returns None if that fails."""
    if COMMAND.exists():
        return COMMAND
    if (python := _python()) is None:
        print(f"{RELEASE} is left out: there is no Python 3.10 on the PATH, nor under ~/.pyenv.")
        return None
    print(f"Installing {RELEASE} into {ENVIRONMENT.name} …")
    pip = [str(ENVIRONMENT / "bin/python"), "-m", "pip", "--quiet", "--disable-pip-version-check", "install", RELEASE]
    for step in ([python, "-m", "venv", "--clear", str(ENVIRONMENT)], pip):
        done = subprocess.run(step, capture_output=True, text=True, check=False)
        if done.returncode:
            print(f"{RELEASE} is left out: {' '.join(done.stderr.split())[-300:]}")
            shutil.rmtree(ENVIRONMENT, ignore_errors=True)
            return None
    return COMMAND


def _python() -> str | None:
    """A Python 3.10 that runs, which a pyenv shim for a version that is not selected does not."""
    known = [shutil.which("python3.10"), *map(str, Path.home().glob(".pyenv/versions/3.10*/bin/python3.10"))]
    for python in filter(None, known):
        tried = subprocess.run([python, "-c", ""], capture_output=True, check=False, env={**os.environ})
        if tried.returncode == 0:
            return python
    return None
