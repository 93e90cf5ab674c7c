"""The heartbeat of a sync: a state that says nothing new, sent while no stream has rows."""

import time
from collections.abc import Mapping

from airbyte_cdk.models import (
    AirbyteMessage,
    AirbyteStateBlob,
    AirbyteStateMessage,
    AirbyteStateType,
    AirbyteStreamState,
    AirbyteStreamStatus,
    StreamDescriptor,
    Type,
)

#: Seconds without a row or a state after which a state is repeated; metadata.yaml's `maxSecondsBetweenMessages` is
#: twelve times as long.
HEARTBEAT_SECONDS = 300.0


class Heartbeat:
    """Repeats the last state of a stream that is being read, once five minutes have passed without a row or a state.

    Airbyte counts these two alone, and ends a sync that sends none; a stream may wait for an export or a rate limit, or
    walk through millions of users that have not changed. A state is repeated only after it was emitted, so that it is
    never ahead of rows that are still in the queue. Used by the thread that emits the messages.
    """

    def __init__(self, saved: Mapping[str, AirbyteStateBlob | None]) -> None:
        """Begin with the states that the sync was given, by stream."""
        self._states = {stream: state for stream, state in saved.items() if state is not None}
        self._running: dict[str, None] = {}
        self._last_at = time.monotonic()

    def observe(self, message: AirbyteMessage) -> None:
        """Follow a message that is emitted: a row or a state, or the status of a stream."""
        if message.type in {Type.RECORD, Type.STATE}:
            self._last_at = time.monotonic()
        if message.state is not None and message.state.stream is not None:
            self._states[message.state.stream.stream_descriptor.name] = (
                message.state.stream.stream_state or AirbyteStateBlob()
            )
        elif message.trace is not None and (status := message.trace.stream_status) is not None:
            if status.status is AirbyteStreamStatus.STARTED:
                self._running[status.stream_descriptor.name] = None
            elif status.status is not AirbyteStreamStatus.RUNNING:
                self._running.pop(status.stream_descriptor.name, None)

    def due(self) -> AirbyteMessage | None:
        """The state to repeat, if it is time; an empty one for a stream that has none yet."""
        if time.monotonic() - self._last_at < HEARTBEAT_SECONDS or not self._running:
            return None
        stream = next((name for name in self._running if name in self._states), next(iter(self._running)))
        state = AirbyteStreamState(
            stream_descriptor=StreamDescriptor(name=stream), stream_state=self._states.get(stream, AirbyteStateBlob())
        )
        return AirbyteMessage(type=Type.STATE, state=AirbyteStateMessage(type=AirbyteStateType.STREAM, stream=state))
