import threading
from types import SimpleNamespace
from typing import Any

import pytest

from source_auth0.api.rate_limit import concurrency_limit as gate_module
from source_auth0.api.rate_limit.concurrency_limit import INITIAL_LIMIT, MAX_LIMIT, MIN_LIMIT, AdaptiveConcurrencyLimit
from testing.threads import in_threads


def rounds(
    gate: AdaptiveConcurrencyLimit, number: int, *, taken: int, seconds: float = 0.1, waited: bool = False
) -> None:
    """So many rounds of answers, with so many places taken all the while."""
    for _ in range(number):
        for _ in range(taken):
            gate.acquire()
        for _ in range(gate.limit):
            gate.record_latency("GET /things", seconds, waited=waited)
        for _ in range(taken):
            gate.release()


def answered(gate: AdaptiveConcurrencyLimit, *seconds: float, waited: int = 0) -> None:
    """A round of answers that took so long, with all places taken but where some of its requests had to wait."""
    for _ in range(0 if waited else gate.limit):
        gate.acquire()
    for number, took in enumerate(seconds):
        gate.record_latency("GET /things", took, waited=number < waited)
    for _ in range(gate._in_flight):
        gate.release()


def test_it_starts_with_eight_places():
    assert 8 == INITIAL_LIMIT == AdaptiveConcurrencyLimit().limit


def test_no_more_pass_than_there_are_places():
    gate = AdaptiveConcurrencyLimit(2)
    assert [True, True, False] == [gate.acquire(blocking=False) for _ in range(3)]
    gate.release()
    assert gate.acquire(blocking=False)


def test_whoever_waits_gets_the_next_place():
    gate, passed = AdaptiveConcurrencyLimit(2), []

    def one(index: int) -> None:
        with gate:
            passed.append(index)

    in_threads(6, one)
    assert list(range(6)) == sorted(passed)


def test_whoever_finds_no_place_waits_until_another_gives_one_back(monkeypatch: pytest.MonkeyPatch):
    waits: list[Any] = []

    class Waiting(threading.Condition):
        def wait(self, timeout: float | None = None) -> bool:
            waits.append(timeout)
            gate.release()
            return True

    monkeypatch.setattr(gate_module, "threading", SimpleNamespace(Condition=Waiting))
    gate = AdaptiveConcurrencyLimit(1)
    assert gate.acquire()
    assert [] == waits
    assert gate.acquire()
    assert [None] == waits


@pytest.mark.parametrize(
    ("answers", "expected"), [(INITIAL_LIMIT - 1, INITIAL_LIMIT), (INITIAL_LIMIT, INITIAL_LIMIT + 1)]
)
def test_a_round_is_as_many_answers_as_there_are_places(answers: int, expected: int):
    gate = AdaptiveConcurrencyLimit()
    answered(gate, *[0.1] * answers)
    assert expected == gate.limit


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        ([1.0, *[2.0] * 7], INITIAL_LIMIT + 1),
        ([1.0, 3.0, *[2.0] * 6], INITIAL_LIMIT),
    ],
)
def test_it_grows_while_answers_take_less_than_twice_the_least(seconds: list[float], expected: int):
    gate = AdaptiveConcurrencyLimit()
    answered(gate, *seconds)
    assert expected == gate.limit


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        ([1.0, *[2.0] * 9], INITIAL_LIMIT + 3),
        ([4.0] * 10, INITIAL_LIMIT + 2),
        ([4.5, *[4.0] * 9], INITIAL_LIMIT + 1),
    ],
)
def test_each_round_is_measured_by_itself(seconds: list[float], expected: int):
    gate = AdaptiveConcurrencyLimit()
    answered(gate, *[1.0] * 8)
    answered(gate, *[1.0] * 9)
    answered(gate, *seconds)
    assert expected == gate.limit


@pytest.mark.parametrize(("waited", "expected"), [(4, INITIAL_LIMIT), (5, INITIAL_LIMIT - 1)])
def test_it_shrinks_where_most_requests_of_a_round_had_to_wait(waited: int, expected: int):
    gate = AdaptiveConcurrencyLimit()
    answered(gate, *[0.1] * 8, waited=4)
    answered(gate, *[0.1] * 8, waited=waited)
    assert expected == gate.limit


def test_it_grows_by_one_a_round_while_all_places_are_taken():
    gate = AdaptiveConcurrencyLimit()
    rounds(gate, 1, taken=INITIAL_LIMIT)
    for expected in range(INITIAL_LIMIT + 1, INITIAL_LIMIT + 4):
        assert expected == gate.limit
        rounds(gate, 1, taken=gate.limit)


def test_it_does_not_grow_while_places_are_free():
    gate = AdaptiveConcurrencyLimit()
    rounds(gate, 5, taken=INITIAL_LIMIT - 1)
    assert INITIAL_LIMIT == gate.limit


def test_it_never_grows_beyond_its_bound():
    gate = AdaptiveConcurrencyLimit()
    for _ in range(2 * MAX_LIMIT):
        rounds(gate, 1, taken=gate.limit)
    assert MAX_LIMIT == gate.limit


def test_answers_that_take_longer_stop_it_and_much_longer_ones_shrink_it_to_where_it_began():
    gate = AdaptiveConcurrencyLimit()
    for _ in range(10):
        rounds(gate, 1, taken=gate.limit)
    grown = gate.limit
    for _ in range(5):
        rounds(gate, 1, taken=gate.limit, seconds=0.3)
    assert grown == gate.limit
    for _ in range(50):
        rounds(gate, 1, taken=gate.limit, seconds=0.5)
    assert INITIAL_LIMIT == gate.limit


def test_it_shrinks_to_what_the_rate_limit_needs():
    """Requests wait for tokens and two at most are under way: one place more is kept."""
    gate = AdaptiveConcurrencyLimit()
    rounds(gate, 20, taken=2, waited=True)
    assert MIN_LIMIT == gate.limit


def test_a_number_that_the_config_asks_for_stays():
    gate = AdaptiveConcurrencyLimit(5)
    rounds(gate, 10, taken=5)
    rounds(gate, 10, taken=1, waited=True)
    assert 5 == gate.limit


def test_each_endpoint_is_measured_against_itself():
    """A slow endpoint beside a quick one is no sign of a crowd."""
    gate = AdaptiveConcurrencyLimit()
    for _ in range(INITIAL_LIMIT):
        gate.acquire()
    for answer in range(INITIAL_LIMIT):
        gate.record_latency(f"GET /{answer % 2}", (0.05, 1.0)[answer % 2], waited=False)
    assert INITIAL_LIMIT + 1 == gate.limit


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_a_failure_gives_its_place_back(error: type[BaseException]):
    gate = AdaptiveConcurrencyLimit(1)
    with pytest.raises(error), gate:
        raise error
    assert gate.acquire(blocking=False)
