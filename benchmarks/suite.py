"""`python -m benchmarks.suite [--rounds N] [--only CASE …] [--write]`: all implementations and cases in one run.

The implementations alternate, so that other load on the machine affects all of them; medians are compared.
`--write` puts the figures into docs/benchmarks.md and draws docs/benchmarks.svg.
"""

import argparse
import statistics
import tempfile
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

from benchmarks.comparison.implementations import (
    CONNECTOR,
    EXPORT,
    FLOOR,
    PUBLISHED,
    STOCK,
    Implementation,
    implementations,
)
from benchmarks.comparison.measurement import Measurement, measure
from benchmarks.comparison.report import case_table, start_table, write
from benchmarks.comparison.results import Case, Result
from benchmarks.comparison.startup import StartupFigure, measure_startup
from benchmarks.comparison.tenants import Tenant, tenant

ALL = (CONNECTOR, EXPORT, STOCK, FLOOR)
PLAIN = (CONNECTOR, STOCK, FLOOR)
CASES = (
    Case("no limits", 100_000, ALL),
    Case("no limits", 20_000, ALL),
    Case("100 ms latency", 20_000, ALL, latency=0.1),
    Case("enterprise", 20_000, PLAIN, plan="enterprise"),
    Case("self-service", 8000, PLAIN, plan="self_service"),
    Case("free", 2000, PLAIN, plan="free"),
    Case("100 ms latency", 900, (CONNECTOR, STOCK, FLOOR, PUBLISHED), latency=0.1),
)


def main() -> None:
    """Run the selected cases, and print their tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", nargs="+", choices=sorted({case.name for case in CASES} | {"start"}))
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    wanted = [case for case in CASES if not options.only or case.name in options.only]
    available, tables, results = implementations(), [], {}
    for users, cases in groupby(wanted, key=lambda case: case.users):
        with tenant(users) as simulated:
            for case in cases:
                results[case] = run(
                    case, [available[who] for who in case.who if who in available], simulated, options.rounds
                )
                tables.append(case_table(case, results[case]))
                print(tables[-1], flush=True)
    starts: Sequence[StartupFigure] = (
        measure_startup(options.rounds) if not options.only or "start" in options.only else ()
    )
    if starts:
        tables.append(start_table(starts))
        print(tables[-1])
    if options.write:
        write(tables, results[CASES[0]])


def run(case: Case, who: Sequence[Implementation], simulated: Tenant, rounds: int) -> list[Result]:
    """Run the implementations in alternation, with another first in each round.

    An export's file is made beforehand: Auth0 makes it on its own machines.
    """
    runs: dict[str, list[tuple[Measurement, int, int]]] = {implementation.name: [] for implementation in who}
    for implementation in who:
        if implementation.name == EXPORT:
            _measure_once(implementation, simulated, count_distinct=False)
    for number in range(rounds):
        for implementation in [*who[number % len(who) :], *who[: number % len(who)]]:
            simulated.prepare(case.plan, case.latency)
            runs[implementation.name].append(
                (_measure_once(implementation, simulated, count_distinct=not number), *simulated.requests())
            )
    return [medians_of(name, found) for name, found in runs.items()]


def _measure_once(implementation: Implementation, simulated: Tenant, *, count_distinct: bool) -> Measurement:
    with tempfile.TemporaryDirectory() as folder:
        return measure(implementation.command(simulated, Path(folder)), count_distinct=count_distinct)


def medians_of(who: str, runs: Sequence[tuple[Measurement, int, int]]) -> Result:
    """The medians of some runs, except rows (the minimum), peak (the maximum) and distinct (counted in one run)."""
    return Result(
        who,
        per_second=statistics.median(run.rows / run.seconds if run.seconds else 0.0 for run, _, _ in runs),
        cpu=statistics.median(run.cpu / max(run.rows, 1) * 1e6 for run, _, _ in runs),
        seconds=statistics.median(run.seconds for run, _, _ in runs),
        peak=max(run.peak for run, _, _ in runs),
        rows=min(run.rows for run, _, _ in runs),
        distinct=min(run.distinct for run, _, _ in runs if run.distinct is not None),
        requests=round(statistics.median(requests for _, requests, _ in runs)),
        refused=round(statistics.median(refused for _, _, refused in runs)),
        complete=all(run.complete for run, _, _ in runs),
    )


if __name__ == "__main__":
    main()
