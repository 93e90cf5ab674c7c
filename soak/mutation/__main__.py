"""`python -m soak.mutation [MODULE …] [--again] [--write]`: change the connector's code, and see that a test notices.

Mutation testing: each component gets one small change after another (a condition negated, an argument left out,
another number), and the unit tests that cover that code have to fail. Surviving mutants without a reason in
explained.yaml are printed, and so are reasons that no mutant needs; either makes the exit code 1.
"""

import argparse
import json
import shutil
import subprocess
import sys

from soak.mutation.groups import GROUPS, describe, table, untried
from soak.mutation.mutants import WORK_FOLDER, Explanations, Mutant, results_file
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
        shutil.rmtree(WORK_FOLDER, ignore_errors=True)
    found: list[Mutant] = []
    for modules in GROUPS.values():
        if selected := [name for name in modules.split() if name in options.modules or not options.modules]:
            if not options.show:
                _mutate([*(["--again"] if options.again else []), *selected])
            files = [results_file(name) for name in selected]
            found += [Mutant(**one) for file in files if file.exists() for one in json.loads(file.read_text())]
    explanations = Explanations.read()
    print(f"\n{table(found, explanations)}")
    problems = [describe(one) for one in explanations.missing(found)]
    problems += [f"No mutant needs this any more: {identity}" for identity in explanations.stale(found)]
    print("\n".join(problems))
    if options.write:
        sections = filter(None, [table(found, explanations), untried(found)])
        put("mutants", "\n\n".join(sections) + "\n")
    return 1 if problems else 0


def _mutate(arguments: list[str]) -> None:
    """Run mutmut, and retry it if Python 3.11 crashes, as it sometimes does while mutmut records coverage."""
    command = [sys.executable, "-m", "soak.mutation.mutmut_runner", *arguments]
    if not any(subprocess.run(command, check=False).returncode == 0 for _ in range(TRIES)):
        sys.exit(f"mutmut ended with an error {TRIES} times for {' '.join(arguments)}")


if __name__ == "__main__":
    sys.exit(main())
