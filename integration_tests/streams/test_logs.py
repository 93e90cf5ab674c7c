"""The log and the streams derived from it: each event once, whatever the order of dates and late arrivals."""

import random
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from auth0_simulator import Simulator
from source_auth0.retrievers.logs.tenant_log import TenantLog
from testing.in_process import SyncResult, sync
from testing.tenants import config_of

DERIVED = ("changes", "user_deletions")
NOW = datetime.now(timezone.utc)


def ids(synced: SyncResult, stream: str = "logs") -> list[str]:
    return [row["log_id"] for row in synced.records[stream]]


def retained_ids(sim: Simulator) -> list[str]:
    return [row["log_id"] for row in sim.tenant.log.rows()]


def log_requests(sim: Simulator) -> list[dict[str, str]]:
    return [r.query for r in sim.journal if r.template == "/logs"]


def pages(sim: Simulator) -> int:
    return sum("from" in query for query in log_requests(sim))


@contextmanager
def before_each_log_request(action: Callable[[], None]) -> Iterator[None]:
    """Call `action` before every request for the log."""
    original = TenantLog._get

    def get(self: TenantLog, query: Any) -> Any:
        action()
        return original(self, query)

    TenantLog._get = get  # type: ignore[method-assign]
    try:
        yield
    finally:
        TenantLog._get = original  # type: ignore[method-assign]


