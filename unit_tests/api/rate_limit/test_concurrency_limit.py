import threading
from types import SimpleNamespace
from typing import Any

import pytest

from source_auth0.api.rate_limit import concurrency_limit as limit_module
from source_auth0.api.rate_limit.concurrency_limit import INITIAL_LIMIT, MAX_LIMIT, MIN_LIMIT, AdaptiveConcurrencyLimit
from testing.threads import in_threads


def record_windows(
    limiter: AdaptiveConcurrencyLimit, number: int, *, taken: int, seconds: float = 0.1, waited: bool = False
) -> None:
    """Record so many windows of responses while so many slots are acquired."""
    for _ in range(number):
        for _ in range(taken):
            limiter.acquire()
        for _ in range(limiter.limit):
            limiter.record_latency("GET /things", seconds, waited=waited)
        for _ in range(taken):
            limiter.release()


def record_window(limiter: AdaptiveConcurrencyLimit, *seconds: float, waited: int = 0) -> None:
    """Record responses of these latencies, with all slots acquired unless some requests waited for the rate limit."""
    for _ in range(0 if waited else limiter.limit):
        limiter.acquire()
    for number, took in enumerate(seconds):
        limiter.record_latency("GET /things", took, waited=number < waited)
    for _ in range(limiter._in_flight):
        limiter.release()


def test_the_initial_limit_is_eight():
    assert 8 == INITIAL_LIMIT == AdaptiveConcurrencyLimit().limit


def test_no_more_are_acquired_than_the_limit():
    limiter = AdaptiveConcurrencyLimit(2)
    assert [True, True, False] == [limiter.acquire(blocking=False) for _ in range(3)]
    limiter.release()
    assert limiter.acquire(blocking=False)


def test_a_waiting_thread_acquires_a_released_slot():
    limiter, passed = AdaptiveConcurrencyLimit(2), []

    def acquire(index: int) -> None:
        with limiter:
            passed.append(index)

    in_threads(6, acquire)
    assert list(range(6)) == sorted(passed)


def test_acquire_blocks_until_a_release(monkeypatch: pytest.MonkeyPatch):
    waits: list[Any] = []

    class Waiting(threading.Condition):
        def wait(self, timeout: float | None = None) -> bool:
            waits.append(timeout)
            limiter.release()
            return True

    monkeypatch.setattr(limit_module, "threading", SimpleNamespace(Condition=Waiting))
    limiter = AdaptiveConcurrencyLimit(1)
    assert limiter.acquire()
    assert [] == waits
    assert limiter.acquire()
    assert [None] == waits


@pytest.mark.parametrize(
    ("responses", "expected"), [(INITIAL_LIMIT - 1, INITIAL_LIMIT), (INITIAL_LIMIT, INITIAL_LIMIT + 1)]
)
def test_a_window_has_as_many_responses_as_the_limit(responses: int, expected: int):
    limiter = AdaptiveConcurrencyLimit()
    record_window(limiter, *[0.1] * responses)
    assert expected == limiter.limit


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        ([1.0, *[2.0] * 7], INITIAL_LIMIT + 1),
        ([1.0, 3.0, *[2.0] * 6], INITIAL_LIMIT),
    ],
)
def test_it_grows_while_the_mean_latency_is_below_twice_the_lowest(seconds: list[float], expected: int):
    limiter = AdaptiveConcurrencyLimit()
    record_window(limiter, *seconds)
    assert expected == limiter.limit


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        ([1.0, *[2.0] * 9], INITIAL_LIMIT + 3),
        ([4.0] * 10, INITIAL_LIMIT + 2),
        ([4.5, *[4.0] * 9], INITIAL_LIMIT + 1),
    ],
)
def test_each_window_is_measured_by_itself(seconds: list[float], expected: int):
    limiter = AdaptiveConcurrencyLimit()
    record_window(limiter, *[1.0] * 8)
    record_window(limiter, *[1.0] * 9)
    record_window(limiter, *seconds)
    assert expected == limiter.limit


@pytest.mark.parametrize(("waited", "expected"), [(4, INITIAL_LIMIT), (5, INITIAL_LIMIT - 1)])
def test_it_shrinks_where_most_requests_of_a_window_waited_for_the_rate_limit(waited: int, expected: int):
    limiter = AdaptiveConcurrencyLimit()
    record_window(limiter, *[0.1] * 8, waited=4)
    record_window(limiter, *[0.1] * 8, waited=waited)
    assert expected == limiter.limit


def test_it_grows_by_one_a_window_while_all_slots_are_acquired():
    limiter = AdaptiveConcurrencyLimit()
    record_windows(limiter, 1, taken=INITIAL_LIMIT)
    for expected in range(INITIAL_LIMIT + 1, INITIAL_LIMIT + 4):
        assert expected == limiter.limit
        record_windows(limiter, 1, taken=limiter.limit)


def test_it_does_not_grow_while_slots_are_free():
    limiter = AdaptiveConcurrencyLimit()
    record_windows(limiter, 5, taken=INITIAL_LIMIT - 1)
    assert INITIAL_LIMIT == limiter.limit


def test_it_never_grows_beyond_its_maximum():
    limiter = AdaptiveConcurrencyLimit()
    for _ in range(2 * MAX_LIMIT):
        record_windows(limiter, 1, taken=limiter.limit)
    assert MAX_LIMIT == limiter.limit


def test_higher_latency_stops_growth_and_much_higher_latency_shrinks_it_to_the_initial_limit():
    limiter = AdaptiveConcurrencyLimit()
    for _ in range(10):
        record_windows(limiter, 1, taken=limiter.limit)
    grown = limiter.limit
    for _ in range(5):
        record_windows(limiter, 1, taken=limiter.limit, seconds=0.3)
    assert grown == limiter.limit
    for _ in range(50):
        record_windows(limiter, 1, taken=limiter.limit, seconds=0.5)
    assert INITIAL_LIMIT == limiter.limit


def test_it_shrinks_to_what_the_rate_limit_needs():
    """Requests wait for tokens and two at most are in flight; one slot more is kept."""
    limiter = AdaptiveConcurrencyLimit()
    record_windows(limiter, 20, taken=2, waited=True)
    assert MIN_LIMIT == limiter.limit


def test_a_configured_limit_does_not_adapt():
    limiter = AdaptiveConcurrencyLimit(5)
    record_windows(limiter, 10, taken=5)
    record_windows(limiter, 10, taken=1, waited=True)
    assert 5 == limiter.limit


def test_latency_is_compared_per_endpoint():
    """A slow endpoint beside a fast one is no sign of congestion."""
    limiter = AdaptiveConcurrencyLimit()
    for _ in range(INITIAL_LIMIT):
        limiter.acquire()
    for number in range(INITIAL_LIMIT):
        limiter.record_latency(f"GET /{number % 2}", (0.05, 1.0)[number % 2], waited=False)
    assert INITIAL_LIMIT + 1 == limiter.limit


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_an_exception_releases_the_slot(error: type[BaseException]):
    limiter = AdaptiveConcurrencyLimit(1)
    with pytest.raises(error), limiter:
        raise error
    assert limiter.acquire(blocking=False)
