"""Environments of strangers: what they need is installed beside the project's own packages, never among them."""

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
CLIENTS = Path(__file__).parent / "clients"
#: Where they are made unless the command line says otherwise; .gitignore has it.
FOLDER = ROOT / ".venv-strangers"


def python_environment(
    home: Path, requirements: Path = CLIENTS / "requirements.txt", alone: tuple[str, ...] = ()
) -> Path:
    """The Python of `home` that has what a file of requirements names, set up first where it is not there.

    alone: packages to install without what they require, and on a Python that they do not name. Raises
    CalledProcessError if a package is not available.
    """
    python = home / "bin/python"
    if _is_stale(home, requirements):
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(home)], check=True)
        install = [str(python), "-m", "pip", "--quiet", "--disable-pip-version-check", "install"]
        subprocess.run([*install, "--requirement", str(requirements)], check=True, stderr=subprocess.DEVNULL)
        if alone:
            subprocess.run([*install, "--no-deps", "--ignore-requires-python", *alone], check=True)
        _mark(home, requirements)
    return python


def node_environment(folder: Path) -> Path:
    """The folder whose node_modules have what `clients/package.json` names; raises FileNotFoundError without npm."""
    npm = shutil.which("npm")
    if npm is None:
        raise FileNotFoundError("there is no npm")
    home = folder / "node"
    if _is_stale(home, CLIENTS / "package.json"):
        home.mkdir(parents=True, exist_ok=True)
        shutil.copy(CLIENTS / "package.json", home)
        install = [npm, "install", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"]
        subprocess.run(install, cwd=home, check=True, stdout=subprocess.DEVNULL)
        _mark(home, CLIENTS / "package.json")
    return home


def _is_stale(home: Path, requirements: Path) -> bool:
    made_of = home / "made-of"
    return not made_of.is_file() or made_of.read_bytes() != requirements.read_bytes()


def _mark(home: Path, requirements: Path) -> None:
    (home / "made-of").write_bytes(requirements.read_bytes())
