"""Airbyte's heartbeat: rows and states, the only messages that it counts, while a stream waits."""

import logging
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from airbyte_cdk.models import AirbyteStateMessageSerializer, ConfiguredAirbyteCatalogSerializer, Type

from auth0_simulator import Simulator
from source_auth0 import SourceAuth0
from source_auth0.engine import concurrent_source
from source_auth0.engine.heartbeat import HEARTBEAT_SECONDS
from testing.fast_clock import FastTime, fast_clock
from testing.in_process import catalog_of, sync
from testing.tenants import config_of

#: The connector's seconds in one of the simulator's.
SPEED = 600


def export_takes_an_hour(sim: Simulator) -> None:
    sim.exports.seconds = 3600 / SPEED


def answers_are_slow(sim: Simulator) -> None:
    sim.latency = 0.4


@pytest.mark.slow
@pytest.mark.parametrize(
    ("stream", "wait", "options"),
    [
        ("users", export_takes_an_hour, {"users_initial_load": "export"}),
        ("user_roles", answers_are_slow, {"num_workers": 2}),
    ],
)
def test_no_wait_is_longer_than_the_heartbeat(
    stream: str, wait: Callable[[Simulator], None], options: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a saved state where the stream has one: it is repeated unchanged."""
    monkeypatch.setattr(concurrent_source, "IDLE_CHECK_SECONDS", 0.01)
    with Simulator(users=60, organizations=1) as sim:
        config = config_of(sim, **options)
        saved = [] if "users_initial_load" in options else sync(config, stream).state
        wait(sim)
        with fast_clock(SPEED):
            clock = FastTime(SPEED)
            catalog = ConfiguredAirbyteCatalogSerializer.load(catalog_of(stream))
            state = [AirbyteStateMessageSerializer.load(message) for message in saved]
            source = SourceAuth0(catalog, config, state)
            began = clock.monotonic()
            times, states = [began], []
            for message in source.read(logging.getLogger("airbyte.tests"), config, catalog, state):
                if message.type in {Type.RECORD, Type.STATE}:
                    times.append(clock.monotonic())
                if message.state is not None:
                    states.append(vars(message.state.stream.stream_state))
    assert times[-1] - began > 2.5 * HEARTBEAT_SECONDS
    gaps = [later - earlier for earlier, later in pairwise(times)]
    assert max(gaps) < 2 * HEARTBEAT_SECONDS  # a busy machine adds its delay, many times over
    assert states[0] == (saved[-1]["stream"]["stream_state"] if saved else {})
