"""A sync of `users` whose workers are stepped by hand, and the table that its rows make."""

import json
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from types import SimpleNamespace
from typing import Any

from airbyte_cdk.models import AirbyteMessage, SyncMode, Type
from airbyte_cdk.sources.connector_state_manager import ConnectorStateManager
from airbyte_cdk.sources.types import StreamSlice

from source_auth0.retrievers.user_search.time_slices import TimeSlice
from source_auth0.retrievers.users.cursor import UserCursor
from testing.fakes.clock import SteppingCondition
from testing.fakes.event_log import FixedClockTenant
from testing.fakes.user_search import User, UserDirectory, ids, user_retriever

#: The filter of a config without one, as a state holds it.
EVERYBODY = {"start_date": None, "connections": None}


class UserSync:
    """One sync of a directory's users, read step by step.

    choose: given the number of readers, which of them runs the next step, and how many rows it reads. second: the
    time, in seconds after midnight; noon, unless a test says otherwise. generation: the number of a full refresh, or
    None. config: options besides the directory's.
    """

    def __init__(  # noqa: PLR0913 - what syncs differ in
        self,
        directory: UserDirectory,
        saved: dict[str, Any] | list[Any] | None = None,
        *,
        incremental: bool = True,
        choose: Callable[[int], tuple[int, int]] = lambda _: (0, 100),
        second: float = FixedClockTenant.second,
        generation: int | None = None,
        **config: Any,
    ) -> None:
        tenant = FixedClockTenant({**directory.tenant.config, **config})
        tenant.second = second
        directory.tenant = tenant
        self.directory, self.choose = directory, choose
        self.manager = ConnectorStateManager(saved if isinstance(saved, list) else [])
        if isinstance(saved, dict):
            self.manager.update_state_for_stream("users", None, saved)
        self.cursor = UserCursor(
            config=directory.tenant.config,
            stream_name="users",
            cursor_field="updated_at",
            incremental=incremental,
            state_manager=self.manager,
            message_repository=self,
            configured=_configured(generation),
        )
        self.stream = user_retriever(directory, cursor=self.cursor)
        self.cursor.changed = SteppingCondition(self.step)
        self.readers: list[tuple[StreamSlice, Iterator[User]]] = []
        self.rows: list[User] = []
        #: The emitted states, each with the number of rows before it.
        self.states: list[tuple[int, dict[str, Any]]] = []
        self.other_messages: list[AirbyteMessage] = []
        self.max_readers = 0

    def emit_message(self, message: AirbyteMessage) -> None:
        """Keep a message; a state as it was at this moment, without the time of the last full reading."""
        if message.type is Type.STATE:
            assert message.state is not None
            assert message.state.stream is not None
            text = json.dumps(vars(message.state.stream.stream_state))
            state = json.loads(text)
            state.pop("full_at", None)
            self.states.append((len(self.rows), state))
        else:
            self.other_messages.append(message)

    def step(self) -> None:
        """Run one step of a reader."""
        which, number = self.choose(len(self.readers))
        part, rows = self.readers[which % len(self.readers)]
        read = 0
        for row in islice(rows, number):
            self.rows.append(row)
            read += 1
        if read < number:
            self.readers.remove((part, rows))
            self.close(part)

    def close(self, part: StreamSlice) -> None:
        """Close a slice, as the framework does after its last row."""
        self.cursor.close_partition(SimpleNamespace(to_slice=lambda: part))  # type: ignore[arg-type]

    def parts(self) -> Iterator[StreamSlice]:
        """The slices as they are planned, each with a reader."""
        for part in self.cursor.stream_slices():
            self.readers.append((part, self.stream.read_records({}, part)))  # type: ignore[arg-type]
            self.max_readers = max(self.max_readers, len(self.readers))
            yield part

    def read_all(self) -> list[str]:
        """The ids of all rows."""
        list(self.parts())
        assert self.readers == []
        self.cursor.ensure_at_least_one_state_emitted()
        return ids(self.rows)

    @property
    def time_slices(self) -> list[TimeSlice]:
        """The slices of the walk proper, with the parts that were split off."""
        return [] if self.cursor.walk is None else self.cursor.walk.slices

    @property
    def newest(self) -> dict[str, User]:
        """The newest row of each user, as a destination that deduplicates keeps it."""
        return newest_rows(self.rows)


def _configured(generation: int | None) -> Any:
    """The stream in the catalog of a full refresh of a generation."""
    fields = {"sync_mode": SyncMode.full_refresh, "sync_id": 1}
    return SimpleNamespace(generation_id=generation, minimum_generation_id=generation, **fields)


def newest_rows(rows: Iterable[User]) -> dict[str, User]:
    """The newest row of each user."""
    newest: dict[str, User] = {}
    for row in rows:
        if row["user_id"] not in newest or row["updated_at"] >= newest[row["user_id"]]["updated_at"]:
            newest[row["user_id"]] = row
    return newest


def state_of(updated_at: str, **more: Any) -> dict[str, Any]:
    """The state of a complete sync without a filter; `more` are further keys, or other values."""
    return {"updated_at": updated_at, "v": 2, "read_with": EVERYBODY, **more}
