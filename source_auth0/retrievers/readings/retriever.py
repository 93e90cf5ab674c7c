"""The retriever of `readings`."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from airbyte_cdk.sources.declarative.retrievers.retriever import Retriever
from airbyte_cdk.sources.types import StreamSlice

from source_auth0.records import Row
from source_auth0.retrievers.cursors.work_items import work_item
from source_auth0.retrievers.readings.cursor import ReadingsCursor
from source_auth0.retrievers.readings.readings import STREAM, ReadingsWorkItem


@dataclass
class ReadingsRetriever(Retriever):
    """Reads nothing: the streams that follow changes write the rows, at no request, and its cursor has no slice."""

    config: dict[str, Any] = field(repr=False)
    cursor: ReadingsCursor | None = None
    cursor_class: ClassVar[type[ReadingsCursor]] = ReadingsCursor

    def read_records(
        self,
        records_schema: Mapping[str, Any],  # noqa: ARG002 - there are no rows of its own
        stream_slice: StreamSlice | None = None,
    ) -> Iterator[Row]:
        """No row; raises a config error for a slice that another cursor made, rather than leave the table empty."""
        yield from work_item(ReadingsWorkItem, stream_slice or StreamSlice(partition={}, cursor_slice={}), STREAM).page
