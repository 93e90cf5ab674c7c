"""The framework's component factory, with cursors that this project owns."""

from typing import Any

from airbyte_cdk.models import SyncMode
from airbyte_cdk.sources.declarative.models import DeclarativeStream as DeclarativeStreamModel
from airbyte_cdk.sources.declarative.parsers.model_to_component_factory import ModelToComponentFactory
from airbyte_cdk.sources.declarative.partition_routers.partition_router import PartitionRouter
from airbyte_cdk.sources.streams.concurrent.cursor import Cursor


class ComponentFactory(ModelToComponentFactory):
    """Gives a stream the cursor that its retriever's class names; the manifest has no word for a custom cursor."""

    def _build_concurrent_cursor(
        self,
        model: DeclarativeStreamModel,
        stream_slicer: PartitionRouter | None,
        config: Any,
    ) -> Cursor:
        class_name = getattr(model.retriever, "class_name", None)
        retriever: Any = self._get_class_from_fully_qualified_class_name(class_name) if class_name else None
        if model.incremental_sync is None or not hasattr(retriever, "cursor_class"):
            return super()._build_concurrent_cursor(model, stream_slicer, config)
        configured = self._stream_name_to_configured_stream.get(model.name or "")
        cursor: Cursor = retriever.cursor_class(
            config=config,
            stream_name=model.name,
            cursor_field=model.incremental_sync.cursor_field,
            incremental=configured is None or configured.sync_mode == SyncMode.incremental,
            state_manager=self._connector_state_manager,
            message_repository=self._message_repository,
        )
        return cursor
