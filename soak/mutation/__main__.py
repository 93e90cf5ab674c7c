"""`python -m soak.mutation [MODULE …] [--again] [--write]`: change the connector's code, and see that a test notices.

Every component is changed in one small place after another (a condition turned round, an argument left out, another
number), and the unit tests that run that place have to fail. What lives without a reason in explained.yaml is
printed, and so is a reason that nothing needs; either makes the exit code 1.
"""

import argparse
import json
import shutil
import subprocess
import sys

from soak.mutation.groups import GROUPS, table, told, untried
from soak.mutation.mutants import MADE, Explanations, Mutant, kept
from soak.report import put

TRIES = 3


def main() -> int:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("modules", nargs="*", metavar="MODULE", help="by default all components")
    parser.add_argument("--again", action="store_true", help="only those that lived in the last run")
    parser.add_argument("--show", action="store_true", help="only what the last runs found")
    parser.add_argument("--write", action="store_true", help="put the table into docs/reliability.md")
    options = parser.parse_args()
    if not (options.again or options.show):
        shutil.rmtree(MADE, ignore_errors=True)
    found: list[Mutant] = []
    for modules in GROUPS.values():
        if part := [name for name in modules.split() if name in options.modules or not options.modules]:
            if not options.show:
                _mutate([*(["--again"] if options.again else []), *part])
            files = [kept(name) for name in part]
            found += [Mutant(**one) for file in files if file.exists() for one in json.loads(file.read_text())]
    explanations = Explanations.read()
    print(f"\n{table(found, explanations)}")
    bad = [told(one) for one in explanations.missing(found)]
    bad += [f"No mutant needs this any more: {identity}" for identity in explanations.stale(found)]
    print("\n".join(bad))
    if options.write:
        told_of = filter(None, [table(found, explanations), untried(found)])
        put("mutants", "\n\n".join(told_of) + "\n")
    return 1 if bad else 0


def _mutate(arguments: list[str]) -> None:
    """Run mutmut, and again where Python 3.11 crashes, as it does now and then amid the account of what runs what."""
    command = [sys.executable, "-m", "soak.mutation.mutmut_runner", *arguments]
    if not any(subprocess.run(command, check=False).returncode == 0 for _ in range(TRIES)):
        sys.exit(f"mutmut ended with an error {TRIES} times for {' '.join(arguments)}")


if __name__ == "__main__":
    sys.exit(main())
