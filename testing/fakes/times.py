"""Timestamps around one midnight, written as Auth0 writes them."""

from hypothesis import strategies as st

from source_auth0.timestamps import to_iso

#: 2024-01-01T00:00:00Z
MIDNIGHT = 1_704_067_200_000
#: Where an incremental sync that runs at noon ends.
INCREMENTAL_SYNC_END = "2024-01-01T11:59:00.000Z"


def timestamp(second: float) -> str:
    """The timestamp so many seconds after midnight."""
    return to_iso(MIDNIGHT + round(second * 1000))


def timestamps(most: int) -> st.SearchStrategy[list[float]]:
    """Seconds after midnight, in bursts of up to `most`: in the same millisecond, a millisecond apart, or far apart."""
    burst = st.tuples(st.integers(0, 70_000), st.integers(1, most), st.sampled_from([0, 0.001, 7]))
    return st.lists(burst, max_size=5, unique_by=lambda burst: burst[0]).map(
        lambda bursts: [round(at + n * step, 3) for at, count, step in bursts for n in range(count)]
    )
