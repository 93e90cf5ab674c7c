"""Settings of connections: one list of them all where a release has it, else a request for each connection."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass, replace

import requests
from airbyte_cdk.sources.declarative.partition_routers.substream_partition_router import ParentStreamConfig
from airbyte_cdk.sources.types import StreamSlice

from source_auth0.api.client import ManagementApiRequester
from source_auth0.errors import RequestRefusedError, system_error
from source_auth0.records import Page
from source_auth0.retrievers.lists.lists import CheckpointRetriever
from source_auth0.retrievers.lists.refused_parents import RefusedParents

LOGGER = logging.getLogger("airbyte.source_auth0")
#: Statuses that say that this release or plan has no list of all connections' settings.
LIST_MISSING = frozenset({requests.codes.forbidden, requests.codes.not_found})


@dataclass
class ConnectionSettingsRetriever(CheckpointRetriever):
    """The settings of all connections; `each` is the path of one connection's, asked for where the list is missing.

    The lists are new, and nobody has recorded one yet; the single routes were recorded with rows
    (https://auth0.com/docs/api/management/v2/connections/get-scim-configuration). A missing scope is an error as ever.
    """

    connections: ParentStreamConfig | None = None
    each: str = ""

    def __post_init__(self) -> None:
        super().__post_init__()
        self._own_requester = self.requester
        # A refusal is told, and not taken for an empty list.
        self.requester = replace(self.requester, has_alternative=True)

    def pages(self, stream_slice: StreamSlice) -> Iterator[Page]:
        """The pages of the list, or a page for each connection that has such settings."""
        is_begun = False
        try:
            for page in super().pages(stream_slice):
                is_begun = True
                yield page
        except RequestRefusedError as refusal:
            if is_begun or refusal.status not in LIST_MISSING:
                raise
            LOGGER.info(f"`{self.name}` is read for each connection, since the list of all is missing here.")
            yield from self._pages_by_connection()

    def _pages_by_connection(self) -> Iterator[Page]:
        requester = replace(self._own_requester, resource=self.each)
        refused = RefusedParents.of(self.tenant, self.name)
        for partition in self.connections.stream.generate_partitions() if self.connections else ():
            for connection in partition.read():
                ids = {"connection_id": connection["id"]}
                yield from refused.pages_of(connection["id"], self._page_of(requester, ids), self.tenant)

    def _page_of(self, requester: ManagementApiRequester, ids: dict[str, str]) -> Iterator[Page]:
        row = requester.get(StreamSlice(partition=ids, cursor_slice={}), {})
        if row is not None and not isinstance(row, dict):
            raise system_error(f"Auth0 answered `{self.name}` with a {type(row).__name__}, not an object.")
        if row is not None:
            yield [{**row, **ids}]
