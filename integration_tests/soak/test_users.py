"""A busy tenant whose search index is late, with 600 users; with 20,000: `make soak SUITES=users`."""

import pytest

from soak.users.scenario import Scenario
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
