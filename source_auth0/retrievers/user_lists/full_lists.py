"""Lists of which Auth0 shows at most 1,000 rows, read for one application or user at a time where they are full."""

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from airbyte_cdk.sources.declarative.partition_routers.substream_partition_router import ParentStreamConfig
from airbyte_cdk.sources.types import StreamSlice

from source_auth0.errors import FullListError, config_error
from source_auth0.progress.expectation import Expectation
from source_auth0.records import Page
from source_auth0.retrievers.cursors.work_items import optional_work_item, slice_with
from source_auth0.retrievers.lists.lists import PageNumberRetriever
from source_auth0.retrievers.lists.pagination import ListResponse
from source_auth0.retrievers.user_lists.user_ids import UserIds

LOGGER = logging.getLogger("airbyte.source_auth0")
#: The rows of one list, whatever its filters (https://auth0.com/docs/api/management/v2/device-credentials).
MAX_ROWS = 1000


@dataclass(frozen=True)
class ListPartWorkItem:
    """The part of a full list that is of one application or user; `filters` are its query parameters."""

    filters: Mapping[str, str]


@dataclass
class FullListRetriever(PageNumberRetriever):
    """A list of credentials or grants; a full one by application, and that of a full application by user, if wanted.

    Nothing tells whether a list of exactly 1,000 rows goes on, so that it counts as full. `ends_at_cap`: Auth0
    documents that the list ends there; otherwise it is full only where it did not go on. Raises a config error for a
    full application, unless `device_credentials_by_user` is set.
    """

    clients: ParentStreamConfig | None = None
    ends_at_cap: bool = False
    by_user_hint: str = ""

    def pages(self, stream_slice: StreamSlice) -> Iterator[Page]:
        """The pages of one slice; no row of a full list is handed on before it is read in parts."""
        try:
            yield from self._whole_list(stream_slice)
        except FullListError as full:
            LOGGER.info(f"`{self.name}` has too many rows for one list, and is read for each application.")
            yield from self._pages_by_application(stream_slice, full.total)

    def fields(self, stream_slice: StreamSlice) -> dict[str, Any]:
        """Those of the partition, and the filters of a part."""
        part = optional_work_item(ListPartWorkItem, stream_slice)
        return {**super().fields(stream_slice), **(part.filters if part else {})}

    def fetch(self, stream_slice: StreamSlice, query: Mapping[str, Any], previous: ListResponse) -> ListResponse | None:
        """A page; raises `FullListError` if it tells that the list has more rows than Auth0 shows."""
        try:
            response = super().fetch(stream_slice, query, previous)
        except FullListError:
            raise FullListError(self.name, previous.total or 0) from None
        total = max((response.total if response else None) or 0, previous.total or 0)
        is_cut = response is not None and not response.page and total > MAX_ROWS
        if total >= MAX_ROWS and (self.ends_at_cap or is_cut):
            raise FullListError(self.name, total)
        return response

    def _whole_list(self, stream_slice: StreamSlice) -> Iterator[Page]:
        held, rows = list[Page](), 0
        for page in self.numbered_pages(stream_slice, ListResponse()):
            rows += len(page)
            held.append(page)
            if rows > MAX_ROWS:
                yield from held
                held = []
        if rows == MAX_ROWS:
            raise FullListError(self.name, rows)
        yield from held

    def _pages_by_application(self, stream_slice: StreamSlice, total: int) -> Iterator[Page]:
        full, rows = set[str](), 0
        for client_id in self.tenant.once(f"applications of {self.name}", self._client_ids):
            try:
                for page in self._whole_list(_part(stream_slice, client_id=client_id)):
                    rows += len(page)
                    yield page
            except FullListError:  # noqa: PERF203 - a request each
                if not self.config.get("device_credentials_by_user"):
                    raise self._full_application_error(client_id) from None
                if self.config.get("users_connections") or self.config.get("start_date"):
                    raise self._other_users_error() from None
                full.add(client_id)
        if full:
            for page in self._pages_by_user(stream_slice, full):
                rows += len(page)
                yield page
        self._raise_if_short(total, rows)

    def _pages_by_user(self, stream_slice: StreamSlice, clients: set[str]) -> Iterator[Page]:
        """The rows of these applications; one request for each user of the tenant."""
        ids = UserIds.of(self.requester, None).ids
        for number, user_id in enumerate(ids):
            self.tenant.progress.expect(self.name, Expectation(len(ids), done=number, unit="users", per_request=1))
            for page in self._whole_list(_part(stream_slice, user_id=user_id)):
                yield [row for row in page if _is_of(clients, row.get("client_id") or row.get("clientID"))]

    def _client_ids(self) -> list[str]:
        return [
            row["client_id"]
            for partition in (self.clients.stream.generate_partitions() if self.clients else ())
            for row in partition.read()
        ]

    def _full_application_error(self, client_id: str) -> Exception:
        return config_error(
            f"`{self.name}` has {MAX_ROWS:,} rows or more of the application {client_id}, and Auth0 shows no more in "
            "one list. Nothing was left out silently: the stream fails. Set `device_credentials_by_user` to read them "
            f"for each user, at a request for each{self.by_user_hint}."
        )

    def _other_users_error(self) -> Exception:
        return config_error(
            f"`{self.name}` cannot be read for each user while Start Date or Users of These Connections Only leave "
            "users out, whose rows would be missing. Sync it in a connection without them."
        )


def _is_of(clients: set[str], client_id: Any) -> bool:
    """Whether a row is one of these applications'; True if its id is none, as it may be."""
    return not isinstance(client_id, str) or client_id in clients


def _part(stream_slice: StreamSlice, **filters: str) -> StreamSlice:
    return slice_with(ListPartWorkItem(filters), partition=stream_slice.partition)
