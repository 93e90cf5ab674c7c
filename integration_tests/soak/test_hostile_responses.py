"""A few of the responses of `make soak SUITES=hostile_responses`: read as far as valid, or rejected with a message."""

from collections.abc import Callable, Iterator

import pytest

from soak.hostile_responses.event_streams import events
from soak.hostile_responses.export_files import exports
from soak.hostile_responses.injected_ids import columns, cursors, ids
from soak.hostile_responses.memory_limits import memory
from soak.hostile_responses.suite import bodies, framing, tokens
from soak.hostile_responses.trial_tenant import SPEED, TrialTenant, trial_tenant
from soak.tally import Tally
from testing.fast_clock import fast_clock

SEED = 7
FRAMES = ["a length that is longer", "a giant chunk", "gzip in gzip", "headers without an end", "a redirect to itself"]
FILES = ["lines that are no users", "half of a surrogate pair", "a gigabyte of blanks", "names that are none"]
STREAMS = ["a line without an end", "an offset that is a number", "half of a surrogate pair", "a pause of days"]
TEXTS = ["a/b", "..", "a\r\nX-Injected: 1", "{{ config }}", "1_000", "\ud83d"]


@pytest.fixture(scope="module")
def tenant() -> Iterator[TrialTenant]:
    with trial_tenant(SEED) as found:
        yield found


@pytest.mark.parametrize(
    "attack",
    [
        lambda tenant: bodies(tenant, SEED, 20),
        lambda tenant: tokens(tenant, SEED, 8, FRAMES),
        lambda tenant: framing(tenant, FRAMES),
        lambda tenant: exports(tenant, FILES),
        lambda tenant: events(tenant, STREAMS),
    ],
    ids=["bodies", "tokens", "framing", "exports", "events"],
)
def test_hostile_responses_cause_no_hang_or_unclear_error(
    tenant: TrialTenant, attack: Callable[[TrialTenant], Tally]
) -> None:
    with fast_clock(SPEED):
        tally = attack(tenant)
    assert ([], True) == (tally.complaints, tally.is_clean)
    assert 4 <= tally.runs


def test_hostile_ids_request_no_other_path(tenant: TrialTenant) -> None:
    tally = ids(tenant, TEXTS)
    assert ([], 6) == (tally.complaints, tally.runs)


def test_checkpoints_are_sent_back_unchanged(tenant: TrialTenant) -> None:
    tally = cursors(tenant, TEXTS)
    assert ([], 6) == (tally.complaints, tally.runs)


def test_profile_attributes_override_no_column(tenant: TrialTenant) -> None:
    assert [] == columns(tenant).complaints


def test_a_gzip_bomb_is_rejected() -> None:
    (tally,) = memory(["a gzip of 2.5 GB"])
    assert [] == tally.complaints
