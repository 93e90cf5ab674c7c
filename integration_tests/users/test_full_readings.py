"""The reminder that a stream was not read in full for long, at the end of a sync."""

from collections.abc import Iterator

import pytest

from auth0_simulator import Simulator
from testing.in_process import SyncResult, sync
from testing.tenants import config_of

STREAMS = ("users", "user_roles", "logs", "clients")
A_DAY = 86_400


@pytest.fixture
def sim() -> Iterator[Simulator]:
    with Simulator(users=20, log_events=20, log_days=1) as simulator:
        yield simulator


def log_lines(result: SyncResult) -> list[str]:
    return [message.log.message for message in result.messages if message.log]


def reminders(result: SyncResult) -> list[str]:
    return [line for line in log_lines(result) if line.startswith("Not read in full")]


def test_a_sync_reminds_in_its_last_lines_once_thirty_days_have_passed(sim: Simulator):
    first = sync(config_of(sim), *STREAMS)
    began = f"{sim.clock.now():%Y-%m-%d}"
    assert ["user_roles", "users"] == sorted(name for name in STREAMS if "full_at" in first.state_of(name))
    sim.clock.advance(29 * A_DAY)
    second = sync(config_of(sim), *STREAMS, state=first.state)
    assert [] == reminders(first) + reminders(second)
    sim.clock.advance(2 * A_DAY)
    third = sync(config_of(sim), *STREAMS, state=second.state)
    (reminder,) = reminders(third)
    assert all(f"`{name}` since {began} (31 days)" in reminder for name in ("users", "user_roles"))
    assert reminder in log_lines(third)[-3:]  # behind it, how the last stream ended
    again = sync(config_of(sim), *STREAMS)
    assert [] == reminders(again)
    assert first.state_of("users")["full_at"] < again.state_of("users")["full_at"]


def test_a_state_of_before_is_counted_from_now(sim: Simulator):
    state = sync(config_of(sim), *STREAMS).state
    for message in state:
        message["stream"]["stream_state"].pop("full_at", None)
    sim.clock.advance(400 * A_DAY)
    result = sync(config_of(sim), *STREAMS, state=state)
    assert [] == result.error_messages + reminders(result)
    assert f"{sim.clock.now():%Y-%m-%d}" == result.state_of("user_roles")["full_at"][:10]


def test_a_first_sync_that_was_killed_counts_from_its_beginning(sim: Simulator):
    first = sync(config_of(sim), *STREAMS)
    killed = {state["stream"]["stream_descriptor"]["name"]: state for state in first.states[::-1]}
    sim.clock.advance(A_DAY)
    resumed = sync(config_of(sim), *STREAMS, state=[killed["user_roles"]])
    assert first.state_of("user_roles")["full_at"] == resumed.state_of("user_roles")["full_at"]


def test_the_reminder_can_be_turned_off(sim: Simulator):
    state = sync(config_of(sim), *STREAMS).state
    sim.clock.advance(400 * A_DAY)
    config = {**config_of(sim), "full_reading_reminder_days": 0}
    assert [] == reminders(sync(config, *STREAMS, state=state))