SKEWS: dict[str, Callable[[int], datetime]] = {
    "evenly": lambda i: NOW - timedelta(seconds=260_000 - 13 * i),
    "most within an hour": lambda i: NOW - timedelta(hours=50 - (i // 18_000) * 49, seconds=-i % 3600),
    "two bursts of a second": lambda i: NOW - timedelta(hours=60 - 50 * (i % 2)) + timedelta(milliseconds=i % 1000),
}


@pytest.mark.parametrize("skew", SKEWS)
def test_every_event_is_read_once_in_few_requests(skew: str) -> None:
    """One request per 100 events, and some to find the beginning and the ranges."""
    times = sorted(map(SKEWS[skew], range(20_000)))
    with Simulator(users=20, log_events=20_000, log_at=lambda i: times[i]) as sim:
        synced = sync(config_of(sim), "logs")
        assert None is synced.error
        assert Counter(retained_ids(sim)) == Counter(ids(synced))
        assert len(log_requests(sim)) <= 1.15 * 20_000 / 100 + 70


def test_the_next_sync_reads_only_new_events() -> None:
    with Simulator(users=20, log_events=900) as sim:
        first = sync(config_of(sim), "logs", *DERIVED)
        new = [sim.tenant.log.add("w", late=seconds) for seconds in (0, 7, 4000)]
        sim.clear_journal()
        second = sync(config_of(sim), "logs", *DERIVED, state=first.state)
        assert (None, new) == (second.error, sorted(ids(second)))
        assert 4 >= pages(sim)
        assert (retained_ids(sim)[-1], {"log_id", "date"}) == (
            second.state_of("logs")["log_id"],
            set(second.state_of("logs")),
        )
        third = sync(config_of(sim), "logs", *DERIVED, state=second.state)
        assert ([], second.state) == (ids(third), third.state)


def test_derived_streams_take_no_requests_beside_the_log() -> None:
    """And without it, no more than the log itself; where the log is split, and so the number of pages, varies."""
    counts = []
    for streams in (("logs",), ("logs", *DERIVED), DERIVED):
        with Simulator(users=20, log_events=4000) as sim:
            synced = sync(config_of(sim), *streams)
            assert None is synced.error
            counts.append(pages(sim))
    alone, beside, derived = counts
    assert abs(alone - beside) <= 8
    assert derived <= alone + 12


@pytest.mark.parametrize("streams", [("logs", *DERIVED), DERIVED, ("changes",), ("user_deletions",)])
def test_derived_rows_do_not_depend_on_the_selected_streams(streams: tuple[str, ...]) -> None:
    with Simulator(users=20, log_events=6000, log_days=20) as sim:
        synced = sync(config_of(sim), *streams)
        writes = [e for e in sim.tenant.log.rows() if e["type"] == "sapi"]
        deleted = [e for e in sim.tenant.log.rows() if e["type"] == "sdu"]
        if "changes" in streams:
            assert [event["log_id"] for event in writes] == ids(synced, "changes")
        if "user_deletions" in streams:
            assert {e["log_id"] for e in deleted} <= set(ids(synced, "user_deletions"))


def test_events_before_the_start_date_are_left_out() -> None:
    """Earlier events that arrive late are left out too."""
    start = (NOW - timedelta(days=1)).replace(microsecond=0)
    with Simulator(users=20, log_events=3000, log_lateness=300) as sim:
        sim.tenant.log.add("w", start - timedelta(minutes=1))
        synced = sync(config_of(sim, start_date=f"{start:%Y-%m-%dT%H:%M:%SZ}"), "logs", *DERIVED)
        since = f"{start:%Y-%m-%dT%H:%M:%S.000Z}"
        expected = [e for e in sim.tenant.log.rows() if e["date"] >= since]
        assert [e["log_id"] for e in expected] == sorted(ids(synced))
        assert [e["log_id"] for e in expected if e["type"] == "sapi"] == ids(synced, "changes")


@pytest.mark.parametrize("events", [0, 1, 100, 101])
def test_a_small_log_is_read_completely(events: int) -> None:
    with Simulator(users=20, log_events=events) as sim:
        first = sync(config_of(sim), "logs", *DERIVED)
        assert (None, retained_ids(sim)) == (first.error, sorted(ids(first)))
        sim.tenant.log.add("w")
        second = sync(config_of(sim), "logs", *DERIVED, state=first.state)
        assert (None, retained_ids(sim)[-1:]) == (second.error, ids(second))


@pytest.mark.parametrize("streams", [("logs", *DERIVED), DERIVED])
@pytest.mark.parametrize("expired", ["oldest", "error", "missing"])
def test_a_saved_id_older_than_the_retention_draws_a_warning(
    expired: str, streams: tuple[str, ...], caplog: pytest.LogCaptureFixture
) -> None:
    """Auth0's response is not documented: in any case all retained events are read, and a warning names the gap."""
    with Simulator(users=20, log_events=900, log_expired=expired, log_retention=5) as sim:
        first = sync(config_of(sim), *streams)
        sim.clock.advance(10 * 86_400)
        sim.tenant.log_api_write("patch", "/clients/abc")
        new = [sim.tenant.log.add("w", late=seconds) for seconds in (0, 86_400, 3, 0)]
        second = sync(config_of(sim), *streams, state=first.state)
        assert (None, 1) == (second.error, len(second.records["changes"]))
        if "logs" in streams:
            assert {*new, second.records["changes"][0]["log_id"]} == {*ids(second)}
        warnings = [message for message in caplog.messages if "no longer keeps the log" in message]
        assert f"`{streams[0]}`" == warnings[0].partition(":")[0]
        assert first.state_of(streams[0])["date"] in warnings[0]


def test_a_state_from_another_tenant_is_an_error_that_says_so() -> None:
    with Simulator(users=20, log_events=50) as sim:
        state = sync(config_of(sim), "logs").state
        state[0]["stream"]["stream_state"] = {"log_id": "9" * 56, "date": "2099-01-01T00:00:00.000Z"}
        again = sync(config_of(sim), "logs", state=state)
        assert [] == ids(again)
        assert "reset the stream's state" in str(again.error)


@pytest.mark.slow
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    seed=st.integers(0, 10**6),
    events=st.integers(0, 1500),
    hours=st.sampled_from([0.01, 1.0, 70.0]),
    lateness=st.sampled_from([0.0, 5.0, 300.0]),
    search_lag=st.sampled_from([0.0, 2.0, 60.0]),
    workers=st.sampled_from([2, 8]),
)
def test_events_arriving_during_syncs_are_read_once(
    seed: int, events: int, hours: float, lateness: float, search_lag: float, workers: int
) -> None:
    """Five syncs, with late events between any two requests: all are read, no id twice."""
    rng = random.Random(seed)
    with Simulator(
        users=5, seed=seed, log_events=events, log_days=hours / 24, log_lateness=lateness, log_search_lag=search_lag
    ) as sim:
        config = config_of(sim, num_workers=workers)

        def add_events() -> None:
            for _ in range(rng.randrange(5)):
                late = rng.choice([0.0, 0.5, 5.0, 300.0, 5000.0])
                if rng.random() < 0.3:
                    sim.tenant.log_api_write("patch", f"/clients/c{rng.random()}", late=late)
                else:
                    sim.tenant.log.add(rng.choice("sfw"), late=late)

        found: dict[str, list[str]] = {"logs": [], "changes": []}
        state: list[dict[str, Any]] | None = None
        for busy in (True, True, True, True, False):
            sim.clock.advance(100)
            with before_each_log_request(add_events if busy else lambda: None):
                synced = sync(config, *found, state=state)
            assert None is synced.error
            state = synced.state or state
            for stream in found:
                found[stream] += ids(synced, stream)
        events_now = sim.tenant.log.rows()
        assert [event["log_id"] for event in events_now] == sorted(found["logs"])
        assert [event["log_id"] for event in events_now if event["type"] == "sapi"] == sorted(found["changes"])
