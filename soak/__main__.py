"""`python -m soak [SUITE …] [--seed N] [--write]`: run suites in full, print their tables, and keep them in docs.

The same seed repeats the same runs. The exit code is 1 if anything was lost, hung, leaked or otherwise wrong.
"""

import argparse
import importlib
import random
import sys
import time

from soak.report import table, write
from soak.tally import Tally

#: The packages in this one that have a module `suite`, in the order in which they run.
SUITES = ["faults", "kills", "users", "damaged_states", "hostile_responses", "secret_leaks", "load", "memory"]


def main() -> int:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("suites", nargs="*", default=SUITES, metavar="SUITE", help=", ".join(SUITES))
    parser.add_argument("--seed", type=int, default=random.randrange(1_000_000))
    parser.add_argument("--write", action="store_true", help="put the tables into docs/reliability.md")
    options = parser.parse_args()
    if unknown := set(options.suites) - set(SUITES):
        parser.error(f"no suite is called {', '.join(sorted(unknown))}; known are {', '.join(SUITES)}")
    print(f"Seed {options.seed}", flush=True)
    is_clean = True
    for name in options.suites:
        began = time.monotonic()
        tallies: list[Tally] = []
        for one in importlib.import_module(f"soak.{name}.suite").suite(options.seed):
            tallies.append(one)
            is_clean &= one.is_clean
            print(f"{name}, {one.tried}: {one.runs} runs, {'clean' if one.is_clean else 'not clean'}", flush=True)
            for complaint in one.complaints:
                print(f"  {complaint}", flush=True)
        print(f"\n{name}\n{table(tallies)}", flush=True)
        if options.write:
            write(name, tallies, options.seed, (time.monotonic() - began) / 60)
    return 0 if is_clean else 1


if __name__ == "__main__":
    sys.exit(main())
