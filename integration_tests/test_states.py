"""A few of the states that `make soak SUITES=states` tries: refused with a sentence, or read without a loss."""

from collections.abc import Iterator

import pytest

from auth0_simulator import Simulator
from integration_tests.conftest import config_of
from soak.states.files import files
from soak.states.foreign import foreign, giant
from soak.states.suite import Kind, left, mutated, tenant
from soak.tally import Tally

SEED = 7


@pytest.fixture(scope="module")
def small() -> Iterator[Simulator]:
    with tenant(SEED) as simulator:
        yield simulator


@pytest.mark.parametrize("name", ["users", "logs", "changes", "user_roles"])
def test_states_that_nobody_left_lose_nothing(small: Simulator, name: str) -> None:
    kind, tally = Kind(name, small).learn(), Tally(name)
    left(kind, tally)
    mutated(kind, tally, SEED, 8)
    assert ([], True) == (tally.complaints, tally.is_clean)
    assert 8 < tally.runs


def test_states_of_others_and_giant_ones_lose_nothing(small: Simulator) -> None:
    kind, tally = Kind("logs", small).learn(), Tally("logs")
    for saved in [*foreign(), *giant(kind.states[0])[:-1]]:
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
    tally = files(config_of(small, users_safety_lag=0), 450, names)
    assert ([], 5) == (tally.complaints, tally.runs)
