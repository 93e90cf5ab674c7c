"""The framework's component factory, with cursors that this project owns."""

from typing import Any

from airbyte_cdk.models import SyncMode
from airbyte_cdk.sources.declarative.models import DeclarativeStream as DeclarativeStreamModel
from airbyte_cdk.sources.declarative.parsers.model_to_component_factory import ModelToComponentFactory
from airbyte_cdk.sources.declarative.partition_routers.partition_router import PartitionRouter
from airbyte_cdk.sources.streams.concurrent.abstract_stream import AbstractStream
from airbyte_cdk.sources.streams.concurrent.cursor import Cursor
from airbyte_cdk.sources.types import Config


class ComponentFactory(ModelToComponentFactory):
    """Gives a stream with a `cursor_field` the cursor that its retriever's class names.

    The framework's manifest has no word for a custom cursor, and its `incremental_sync` describes one of its own.

    Streams hand on whole pages where `whole_pages` says so; parents never do, since each of their rows makes a slice.
    """

    def __init__(self, *, whole_pages: bool, **more: Any) -> None:
        super().__init__(**more)
        self._whole_pages = whole_pages

    def create_default_stream(
        self,
        model: DeclarativeStreamModel,
        config: Config,
        is_parent: bool = False,  # noqa: FBT001, FBT002 - the framework's signature
        **kwargs: Any,
    ) -> AbstractStream:
        """The framework's stream; its retriever learns how its rows are to travel."""
        model.retriever.whole_pages = self._whole_pages and not is_parent  # type: ignore[union-attr] # a custom one
        return super().create_default_stream(model, config, is_parent, **kwargs)

    def _build_concurrent_cursor(
        self,
        model: DeclarativeStreamModel,
        stream_slicer: PartitionRouter | None,
        config: Any,
    ) -> Cursor:
        class_name = model.retriever.class_name  # type: ignore[union-attr] # a custom one
        retriever: Any = self._get_class_from_fully_qualified_class_name(class_name)
        cursor_field = getattr(model, "cursor_field", None)
        if cursor_field is None or not hasattr(retriever, "cursor_class"):
            return super()._build_concurrent_cursor(model, stream_slicer, config)
        configured = self._stream_name_to_configured_stream.get(str(model.name))
        cursor: Cursor = retriever.cursor_class(
            config=config,
            stream_name=model.name,
            cursor_field=cursor_field,
            incremental=configured is None or configured.sync_mode == SyncMode.incremental,
            state_manager=self._connector_state_manager,
            message_repository=self._message_repository,
            configured=configured,
        )
        return cursor


def partition_router_of(stream: Any) -> Any:
    """The partition router of a stream that is another's parent; the framework tells that of its own cursors alone."""
    return stream._stream_partition_generator._stream_slicer  # noqa: SLF001 - it has no other name
