"""A few of the states that `make soak SUITES=damaged_states` tries: refused with a sentence, or read without a loss."""

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
def test_states_that_nobody_left_lose_nothing(small: Simulator, name: str) -> None:
    kind, tally = StateKind(name, small).learn(), Tally(name)
    try_saved_states(kind, tally)
    try_mutated_states(kind, tally, SEED, 8)
    assert ([], True) == (tally.complaints, tally.is_clean)
    assert 8 < tally.runs


def test_states_of_others_and_giant_ones_lose_nothing(small: Simulator) -> None:
    kind, tally = StateKind("logs", small).learn(), Tally("logs")
    for saved in [*foreign_states(), *giant_states(kind.states[0])[:-1]]:
        kind.judge(saved, tally)
    assert ([], True) == (tally.complaints, tally.is_clean)


def test_whatever_a_state_file_holds_standard_output_has_messages_alone(small: Simulator) -> None:
    names = [
        "half of a list",
        "a malformed state",
        "a hundred thousand levels",
        "nine hundred levels",
        "a global state",
    ]
    tally = state_files(config_of(small, users_safety_lag=0), 450, names)
    assert ([], 5) == (tally.complaints, tally.runs)
