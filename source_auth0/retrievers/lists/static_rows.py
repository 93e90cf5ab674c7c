"""Static rows, shipped with the connector."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from airbyte_cdk.sources.declarative.retrievers.retriever import Retriever
from airbyte_cdk.sources.types import StreamSlice

from source_auth0.manifest.files import MANIFEST, load_yaml
from source_auth0.records import Row


@dataclass
class StaticRowsRetriever(Retriever):
    """The rows of a YAML file beside the manifest, by group; each of the framework's retrievers makes requests."""

    config: dict[str, Any] = field(repr=False)
    file: str

    def read_records(
        self,
        records_schema: Mapping[str, Any],  # noqa: ARG002 - the rows are typed already
        stream_slice: StreamSlice | None = None,  # noqa: ARG002 - there is only one
    ) -> Iterator[Row]:
        """All rows of the file."""
        for group, rows in load_yaml(MANIFEST / self.file).items():
            for code, (name, outcome, description) in rows.items():
                yield {"code": code, "name": name, "group": group, "outcome": outcome, "description": description}
