"""Whom a list is read for: the rows of a parent, those of them that can have any, or the elements of a list in one."""

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from airbyte_cdk.sources.declarative.partition_routers.cartesian_product_stream_slicer import (
    CartesianProductStreamSlicer,
)
from airbyte_cdk.sources.declarative.partition_routers.substream_partition_router import SubstreamPartitionRouter
from airbyte_cdk.sources.types import StreamSlice

from source_auth0.records import partition_columns

LOGGER = logging.getLogger("airbyte.source_auth0")


@dataclass
class ParentFilterRouter(SubstreamPartitionRouter):
    """Only the parents that can have children of this kind: each other one would cost a request for nothing.

    `where` is field to accepted values; the parent stream's config has to name the fields as `extra_fields`.
    """

    where: dict[str, list[Any]] = field(default_factory=dict)

    def stream_slices(self) -> Iterator[StreamSlice]:
        """A slice for each parent whose fields have accepted values; parents of one key are one."""
        seen: set[str] = set()
        for parent in super().stream_slices():
            key = str(partition_columns(parent.partition))
            accepted = all(parent.extra_fields.get(name) in values for name, values in self.where.items())
            if accepted and key not in seen:
                seen.add(key)
                yield parent


@dataclass
class ParentElementsRouter(SubstreamPartitionRouter):
    """A slice for each element of a list in the parents' rows, such as a tenant's enabled locales."""

    elements_of: str = ""

    def stream_slices(self) -> Iterator[StreamSlice]:
        """A slice for each element, under the name of the partition field."""
        name = str(self.parent_stream_configs[0].partition_field.eval(self.config))  # type: ignore[union-attr] # it is
        for parent in super().stream_slices():
            elements = parent.extra_fields.get(self.elements_of) or []
            if not elements:
                LOGGER.warning(f"There is no `{self.elements_of}` to read anything for; the stream is empty.")
            for element in elements:
                yield StreamSlice(partition={name: element}, cursor_slice={})


@dataclass
class CartesianProductRouter(CartesianProductStreamSlicer):
    """Every combination; the framework's own warns of the state of parents, which no stream here keeps."""

    def __post_init__(self, parameters: Mapping[str, Any]) -> None:
        """Nothing to check."""


@dataclass
class ParentKeyRenamingRouter(SubstreamPartitionRouter):
    """Parents whose own parents' keys have other names here, such as `org_id` of `organization_members`.

    `renamed` is the parent's name of a key to the child's.
    """

    renamed: dict[str, str] = field(default_factory=dict)

    def stream_slices(self) -> Iterator[StreamSlice]:
        """A slice for each parent, with all keys above it under their names here."""
        for parent in super().stream_slices():
            keys = {self.renamed.get(name, name): value for name, value in partition_columns(parent.partition).items()}
            yield StreamSlice(partition=keys, cursor_slice={}, extra_fields=parent.extra_fields)
