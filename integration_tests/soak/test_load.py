"""One process that reads a hundred thousand rows, and many syncs in one; in full: `make soak SUITES=load`."""

from dataclasses import replace

import pytest

from auth0_simulator import Simulator
from soak.load.inventory import Inventory, held
from soak.load.process_metrics import ProcessMetrics, growth
from soak.load.repeated_syncs import repeats
from soak.load.suite import load, tally
from testing.tenants import config_of

SEED = 3


@pytest.mark.slow
def test_a_hundred_thousand_rows_take_no_more_the_longer_it_lasts() -> None:
    """Memory, threads and files; whether a row comes to cost more is for a longer run to tell."""
    with Simulator(users=45_000, log_events=45_000, organizations=60, seed=SEED) as sim:
        rows = held(sim)
        told = tally(load(config_of(sim), rows, SEED), sum(rows.values()))
    assert [] == [complaint for complaint in told.complaints if "a row cost" not in complaint]
    assert (0, 0, True) == (told.losses, told.hangs, told.records >= sum(rows.values()))


@pytest.mark.slow
def test_syncs_and_checks_leave_nothing_behind_in_the_process_that_does_them() -> None:
    """Also syncs that their caller leaves half way: no thread, no connection, no memory."""
    for told in repeats(SEED, times=9):
        assert [] == [complaint for complaint in told.complaints if "a row cost" not in complaint], told.tried
        assert (0, 0) == (told.losses, told.hangs), told.tried


STEADY = [ProcessMetrics(rows=1000 * n, cpu=n / 10, memory=100, threads=20, files=9) for n in range(30)]


def test_what_stays_the_same_is_no_growth() -> None:
    assert [] == growth(STEADY)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"memory": 130}, "memory grew from 100 to 130 MB"),
        ({"threads": 40}, "threads grew from 20 to 40"),
        ({"files": 30}, "open files grew from 9 to 30"),
    ],
)
def test_what_grows_is_named(changes: dict[str, float], expected: str) -> None:
    grown = [replace(one, **changes) if one.rows >= 20_000 else one for one in STEADY]
    assert [expected] == growth(grown)


def test_rows_that_come_to_cost_more_are_named() -> None:
    slowed = [replace(one, cpu=one.cpu + max(one.rows - 20_000, 0) / 20_000) for one in STEADY]
    assert ["a row cost 100 µs of a processor, and later 150"] == growth(slowed)


def test_a_row_that_is_missing_or_comes_twice_is_noticed() -> None:
    with Simulator(users=3, log_events=0, organizations=2, seed=SEED) as sim:
        inventory, ids = Inventory(held(sim), SEED), sorted(sim.tenant.users)
    for user_id in (ids[0], ids[0], ids[1], "auth0|nobody"):
        inventory.take(f'{{"type":"RECORD","record":{{"stream":"users","data":{{"user_id":"{user_id}"}}}}}}'.encode())
    assert (1, 1, 1) == (inventory.missing["users"], inventory.repeated, inventory.strange)
    assert 2 == inventory.missing["organizations"]
