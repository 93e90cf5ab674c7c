"""Syncs that are killed at random moments, a few of each kind; `make soak SUITES=kills` does hundreds."""

import pytest

from soak.kills.stream_sets import STREAM_SETS, StreamSet
from soak.kills.sync_chain import SyncChain


@pytest.mark.slow
@pytest.mark.parametrize("number", range(len(STREAM_SETS)), ids=[family.name for family in STREAM_SETS])
def test_syncs_that_are_killed_again_and_again_are_complete_in_the_end(number: int) -> None:
    """With SIGKILL, SIGTERM and SIGINT: whole lines, true exit codes, states that never fall behind, few repeats."""
    family: StreamSet = STREAM_SETS[number]
    came = SyncChain(family, workers=(2, 16)[number % 2], seed=number).run(kills=4, resumed=1)
    assert ([], [], 0) == (came.losses, came.complaints, came.hangs)
    assert came.kills >= 1
    assert came.rows >= family.rows / 10
