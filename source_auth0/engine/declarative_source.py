"""The framework's declarative source with the parts replaced that it makes for itself.

Every private name of the framework's that the connector leans on is used in this folder and nowhere else;
unit_tests/engine/test_framework_contract.py holds each of them.
"""

import logging
from collections.abc import Callable, Collection, Iterable, Mapping
from concurrent.futures import Executor
from typing import Any

from airbyte_cdk.models import AirbyteStateMessage, ConfiguredAirbyteCatalog
from airbyte_cdk.sources.declarative.concurrent_declarative_source import ConcurrentDeclarativeSource
from airbyte_cdk.sources.message import NoopMessageRepository
from airbyte_cdk.sources.streams.concurrent.abstract_stream import AbstractStream
from airbyte_cdk.sources.streams.concurrent.cursor import FinalStateCursor
from airbyte_cdk.sources.streams.concurrent.default_stream import DefaultStream
from airbyte_cdk.sources.streams.concurrent.partitions.partition import Partition
from airbyte_cdk.sources.streams.concurrent.partitions.partition_generator import PartitionGenerator

from source_auth0.engine.component_factory import ComponentFactory
from source_auth0.engine.concurrent_source import PageConcurrentSource
from source_auth0.outcomes import StreamOutcome
from source_auth0.progress.sync_progress import SyncProgress

#: How the framework logs, again and again, that a stream still waits for another of its group.
DEFERRAL_PREFIX = "Deferring stream"
#: How it logs the error that it raises next.
FAILURE_PREFIX = "During the sync, the following streams did not sync successfully: "


class PageDeclarativeSource(ConcurrentDeclarativeSource):
    """The framework's source with our threads, queue, component factory and config.

    The framework constructs these inside its own constructor and has no parameter for any of them.
    """

    def __init__(
        self,
        *,
        catalog: ConfiguredAirbyteCatalog | None,
        config: Mapping[str, Any] | None,
        state: list[AirbyteStateMessage] | None,
        config_path: str | None,
        manifest: dict[str, Any],
    ) -> None:
        self.configured_catalog = catalog
        super().__init__(catalog=catalog, config=config, state=state, config_path=config_path, source_config=manifest)
        self.logger.addFilter(is_no_repetition)

    def replace_parts(
        self,
        config: Mapping[str, Any],
        threads: Executor,
        outcome_of: Callable[[str, Collection[str]], StreamOutcome],
        progress: SyncProgress,
        *,
        whole_pages: bool,
    ) -> None:
        """Have streams read by these threads and see this config; `whole_pages` lets rows travel in pages.

        `outcome_of` tells what became of a stream, given its name and those of the streams that it is read for, and
        `progress` how far each is.
        """
        self._config = config
        self._concurrent_source = concurrent_source = PageConcurrentSource(
            threads,
            self.logger,
            self._connector_state_manager.per_stream_states,
            whole_pages=whole_pages,
            outcome_of=outcome_of,
            progress=progress,
        )
        self._message_repository = concurrent_source.messages
        self._constructor = ComponentFactory(
            whole_pages=whole_pages,
            message_repository=concurrent_source.messages,
            configured_catalog=self.configured_catalog,
            connector_state_manager=self._connector_state_manager,
        )

    @property
    def config(self) -> Mapping[str, Any]:
        """The config as the streams see it."""
        return self._config

    @property
    def manifest(self) -> dict[str, Any]:
        """The manifest that streams are made of."""
        return self._source_config

    def replace_manifest(self, manifest: dict[str, Any]) -> None:
        """Make streams of another manifest from now on."""
        self._source_config = self._pre_process_manifest(manifest)

    def create_component(self, model: Any, definition: Mapping[str, Any], config: Mapping[str, Any]) -> Any:
        """A component of the manifest, outside of any stream."""
        return self._constructor.create_component(model, definition, config)

    def configure(self, config: Mapping[str, Any], temp_dir: str) -> Mapping[str, Any]:  # noqa: ARG002
        """The config as the streams see it; the framework's own writes it, secrets and all, into a temporary file."""
        return self._config or config

    def hand_over(self, config: Any, catalog: Any, state: Any) -> None:
        """Have the framework take what was read of these files already; it would read them again, and pipes end."""
        for name, content in (("read_config", config), ("read_catalog", catalog), ("read_state", state)):
            setattr(self, name, lambda _path, content=content: content)

    def _select_streams(
        self, streams: list[AbstractStream], configured_catalog: ConfiguredAirbyteCatalog
    ) -> list[AbstractStream]:
        """The selected streams; those of one group are read one by one, its first before the others."""
        selected = super()._select_streams(streams, configured_catalog)
        for stream in selected:
            stream.block_simultaneous_read = getattr(stream.cursor, "stream_group", "")  # type: ignore[misc] # DefaultStream can
        return sorted(selected, key=lambda stream: not getattr(stream.cursor, "first_in_group", False))

    def _validate_source(self) -> None:
        """Nothing: the manifest comes with the package, whose tests hold the whole against the framework's schema.

        The framework does so at each start, which takes a third of the time to build 100 streams.
        """


class _Failure(PartitionGenerator):
    """Generates no partition, since its stream fails."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def generate(self) -> Iterable[Partition]:
        """Raise the error."""
        raise self._error


def failing_stream(name: str, error: Exception, logger: logging.Logger) -> AbstractStream:
    """A stream that cannot be read, and fails with this error beside the others; it has no rows and no state."""
    cursor = FinalStateCursor(name, None, NoopMessageRepository())
    return DefaultStream(_Failure(error), name, {}, [], None, logger, cursor)


def is_no_repetition(record: logging.LogRecord) -> bool:
    """Whether a log line is none that the framework repeats: that a stream waits for its group, or the sync's error."""
    return not str(record.msg).startswith((DEFERRAL_PREFIX, FAILURE_PREFIX))
