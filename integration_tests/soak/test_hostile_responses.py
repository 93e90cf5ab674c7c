"""A few of the answers of `make soak SUITES=hostile_responses`: read as far as they go, or refused with a sentence."""

from collections.abc import Callable, Iterator

import pytest

from auth0_simulator import Simulator
from soak.hostile_responses.event_streams import events
from soak.hostile_responses.export_files import exports
from soak.hostile_responses.injected_ids import columns, cursors, ids
from soak.hostile_responses.intercepting_proxy import InterceptingProxy
from soak.hostile_responses.memory_limits import memory
from soak.hostile_responses.suite import bodies, framing, tokens
from soak.hostile_responses.trial_tenant import SPEED, TrialTenant
from soak.tally import Tally
from testing.fast_clock import fast_clock

SEED = 7
FRAMES = ["a length that is longer", "a giant chunk", "gzip in gzip", "headers without an end", "a redirect to itself"]
FILES = ["lines that are no users", "half of a surrogate pair", "a gigabyte of blanks", "names that are none"]
STREAMS = ["a line without an end", "an offset that is a number", "half of a surrogate pair", "a pause of days"]
TEXTS = ["a/b", "..", "a\r\nX-Injected: 1", "{{ config }}", "1_000", "\ud83d"]


@pytest.fixture(scope="module")
def stage() -> Iterator[TrialTenant]:
    with Simulator(users=30, organizations=2, log_events=60) as sim, InterceptingProxy(sim.base_url) as intruder:
        yield TrialTenant(sim, intruder)


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
def test_hostile_answers_are_survived(stage: TrialTenant, attack: Callable[[TrialTenant], Tally]) -> None:
    with fast_clock(SPEED):
        tally = attack(stage)
    assert ([], True) == (tally.complaints, tally.is_clean)
    assert 4 <= tally.runs


def test_ids_lead_nowhere_else(stage: TrialTenant) -> None:
    tally = ids(stage, TEXTS)
    assert ([], 6) == (tally.complaints, tally.runs)


def test_checkpoints_are_handed_back_as_they_came(stage: TrialTenant) -> None:
    tally = cursors(stage, TEXTS)
    assert ([], 6) == (tally.complaints, tally.runs)


def test_attributes_of_profiles_decide_on_nothing(stage: TrialTenant) -> None:
    assert [] == columns(stage).complaints


def test_a_small_answer_that_unpacks_to_gigabytes_is_refused() -> None:
    (tally,) = memory(["a gzip of 2.5 GB"])
    assert [] == tally.complaints
