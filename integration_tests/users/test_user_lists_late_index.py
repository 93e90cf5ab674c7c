"""Streams of single users while the search index is late, with 60 users; with 20,000: `make soak SUITES=users`."""

from soak.users.scenario import Scenario
from soak.users.single_users import busy_single_users


def test_two_streams_with_their_deep_look_back_lose_no_change() -> None:
    tally = busy_single_users(5, Scenario(users=60, every=3, lateness=6))
    assert ([], 0) == (tally.complaints, tally.losses)
    assert tally.records > 60
