"""The retriever of `readings`."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from airbyte_cdk.sources.declarative.retrievers.retriever import Retriever
from airbyte_cdk.sources.types import StreamSlice

from source_auth0.records import Row
from source_auth0.retrievers.readings.cursor import ReadingsCursor


@dataclass
class ReadingsRetriever(Retriever):
    """Reads nothing: the streams that follow changes write the rows, at no request."""

    config: dict[str, Any] = field(repr=False)
    cursor: ReadingsCursor | None = None
    cursor_class: ClassVar[type[ReadingsCursor]] = ReadingsCursor

    def read_records(
        self,
        records_schema: Mapping[str, Any],  # noqa: ARG002 - there are no rows of its own
        stream_slice: StreamSlice | None = None,  # noqa: ARG002 - nor slices
    ) -> Iterator[Row]:
        """No row."""
        yield from ()
