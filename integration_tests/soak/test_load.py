"""One process that reads a hundred thousand rows, and many syncs in one process; in full: `make soak SUITES=load`."""

from dataclasses import replace

import pytest

from auth0_simulator import Simulator
from soak.load.inventory import Inventory, row_counts
from soak.load.process_metrics import ProcessMetrics, growth
from soak.load.repeated_syncs import repeats
from soak.load.suite import load, tally
from testing.tenants import config_of

SEED = 3


@pytest.mark.accept
@pytest.mark.slow
def test_resource_use_stays_flat_over_a_hundred_thousand_rows() -> None:
    """Memory, threads and files; growth of CPU time per row shows only in a longer run."""
    with Simulator(users=45_000, log_events=45_000, organizations=60, seed=SEED) as sim:
        rows = row_counts(sim)
        result = tally(load(config_of(sim), rows, SEED), sum(rows.values()))
    assert [] == [complaint for complaint in result.complaints if "a row cost" not in complaint]
    assert (0, 0, True) == (result.losses, result.hangs, result.records >= sum(rows.values()))


@pytest.mark.accept
@pytest.mark.slow
def test_repeated_syncs_and_checks_leak_no_thread_connection_or_memory() -> None:
    """Including syncs that their caller abandons."""
    for result in repeats(SEED, times=9):
        assert [] == [complaint for complaint in result.complaints if "a row cost" not in complaint], result.tried
        assert (0, 0) == (result.losses, result.hangs), result.tried


STEADY = [ProcessMetrics(rows=1000 * n, cpu=n / 10, memory=100, threads=20, files=9) for n in range(30)]


def test_steady_metrics_are_no_growth() -> None:
    assert [] == growth(STEADY)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"memory": 130}, "memory grew from 100 to 130 MB"),
        ({"threads": 40}, "threads grew from 20 to 40"),
        ({"files": 30}, "open files grew from 9 to 30"),
    ],
)
def test_growing_metrics_are_named(changes: dict[str, float], expected: str) -> None:
    grown = [replace(one, **changes) if one.rows >= 20_000 else one for one in STEADY]
    assert [expected] == growth(grown)


def test_rising_cpu_time_per_row_is_named() -> None:
    slowed = [replace(one, cpu=one.cpu + max(one.rows - 20_000, 0) / 20_000) for one in STEADY]
    assert ["a row cost 100 µs of a processor, and later 150"] == growth(slowed)


def test_missing_repeated_and_unknown_rows_are_counted() -> None:
    with Simulator(users=3, log_events=0, organizations=2, seed=SEED) as sim:
        inventory, ids = Inventory(row_counts(sim), SEED), sorted(sim.tenant.users)
    for user_id in (ids[0], ids[0], ids[1], "auth0|nobody"):
        inventory.take(f'{{"type":"RECORD","record":{{"stream":"users","data":{{"user_id":"{user_id}"}}}}}}'.encode())
    assert (1, 1, 1) == (inventory.missing["users"], inventory.repeated, inventory.unknown)
    assert 2 == inventory.missing["organizations"]
