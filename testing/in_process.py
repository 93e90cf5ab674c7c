"""Syncs in this process: fast enough to repeat for many tenants, and open to interference while they run."""

import logging
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import patch

from airbyte_cdk.models import AirbyteMessage, AirbyteStateMessageSerializer, ConfiguredAirbyteCatalogSerializer, Type

from source_auth0 import SourceAuth0
from source_auth0.manifest.assembly import load_stream
from source_auth0.manifest.files import stream_files
from source_auth0.retrievers.user_search.queries import QueryWindow, UserSearch
from source_auth0.retrievers.user_search.time_slices import SearchPage
from testing.command import configured_catalog
from testing.yaml_cache import cache_parsed_yaml

cache_parsed_yaml()
LOGGER = logging.getLogger("airbyte.tests")
INCREMENTAL = {name for name in stream_files() if "cursor_field" in load_stream(name)}


@dataclass
class SyncResult:
    """The output of one sync: rows by stream, the states in order, all other messages, and the error that ended it.

    rows_before: how many rows, of all streams, came before each state. own_rows_before: how many of its own stream.
    """

    records: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list))
    states: list[dict[str, Any]] = field(default_factory=list)
    rows_before: list[int] = field(default_factory=list)
    own_rows_before: list[int] = field(default_factory=list)
    messages: list[AirbyteMessage] = field(default_factory=list)
    error: Exception | None = None

    def state_of(self, stream: str) -> dict[str, Any]:
        """The content of a stream's last state."""
        found = [s for s in self.states if s["stream"]["stream_descriptor"]["name"] == stream]
        return dict(found[-1]["stream"]["stream_state"])

    @property
    def error_messages(self) -> list[str]:
        """What the streams failed with; an error without a message of its stream is one too."""
        errors = [m.trace.error.message or "" for m in self.messages if m.trace and m.trace.error]
        return errors or ([repr(self.error)] if self.error else [])

    @property
    def state(self) -> list[dict[str, Any]]:
        """The last state of each stream, as the next sync takes it."""
        return list({s["stream"]["stream_descriptor"]["name"]: s for s in self.states}.values())


def catalog_of(*names: str, full_refresh: bool = False) -> dict[str, Any]:
    """A configured catalog of these streams, incremental where they offer it."""
    modes = {name: ["full_refresh", "incremental"][: 1 + (name in INCREMENTAL)] for name in names}
    streams = [{"name": name, "json_schema": {}, "supported_sync_modes": mode} for name, mode in modes.items()]
    return configured_catalog(streams, full_refresh=full_refresh)


def sync(
    config: Mapping[str, Any],
    *names: str,
    state: list[dict[str, Any]] | None = None,
    full_refresh: bool = False,
    catalog: dict[str, Any] | None = None,
) -> SyncResult:
    """Read these streams, or those of a catalog; an error that ends the sync is kept in the result, not raised."""
    catalog = ConfiguredAirbyteCatalogSerializer.load(catalog or catalog_of(*names, full_refresh=full_refresh))
    saved = [AirbyteStateMessageSerializer.load(message) for message in state or []]
    source = SourceAuth0(catalog, dict(config), saved)
    done = SyncResult()
    try:
        for message in source.read(LOGGER, source.configure(dict(config), ""), catalog, saved):
            if message.type == Type.RECORD and message.record:
                done.records[message.record.stream].append(message.record.data)
            elif message.type == Type.STATE and message.state:
                done.states.append(AirbyteStateMessageSerializer.dump(message.state))
                done.rows_before.append(sum(map(len, done.records.values())))
                stream = done.states[-1]["stream"]["stream_descriptor"]["name"]
                done.own_rows_before.append(len(done.records.get(stream, ())))
            else:
                done.messages.append(message)
    except Exception as error:  # noqa: BLE001 - tests look at whatever ended the sync
        done.error = error
    return done


@contextmanager
def after_each_user_search(act: Callable[[int], None]) -> Iterator[None]:
    """Call `act` after every page of the user search, with the number of pages so far."""
    original, count = UserSearch.find, 0

    def find(search: UserSearch, window: QueryWindow, *args: Any, **options: Any) -> SearchPage:
        nonlocal count
        found = original(search, window, *args, **options)
        count += 1
        act(count)
        return found

    with patch.object(UserSearch, "find", find):
        yield
