"""A few of the states that `make soak SUITES=damaged_states` tries: rejected with a message, or read without a loss."""

from collections.abc import Iterator

import pytest

from auth0_simulator import Simulator
from soak.damaged_states.foreign_states import foreign_states, giant_states
from soak.damaged_states.state_files import state_files
from soak.damaged_states.suite import StateKind, tenant, try_mutated_states, try_saved_states
from soak.tally import Tally
from testing.tenants import config_of

SEED = 7


@pytest.fixture(scope="module")
def small() -> Iterator[Simulator]:
    with tenant(SEED) as simulator:
        yield simulator


@pytest.mark.parametrize("name", ["users", "logs", "changes", "user_roles"])
def test_mutated_states_lose_no_rows(small: Simulator, name: str) -> None:
    kind, tally = StateKind(name, small).run_first_sync(), Tally(name)
    try_saved_states(kind, tally)
    try_mutated_states(kind, tally, SEED, 8)
    assert ([], True) == (tally.complaints, tally.is_clean)
    assert 8 < tally.runs


def test_foreign_and_giant_states_lose_no_rows(small: Simulator) -> None:
    kind, tally = StateKind("logs", small).run_first_sync(), Tally("logs")
    for saved in [*foreign_states(), *giant_states(kind.states[0])[:-1]]:
        kind.try_state(saved, tally)
    assert ([], True) == (tally.complaints, tally.is_clean)


def test_malformed_state_files_leave_only_messages_on_standard_output(small: Simulator) -> None:
    names = [
        "half of a list",
        "a malformed state",
        "a hundred thousand levels",
        "nine hundred levels",
        "a global state",
    ]
    tally = state_files(config_of(small, users_safety_lag=0), 450, names)
    assert ([], 5) == (tally.complaints, tally.runs)
