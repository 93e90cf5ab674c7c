"""Syncs that are killed at random points, a few for each stream set; `make soak SUITES=kills` does hundreds."""

import pytest

from soak.kills.stream_sets import STREAM_SETS, StreamSet
from soak.kills.sync_chain import SyncChain


@pytest.mark.slow
@pytest.mark.parametrize("number", range(len(STREAM_SETS)), ids=[stream_set.name for stream_set in STREAM_SETS])
def test_repeatedly_killed_syncs_end_complete(number: int) -> None:
    """With SIGKILL, SIGTERM and SIGINT: whole lines, correct exit codes, monotonic states, few repeated rows."""
    stream_set: StreamSet = STREAM_SETS[number]
    outcome = SyncChain(stream_set, workers=(2, 16)[number % 2], seed=number).run(kills=4, resumed=1)
    assert ([], [], 0) == (outcome.losses, outcome.complaints, outcome.hangs)
    assert outcome.kills >= 1
    assert outcome.rows >= stream_set.rows / 10
