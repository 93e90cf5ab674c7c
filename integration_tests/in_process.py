"""Syncs in this very process: quick enough to be repeated for many tenants, and to be interfered with amid a sync."""

import logging
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from airbyte_cdk.models import AirbyteMessage, AirbyteStateMessageSerializer, ConfiguredAirbyteCatalogSerializer, Type

from integration_tests.connector import configured
from integration_tests.parsed_once import parse_once
from source_auth0 import SourceAuth0
from source_auth0.manifest.assembly import load_stream
from source_auth0.manifest.files import stream_files

parse_once()
LOGGER = logging.getLogger("airbyte.tests")
INCREMENTAL = {name for name in stream_files() if "incremental_sync" in load_stream(name)}


@dataclass
class Synced:
    """What one sync gave: rows by stream, the states in order, and the error it ended with."""

    records: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list))
    states: list[dict[str, Any]] = field(default_factory=list)
    messages: list[AirbyteMessage] = field(default_factory=list)
    error: Exception | None = None

    def state_of(self, stream: str) -> dict[str, Any]:
        """The last state's content."""
        found = [s for s in self.states if s["stream"]["stream_descriptor"]["name"] == stream]
        return dict(found[-1]["stream"]["stream_state"])

    @property
    def state(self) -> list[dict[str, Any]]:
        """The last state of each stream, for the next sync."""
        return list({s["stream"]["stream_descriptor"]["name"]: s for s in self.states}.values())


def catalog_of(*names: str, full_refresh: bool = False) -> dict[str, Any]:
    """A configured catalog by names alone."""
    modes = {name: ["full_refresh", "incremental"][: 1 + (name in INCREMENTAL)] for name in names}
    streams = [{"name": name, "json_schema": {}, "supported_sync_modes": mode} for name, mode in modes.items()]
    return configured(streams, full_refresh=full_refresh)


def sync(
    config: Mapping[str, Any], *names: str, state: list[dict[str, Any]] | None = None, full_refresh: bool = False
) -> Synced:
    """Read these streams; an error that the sync ends with is kept, not raised."""
    catalog = ConfiguredAirbyteCatalogSerializer.load(catalog_of(*names, full_refresh=full_refresh))
    saved = [AirbyteStateMessageSerializer.load(message) for message in state or []]
    source = SourceAuth0(catalog, dict(config), saved)
    done = Synced()
    try:
        for message in source.read(LOGGER, source.configure(dict(config), ""), catalog, saved):
            if message.type == Type.RECORD:
                done.records[message.record.stream].append(message.record.data)
            elif message.type == Type.STATE:
                done.states.append(AirbyteStateMessageSerializer.dump(message.state))
            else:
                done.messages.append(message)
    except Exception as error:  # noqa: BLE001 - what the sync ends with is what a test looks at
        done.error = error
    return done
