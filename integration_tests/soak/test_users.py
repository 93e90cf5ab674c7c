"""A busy tenant whose search index is late, with 600 users; with 20,000: `make soak SUITES=users`."""

import pytest

from soak.users.scenario import Scenario
from soak.users.single_users import busy_single_users
from soak.users.suite import busy_tenant, quiet_tenant

SEED = 5


@pytest.mark.slow
def test_no_newest_row_is_lost_while_the_index_is_late() -> None:
    fresh, late = busy_tenant(SEED, Scenario(users=600, fresh=2, every=4, lateness=10))
    assert ([], 0, 3) == (fresh.complaints, fresh.losses, fresh.runs)
    assert ([], 0) == (late.complaints, late.losses)


def test_quiet_users_cost_few_requests() -> None:
    tally = quiet_tenant(SEED, 500)
    assert ([], 0) == (tally.complaints, tally.losses)


def test_two_streams_with_their_deep_look_back_lose_no_change() -> None:
    tally = busy_single_users(SEED, Scenario(users=60, every=3, lateness=6))
    assert ([], 0) == (tally.complaints, tally.losses)
    assert tally.records > 60
