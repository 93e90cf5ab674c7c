"""A few of the answers that `make soak SUITES=hostile` tries: read as far as they go, or refused with a sentence."""

from collections.abc import Callable, Iterator

import pytest

from auth0_simulator import Simulator
from soak.hostile.events import events
from soak.hostile.exports import exports
from soak.hostile.ids import columns, cursors, ids
from soak.hostile.memory import memory
from soak.hostile.server import Intruder
from soak.hostile.stage import SPEED, Stage
from soak.hostile.suite import bodies, framing, tokens
from soak.hurry import hurried
from soak.tally import Tally

SEED = 7
FRAMES = ["a length that is longer", "a giant chunk", "gzip in gzip", "headers without an end", "a redirect to itself"]
FILES = ["lines that are no users", "half of a surrogate pair", "a gigabyte of blanks", "names that are none"]
STREAMS = ["a line without an end", "an offset that is a number", "half of a surrogate pair", "a pause of days"]
TEXTS = ["a/b", "..", "a\r\nX-Injected: 1", "{{ config }}", "1_000", "\ud83d"]


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    with Simulator(users=30, organizations=2, log_events=60) as sim, Intruder(sim.base_url) as intruder:
        yield Stage(sim, intruder)


@pytest.mark.parametrize(
    "attack",
    [
        lambda stage: bodies(stage, SEED, 20),
        lambda stage: tokens(stage, SEED, 8, FRAMES),
        lambda stage: framing(stage, FRAMES),
        lambda stage: exports(stage, FILES),
        lambda stage: events(stage, STREAMS),
    ],
    ids=["bodies", "tokens", "framing", "exports", "events"],
)
def test_hostile_answers_are_survived(stage: Stage, attack: Callable[[Stage], Tally]) -> None:
    with hurried(SPEED):
        tally = attack(stage)
    assert ([], True) == (tally.complaints, tally.is_clean)
    assert 4 <= tally.runs


def test_ids_lead_nowhere_else(stage: Stage) -> None:
    tally = ids(stage, TEXTS)
    assert ([], 6) == (tally.complaints, tally.runs)


def test_checkpoints_are_handed_back_as_they_came(stage: Stage) -> None:
    tally = cursors(stage, TEXTS)
    assert ([], 6) == (tally.complaints, tally.runs)


def test_attributes_of_profiles_decide_on_nothing(stage: Stage) -> None:
    assert [] == columns(stage).complaints


def test_a_small_answer_that_unpacks_to_gigabytes_is_refused() -> None:
    (tally,) = memory(["a gzip of 2.5 GB"])
    assert [] == tally.complaints
