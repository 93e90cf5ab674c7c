"""`python -m tools.loaders [--write] [LOADER...]`: run what runs the connector for others, and hold docs/run.md to it.

Each loader reads a simulated tenant twice, into DuckDB or into a PostgreSQL server of its own on loopback; the table of
docs/run.md has what arrived. Exits with 1 if a loader fails or if something else arrives than the page says (`--write`
writes it there), with 2 if a loader cannot be installed, or if there is no PostgreSQL server.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from auth0_simulator import Simulator
from testing.warehouse.postgres import WITHOUT_POSTGRES, postgres_server
from tools.loaders.loaders import LOADERS, PYAIRBYTE, ROOT, Loader, LoaderError, Run, singer_catalog, tap
from tools.loaders.table import read_table, written
from tools.loaders.tenant import TENANT, TwoSyncs, observe
from tools.strangers.environments import python_environment

PAGE = ROOT / "docs/run.md"
FOLDER = ROOT / ".venv-loaders"
#: In the query for users of a sync that has no state.
FROM_THE_START = "updated_at:[1970-"
#: What stops the published tap: a comparison of two texts leaves every state of one stream without a name.
PUBLISHED = "cannot access local variable 'unpacked_state'"
REQUIREMENTS = Path(__file__).parent / "requirements"
#: Installed without what it requires: its metadata take Python 3.10 alone, and it runs on newer ones.
TAP = "tap-airbyte==0.0.2"


def main() -> int:
    """Try the loaders, print what arrived, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("loaders", nargs="*", metavar="LOADER", help=f"of {', '.join(LOADERS)} (default: all)")
    parser.add_argument("--write", action="store_true", help="write the table into docs/run.md")
    parser.add_argument("--environment", type=Path, default=FOLDER, metavar="DIR", help="where they are installed")
    arguments = parser.parse_args()
    names = arguments.loaders or [*LOADERS]
    if unknown := [name for name in names if name not in LOADERS]:
        parser.error(f"{', '.join(unknown)} is none of {', '.join(LOADERS)}")
    if WITHOUT_POSTGRES or not PYAIRBYTE.exists():
        print(WITHOUT_POSTGRES or "PyAirbyte is not installed: `make .venv-demo/ready` installs it", file=sys.stderr)
        return 2
    try:
        pythons = {
            file.stem: python_environment(
                arguments.environment / file.stem, file, (TAP,) if file.stem == "meltano-tap" else ()
            )
            for file in REQUIREMENTS.glob("*.txt")
            if any(name.partition("-")[0] == file.stem.partition("-")[0] for name in names)
        }
    except subprocess.CalledProcessError as error:
        print(f"cannot be installed here: {error}", file=sys.stderr)
        return 2
    table = read_table(PAGE.read_text(encoding="utf-8"))
    problems = 0
    for name in names:
        began, title = time.monotonic(), LOADERS[name].title
        try:
            seen = attempt(LOADERS[name], pythons)
        except LoaderError as error:
            print(f"{title}: FAILED\n{error}")
            problems += 1
            continue
        changed = {what: found for what, found in seen.items() if table.get(title, {}).get(what) != found}
        print(f"{title}: {len(seen)} questions, {len(changed)} answers differ from docs/run.md", end="")
        print(
            f" ({time.monotonic() - began:.0f} s)", *(f"  {what}: {found}" for what, found in changed.items()), sep="\n"
        )
        problems += bool(changed) and not arguments.write
        table[title] = seen
    if "meltano" in names:
        said = as_published(pythons)
        print(f"{TAP} with states: {said or 'SUCCEEDED, and docs/run.md says that it fails'}")
        problems += PUBLISHED not in said
    if arguments.write:
        PAGE.write_text(written(PAGE.read_text(encoding="utf-8"), table), encoding="utf-8")
    return 1 if problems else 0


def attempt(loader: Loader, pythons: dict[str, Path]) -> dict[str, str]:
    """Sync a tenant twice with one loader; returns what `observe` sees. Raises LoaderError if the loader fails."""
    with Simulator(**TENANT) as sim, tempfile.TemporaryDirectory() as folder, postgres_server() as postgres:
        syncs = TwoSyncs(sim)
        run = Run(Path(folder), syncs.config, postgres, pythons)
        loader.sync(run)
        syncs.change()
        sim.clear_journal()
        loader.sync(run)
        asked = [request.query["q"] for request in sim.journal if request.template == "/users" and "q" in request.query]
        seen = observe(syncs, run.asker(*loader.database(run)), loader.schema)
        resumed = asked and not any(FROM_THE_START in query for query in asked)
        return {**seen, "second sync": "resumes" if resumed else "**reads everything again**"}


def as_published(pythons: dict[str, Path]) -> str:
    """What `tap-airbyte` says when it is given the states, as it is meant to be; empty if it succeeds."""
    with Simulator(**TENANT) as sim, tempfile.TemporaryDirectory() as folder:
        run = Run(Path(folder), TwoSyncs(sim).config, "", pythons)
        try:
            tap(run, "--catalog", singer_catalog(run, whole_keys=False), into=run.folder / "rows.singer")
        except LoaderError as error:
            return str(error).strip().splitlines()[-1]
    return ""


if __name__ == "__main__":
    sys.exit(main())
