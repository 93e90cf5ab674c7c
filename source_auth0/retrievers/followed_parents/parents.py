"""The parents that one stream is read for: which there are, and the slices of one of them."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from airbyte_cdk.sources.declarative.partition_routers.substream_partition_router import SubstreamPartitionRouter
from airbyte_cdk.sources.types import StreamSlice

from source_auth0.api.client import ManagementApiRequester
from source_auth0.api.tenant import Tenant
from source_auth0.engine.component_factory import partition_router_of
from source_auth0.records import partition_columns
from source_auth0.retrievers.cursors.compact_ids import CompactIds
from source_auth0.retrievers.lists.partition_routers import OrganizationRouter
from source_auth0.retrievers.lists.refused_parents import RefusedParents


@dataclass(frozen=True)
class FollowedParents:
    """The parents of a stream: organizations, roles, connections or applications, as `root` says.

    router: the stream's own. Where that is about something below the parents, such as the groups of organizations, all
    of one parent is read together, and `root_router` is the one of the parents themselves.
    """

    root: str
    requester: ManagementApiRequester
    router: SubstreamPartitionRouter

    @cached_property
    def _chain(self) -> list[SubstreamPartitionRouter]:
        """The router, and those of the streams that it is about, down to the parents' own."""
        chain = list[SubstreamPartitionRouter]()
        router: Any = self.router
        while isinstance(router, SubstreamPartitionRouter):
            chain.append(router)
            router = partition_router_of(router.parent_stream_configs[0].stream)
        return chain

    @property
    def root_router(self) -> SubstreamPartitionRouter:
        """The router of the parents themselves."""
        return self._chain[-1]

    @cached_property
    def column(self) -> str:
        """The name of the parents' key in slices of `root_router`."""
        field: Any = self.root_router.parent_stream_configs[0].partition_field
        return str(field.eval(self.root_router.config))

    @cached_property
    def listed(self) -> CompactIds:
        """The ids of all parents that there are; the same for all streams that are read for the same parents."""
        slices = self.root_router.stream_slices()
        ids = CompactIds(str(partition_columns(each.partition)[self.column]) for each in slices)
        key = f"{self._list_name} by {type(self.root_router).__name__} {getattr(self.root_router, 'where', '')}"
        return self._tenant.once(f"ids of {key}", lambda: ids)

    def none(self) -> CompactIds:
        """No id, where no parent changed: no list is read, and other streams do not keep its pages for this one."""
        if "listed" not in self.__dict__:
            self._tenant.shared_pages.pass_over(self._list_name, ())
        return CompactIds()

    @property
    def _list_name(self) -> str:
        return str(self.root_router.parent_stream_configs[0].stream.name)

    def slices_of(self, parent: StreamSlice) -> Iterator[StreamSlice]:
        """The slices of one parent: itself, or one for each group or member that it has."""
        alone = StreamSlice(partition={**parent.partition, "parent_slice": {}}, cursor_slice={})
        root_router = self.root_router
        if root_router is self.router:
            yield alone
        elif isinstance(root_router, OrganizationRouter):
            with root_router.only(alone):
                yield from self.router.stream_slices()

    def is_refused_in_part(self, parent_id: str) -> bool:
        """Whether Auth0 refused something below a parent in this sync; raises the error where it refuses too much."""
        for refused in self._refused:
            if (error := refused.error) is not None:
                raise error
            if any(key == parent_id or key.startswith(f"{parent_id}/") for key in list(refused.refused)):
                return True
        return False

    @cached_property
    def _refused(self) -> list[RefusedParents]:
        streams = [self.requester.name, *(router.parent_stream_configs[0].stream.name for router in self._chain[:-1])]
        return [RefusedParents.of(self._tenant, name) for name in dict.fromkeys(streams)]

    @property
    def _tenant(self) -> Tenant:
        return self.requester.tenant
