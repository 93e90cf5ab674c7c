"""Partition routers: slices from a parent's rows, from those that a filter accepts, or from elements of a column."""

import logging
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from airbyte_cdk.sources.declarative.partition_routers.cartesian_product_stream_slicer import (
    CartesianProductStreamSlicer,
)
from airbyte_cdk.sources.declarative.partition_routers.substream_partition_router import SubstreamPartitionRouter
from airbyte_cdk.sources.declarative.stream_slicers import StreamSlicer
from airbyte_cdk.sources.types import StreamSlice

from source_auth0.api.http.bodies import excerpt
from source_auth0.errors import first_of
from source_auth0.records import partition_columns
from source_auth0.retrievers.lists.refused_parents import MAX_NAMED

LOGGER = logging.getLogger("airbyte.source_auth0")


@dataclass
class OrganizationRouter(SubstreamPartitionRouter):
    """All organizations; within `only`, a single one, for the thread that says so: its groups are read with it."""

    def __post_init__(self, parameters: Mapping[str, Any]) -> None:
        super().__post_init__(parameters)
        self._only = threading.local()

    @contextmanager
    def only(self, organization: StreamSlice) -> Iterator[None]:
        """Context in which there is one slice, in the thread that enters it."""
        self._only.slice = organization
        try:
            yield
        finally:
            self._only.slice = None

    def stream_slices(self) -> Iterator[StreamSlice]:
        """A slice per organization."""
        only: StreamSlice | None = getattr(self._only, "slice", None)
        yield from super().stream_slices() if only is None else [only]


@dataclass
class ParentFilterRouter(SubstreamPartitionRouter):
    """Only the parents that can have children of this kind: each other one would cost a useless request.

    `where` maps a field to its accepted values; the parent stream config must list these fields as `extra_fields`. A
    value of another type says nothing of what a parent can have, so that it is asked for. `warns` says that the others
    may have children too, and are named in a warning.
    """

    where: dict[str, list[Any]] = field(default_factory=dict)
    warns: bool = False

    def stream_slices(self) -> Iterator[StreamSlice]:
        """A slice per parent whose fields have accepted values, deduplicated by partition key."""
        seen: set[str] = set()
        left_out: dict[str, str] = {}
        for parent in super().stream_slices():
            key = str(partition_columns(parent.partition))
            accepted = all(is_accepted(parent.extra_fields.get(name), values) for name, values in self.where.items())
            if accepted and key not in seen:
                seen.add(key)
                yield parent
            elif not accepted:
                left_out[key] = "/".join(str(value) for value in partition_columns(parent.partition).values())
        if self.warns and (names := [excerpt(name) for key, name in left_out.items() if key not in seen]):
            only = " and ".join(f"`{name}` {' or '.join(map(str, values))}" for name, values in self.where.items())
            LOGGER.warning(
                f"Nothing is read below these rows of `{self.parent_stream_configs[0].stream.name}`, which do not have "
                f"{only}: {first_of(names, MAX_NAMED)}."
            )


@dataclass
class RoleRouter(SubstreamPartitionRouter):
    """The roles of the tenant and Auth0's own; those of organizations only with `organization_roles` in the config.

    Each of up to 100,000 organizations may have 350 roles, and each role costs a request for each stream below it.
    The parent stream config must list `type` and `owner_id` as `extra_fields`.
    """

    def stream_slices(self) -> Iterator[StreamSlice]:
        """A slice per role."""
        includes_organizations = bool(self.config.get("organization_roles"))
        for role in super().stream_slices():
            if includes_organizations or not belongs_to_organization(role.extra_fields):
                yield role


@dataclass
class ParentElementsRouter(SubstreamPartitionRouter):
    """A slice per element of a list column of the parents, such as a tenant's enabled locales; only texts are names."""

    elements_of: str = ""

    def stream_slices(self) -> Iterator[StreamSlice]:
        """A slice per element, with the partition field as its key."""
        name = str(self.parent_stream_configs[0].partition_field.eval(self.config))  # type: ignore[union-attr] # no str
        for parent in super().stream_slices():
            value = parent.extra_fields.get(self.elements_of) or []
            elements = [element for element in value if isinstance(element, str)] if isinstance(value, list) else []
            if not elements:
                LOGGER.warning(
                    f"`{self.parent_stream_configs[0].stream.name}` has no `{self.elements_of}` in this tenant, so "
                    "that what is read for each of them is empty."
                )
            elif len(elements) < len(value):
                LOGGER.warning(f"Some of `{self.elements_of}` are no texts; nothing is read for them.")
            for element in elements:
                yield StreamSlice(partition={name: element}, cursor_slice={})


@dataclass
class CartesianProductRouter(CartesianProductStreamSlicer):
    """Every combination of slices; the framework's own warns about parent state, which no stream here has."""

    def __post_init__(self, parameters: Mapping[str, Any]) -> None:
        """Do nothing, where the framework warns."""


@dataclass
class ParentKeyRenamingRouter(SubstreamPartitionRouter):
    """Renames partition keys inherited from the parents, such as `org_id` of `organization_members`.

    `renamed` maps the parent's name of a key to the child's.
    """

    renamed: dict[str, str] = field(default_factory=dict)

    def stream_slices(self) -> Iterator[StreamSlice]:
        """A slice per parent, with all inherited keys renamed."""
        for parent in super().stream_slices():
            keys = {self.renamed.get(name, name): value for name, value in partition_columns(parent.partition).items()}
            yield StreamSlice(partition=keys, cursor_slice={}, extra_fields=parent.extra_fields)


def parent_streams(router: StreamSlicer | None) -> list[str]:
    """The names of the streams whose rows a router makes slices of, alone or in combinations."""
    if isinstance(router, CartesianProductStreamSlicer):
        return [name for slicer in router.stream_slicers for name in parent_streams(slicer)]
    if isinstance(router, SubstreamPartitionRouter):
        return [parent.stream.name for parent in router.parent_stream_configs]
    return []


def is_accepted(value: Any, values: list[Any]) -> bool:
    """Whether a value is one of the accepted ones, or of a type that none of them has; null is as good as a value."""
    if value is None or value in values:
        return value in values
    is_odd_list = isinstance(value, list) and not all(isinstance(element, str) for element in value)
    return is_odd_list or type(value) not in {type(accepted) for accepted in values}


def belongs_to_organization(role: Mapping[str, Any]) -> bool:
    """Whether a role is an organization's own, and not the tenant's or Auth0's."""
    return role.get("type") == "organization" or str(role.get("owner_id") or "").startswith("org_")
