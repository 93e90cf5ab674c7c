"""A sync of `logs` or of a derived stream whose readers run step by step in an order that the test chooses."""

import json
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

from airbyte_cdk.models import AirbyteMessage, Type
from airbyte_cdk.sources.connector_state_manager import ConnectorStateManager
from airbyte_cdk.sources.types import StreamSlice

from source_auth0.api.tenant import Tenant
from source_auth0.retrievers.cursors.work_items import work_item
from source_auth0.retrievers.logs.cursors import LogCursor, LogRangeWorkItem
from source_auth0.retrievers.logs.retrievers import LogEventsRetriever
from testing.fakes.clock import SteppingCondition
from testing.fakes.event_log import Event, EventLog, FakeLogRequester, FixedClockTenant, ids


class LogSync:
    """One sync of the stream `logs`, or of a stream derived from it, in this thread.

    choose: given the number of readers, which of them runs next and how many rows it reads.
    """

    def __init__(  # noqa: PLR0913 - what a sync depends on; each test sets one or two of these
        self,
        server: EventLog,
        saved: dict[str, Any] | None = None,
        *,
        incremental: bool = True,
        choose: Callable[[int], tuple[int, int]] = lambda _: (0, 100),
        stream: type[Any] = LogEventsRetriever,
        tenant: Tenant | None = None,
        second: float = 43_200,
        name: str = "logs",
        transformations: tuple[Any, ...] = (),
        **config: Any,
    ) -> None:
        self.tenant = FixedClockTenant(config) if tenant is None else tenant
        self.tenant.second = second  # type: ignore[attr-defined] # a test's own tenant is a FixedClockTenant too
        self.server, self.choose = server, choose
        self.manager = ConnectorStateManager([])
        if saved is not None:
            self.manager.update_state_for_stream(name, None, saved)
        self.cursor = stream.cursor_class(
            config=self.tenant.config,
            stream_name=name,
            cursor_field="log_id",
            incremental=incremental,
            state_manager=self.manager,
            message_repository=self,
        )
        self.stream = stream(
            config=self.tenant.config,
            name=name,
            requester=FakeLogRequester(server, self.tenant, name),
            cursor=self.cursor,
            transformations=list(transformations),
        )
        self.readers: list[Iterator[Event]] = []
        self.rows: list[Event] = []
        #: The states that were emitted, each with the number of rows before it.
        self.states: list[tuple[int, dict[str, Any]]] = []
        #: The largest number of readers at one time.
        self.max_readers = 0

    def emit_message(self, message: AirbyteMessage) -> None:
        """Record a state; this is the cursor's message repository."""
        assert message.type is Type.STATE
        assert message.state
        assert message.state.stream
        self.states.append((len(self.rows), json.loads(json.dumps(vars(message.state.stream.stream_state)))))

    def step(self) -> None:
        """Run one step of a reader; a row counts as read once the next one is asked for, as in the framework."""
        which, number = self.choose(len(self.readers))
        rows, read = self.readers[which % len(self.readers)], 0
        try:
            for row in islice(rows, number):
                self.rows.append(row)
                read += 1
        except Exception:
            self.readers.remove(rows)
            raise
        if read < number:
            self.readers.remove(rows)

    def parts(self) -> Iterator[StreamSlice]:
        """The slices of the sync, each with a reader of its own."""
        for part in self.cursor.stream_slices():
            if isinstance(self.cursor, LogCursor) and not self.readers:
                work_item(LogRangeWorkItem, part, "logs").reader.changed = SteppingCondition(self.step)
            self.readers.append(self.stream.read_records({}, part))
            self.max_readers = max(self.max_readers, len(self.readers))
            yield part

    def read_all(self) -> list[int]:
        """Sync to the end: the numbers of all events, in the order in which they were read."""
        for _ in self.parts():
            pass
        while self.readers:
            self.step()
        self.cursor.ensure_at_least_one_state_emitted()
        return ids(self.rows)

    @property
    def state(self) -> dict[str, Any]:
        """The last state."""
        return self.states[-1][1]
