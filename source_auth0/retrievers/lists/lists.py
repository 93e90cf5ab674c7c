"""Pagination of Auth0's lists: by checkpoint (`from`/`take`), by page number, or in a single response."""

import logging
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from airbyte_cdk.sources.declarative.partition_routers.partition_router import PartitionRouter
from airbyte_cdk.sources.declarative.retrievers.retriever import Retriever
from airbyte_cdk.sources.declarative.transformations import RecordTransformation
from airbyte_cdk.sources.types import Record, StreamSlice

from source_auth0.api.client import ManagementApiRequester
from source_auth0.api.http.bodies import (
    excerpt,
    give_up_large_body,
    hand_on_large_body,
    json_type,
    one_large_body,
)
from source_auth0.api.tenant import Tenant
from source_auth0.conformance.deep_values import with_text_for_deep_values
from source_auth0.engine.page_records import PageRecord, page_records
from source_auth0.errors import RequestRefusedError, system_error, transient_error
from source_auth0.records import (
    DEFAULT_PAGE_SIZE,
    PAGE_SIZE,
    OtherStreamPage,
    Page,
    Row,
    partition_columns,
    stream_of,
)
from source_auth0.retrievers.lists.pagination import (
    MAX_PASSES,
    ListResponse,
    NumberedWalk,
    max_page_size,
    refuses_checkpoints,
)
from source_auth0.retrievers.lists.partition_routers import parent_streams
from source_auth0.retrievers.lists.refused_parents import RefusedParents, parent_name

LOGGER = logging.getLogger("airbyte.source_auth0")
#: Keys of Auth0's page envelope; every list read by page number or checkpoint has one of them, or is a bare array.
ENVELOPE_KEYS = {"start", "limit", "length", "total", "next"}
#: Those of them that only a page by number has.
NUMBERING_KEYS = ENVELOPE_KEYS - {"next"}
EMPTY_SLICE = StreamSlice(partition={}, cursor_slice={})


@dataclass
class ListRetriever(Retriever):
    """The base of all lists: validates rows, adds parent keys, transforms and redacts, and shares pages among readers.

    The framework's SimpleRetriever takes a body without the expected key for an empty page, stops at short pages, and
    reads a parent once per child stream. `whole_pages` emits each page as one record (engine/page_records.py); a
    parent is read row by row.
    """

    config: dict[str, Any] = field(repr=False)
    name: str
    requester: ManagementApiRequester
    rows: str | None = None
    page_size: int | None = None
    key_columns: list[str] | None = None
    whole_pages: bool = False
    partition_router: PartitionRouter | None = None
    transformations: list[RecordTransformation] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.tenant = Tenant.of(self.config)
        self.tenant.shared_pages.register(self.name)
        self.tenant.progress.read_below(self.name, parent_streams(self.partition_router))

    def read_records(
        self,
        records_schema: Mapping[str, Any],  # noqa: ARG002 - JSON from Auth0 is typed already
        stream_slice: StreamSlice | None = None,
    ) -> Iterator[Row | Record]:
        """The rows of one slice, or its pages if `whole_pages` is set; a row of another stream is a record of it."""
        partition = stream_slice or EMPTY_SLICE
        if self.whole_pages:
            yield from self._page_records(partition)
            return
        # Another stream waits for these rows: its own page must not keep others from what they share with this one.
        give_up_large_body()
        for page in self.read_pages(partition):
            give_up_large_body()
            if isinstance(page, OtherStreamPage):
                yield from (Record(row, page.stream, partition) for row in page)
            else:
                yield from with_text_for_deep_values(page)

    def _page_records(self, stream_slice: StreamSlice) -> Iterator[PageRecord]:
        """The pages of one slice; of large ones, one at a time is in memory in the whole sync."""
        pages = self.read_pages(stream_slice)
        while True:
            with one_large_body():
                if (page := next(pages, None)) is None:
                    return
                hand_on_large_body()
                yield from page_records(page, stream_of(page, self.name), stream_slice)
                # Nothing holds its rows while the next one is read.
                del page

    def read_pages(self, stream_slice: StreamSlice) -> Iterator[Page]:
        """The transformed pages of one slice; a generator resumes after a `yield` only once that page is handed on."""
        yield from self.shared_pages(self.name, stream_slice)

    def shared_pages(self, name: str, stream_slice: StreamSlice) -> Generator[Page, None, None]:
        """The transformed pages of one slice, fetched once for all readers of `name`; closing it frees them."""
        partition_key = tuple(sorted((k, str(v)) for k, v in partition_columns(stream_slice).items()))
        finished = (self.finished(taken(page), stream_slice) for page in self._pages_unless_refused(stream_slice))
        yield from self.tenant.shared_pages.read(name, partition_key, lambda: finished)

    def _pages_unless_refused(self, stream_slice: StreamSlice) -> Iterator[Page]:
        """The pages of one slice; none, and a record of it, where Auth0 refuses the parent that it is read for."""
        pages = self.pages(stream_slice)
        if not stream_slice.partition:
            return pages
        refused = RefusedParents.of(self.tenant, self.requester.name)
        return refused.pages_of(parent_name(stream_slice.partition), pages, self.tenant)

    def pages(self, stream_slice: StreamSlice) -> Iterator[Page]:
        """The pages of one slice as Auth0 sends them; whoever asks for the next one has emptied the last."""
        raise NotImplementedError

    def rows_of(self, body: Any, *, is_first: bool = True) -> Page:
        """The rows in a response body; raises if they are not where Auth0 documents them: that is no empty list."""
        rows = body.get(self.rows) if isinstance(body, dict) and self.rows else body
        if rows is None and is_first and self._is_single_resource(body):
            return []
        if not isinstance(rows, list):
            keys = f"an object with {excerpt(str(sorted(body)[:9]))}" if isinstance(body, dict) else ""
            kind = keys or f"a {type(body).__name__}"
            raise system_error(f"Auth0 answered `{self.name}` with {kind} where a list of rows was due.")
        if not all(isinstance(row, dict) for row in rows):
            number, kind = next((n, json_type(row)) for n, row in enumerate(rows, 1) if not isinstance(row, dict))
            raise system_error(
                f"Auth0 answered `{self.name}` with {kind} as row {number} of {len(rows)} where a list of rows was due."
            )
        return rows

    def fields(self, stream_slice: StreamSlice) -> dict[str, Any]:
        """Query parameters that depend on the slice: the `request_option` of its partition router, if any."""
        router = self.partition_router
        return dict(router.get_request_params(stream_slice=stream_slice)) if router else {}

    @property
    def current_page_size(self) -> int:
        """Rows to ask for: as configured, unless Auth0 named a smaller maximum in this sync."""
        return self.tenant.page_sizes.get(self.requester.name, self.page_size or PAGE_SIZE)

    def smaller_page_size(self, refusal: RequestRefusedError, size: int, *, is_first: bool) -> int:
        """The maximum that the refusal of a first page of this size names; raises the refusal if it names none."""
        maximum = max_page_size(refusal) or 0
        if not is_first or not 0 < maximum < size:
            raise refusal
        self.tenant.page_sizes[self.requester.name] = maximum
        return maximum

    def fetch(self, stream_slice: StreamSlice, query: Mapping[str, Any], previous: ListResponse) -> ListResponse | None:
        """Request a page; None if the resource is absent. Raises if the page or its checkpoint is a repeated one.

        Following a repeated page or checkpoint would loop for ever, or skip rows; a cache in between may have
        repeated it by chance, so it is requested twice. So is a page of another shape than those before it.
        """
        response = self._fetch(stream_slice, query, previous)
        if response is not None and response.doubt:
            response = self._fetch(stream_slice, query, previous)
        if response is not None and response.doubt:
            raise system_error(f"Auth0 {response.doubt.format(f'`{self.name}`')}.")
        return response.accept() if response is not None else None

    def _fetch(
        self, stream_slice: StreamSlice, query: Mapping[str, Any], previous: ListResponse
    ) -> ListResponse | None:
        is_first = previous.is_before_first
        body = (self.requester.get if is_first else self.requester.get_existing)(stream_slice, query)
        if body is None:
            return None
        filled = {"tenant_domain", *partition_columns(stream_slice.partition)}
        own_key = [column for column in self.key_columns or () if column not in filled]
        return ListResponse.of(body, self.rows_of(body, is_first=is_first), previous, own_key)

    def _raise_if_short(self, total: int | None, rows_read: int) -> None:
        if total is not None and rows_read < total:
            raise transient_error(
                f"Auth0 counted {total} rows of `{self.name}` and sent {rows_read}. Nothing was left out silently: the "
                "stream fails. Sync again; if that does not help, report it."
            )

    def _is_single_resource(self, body: dict[str, Any]) -> bool:
        """Whether the body is one resource instead of a child's list, as in one recording of a real tenant."""
        is_single = "id" in body and not ENVELOPE_KEYS & set(body) and self.partition_router is not None
        if is_single and self.tenant.first_time(f"single resource for {self.name}"):
            LOGGER.warning(
                f"Auth0 answered `{self.name}` with a single resource for a list; it is taken for an empty one."
            )
        return is_single

    def finished(self, page: Page, stream_slice: StreamSlice) -> Page:
        """Add parent keys to a page and apply the stream's transformations, redaction among them, in place."""
        if parents := partition_columns(stream_slice.partition):
            for row in page:
                row.update(parents)
        for transformation in self.transformations:
            transform, config = transformation.transform, self.config
            for row in page:
                transform(row, config, None, stream_slice)
        return page


def taken(page: Page) -> Page:
    """The rows of a page in a list of their own; the page is left empty, as its producer holds it longer than them."""
    rows = list(page)
    page.clear()
    return rows


@dataclass
class PageNumberRetriever(ListRetriever):
    """`page`/`per_page`, for lists without checkpoints: up to 1,000 rows; more are an error, never a truncated list."""

    totals: ClassVar[Mapping[str, str]] = {"include_totals": "true"}

    def pages(self, stream_slice: StreamSlice) -> Iterator[Page]:
        """All pages; the list ends at the total if Auth0 sends one, at an empty page otherwise."""
        yield from self.numbered_pages(stream_slice, ListResponse())

    def numbered_pages(self, stream_slice: StreamSlice, previous: ListResponse) -> Iterator[Page]:
        """The same; `previous` says whether the list is known to exist."""
        walk, size = NumberedWalk(self.key_columns or []), self.current_page_size
        while not walk.is_settled:
            query = {"page": walk.number, "per_page": size, **self.totals, **self.fields(stream_slice)}
            try:
                response = self.fetch(stream_slice, query, previous)
            except RequestRefusedError as refusal:
                size = self.smaller_page_size(refusal, size, is_first=walk.number == 0)
                continue
            if response is None:
                return
            yield walk.add(response)
            previous = response = response.without_rows()
            if walk.must_restart:
                self._restart(walk)
                previous = ListResponse.of_earlier_pass()

    def _restart(self, walk: NumberedWalk) -> None:
        """Wait, and begin again; raises where that was done often enough."""
        if walk.passes < MAX_PASSES:
            self.requester.pause(walk.passes)
            walk.restart()
        else:
            if not walk.has_moved:
                self._raise_if_short(walk.total, walk.rows)
            raise transient_error(
                f"Rows of `{self.name}` came and went each time that its pages were read, so that others may be "
                "missing. Nothing was left out silently: the stream fails. Sync again when less of it changes."
            )


@dataclass
class WrappedPageNumberRetriever(PageNumberRetriever):
    """Lists that always send the page envelope, without `include_totals`; it omits keys whose value is zero."""

    totals: ClassVar[Mapping[str, str]] = {}


@dataclass
class CheckpointRetriever(PageNumberRetriever):
    """`from`/`take`: only an absent `next` ends the list; a short or even empty page may still have one."""

    def pages(self, stream_slice: StreamSlice) -> Iterator[Page]:
        """All pages, without a row cap; by page number if the tenant's release does not support checkpoints."""
        previous, size, checkpoint, rows_read = ListResponse(), self.current_page_size, dict[str, str](), 0
        is_numbered = self.requester.name in self.tenant.streams_without_checkpoints
        while not is_numbered:
            query = {"take": size, **self.fields(stream_slice), **checkpoint}
            try:
                response = self.fetch(stream_slice, query, previous)
            except RequestRefusedError as refusal:
                if previous.is_before_first and refuses_checkpoints(refusal):
                    self.tenant.streams_without_checkpoints.add(self.requester.name)
                    break
                size = self.smaller_page_size(refusal, size, is_first=previous.is_before_first)
                continue
            if response is None:
                return
            if previous.is_before_first and self._ignores_take(response, size):
                previous = ListResponse.of_earlier_pass()
                break
            rows_read += len(response.page)
            yield response.page
            previous = response = response.without_rows()
            if not response.next_checkpoint:
                self._raise_if_short(response.total, rows_read)
                return
            checkpoint = {"from": response.next_checkpoint}
        yield from self.numbered_pages(stream_slice, previous)

    def _ignores_take(self, response: ListResponse, size: int) -> bool:
        """Whether the first response is a numbered page that may have a successor: a release without checkpoints."""
        if response.next_checkpoint:
            return False
        if response.total is not None:
            return response.total > len(response.page)
        has_numbers = isinstance(response.body, list) or not NUMBERING_KEYS.isdisjoint(response.body)
        return has_numbers and len(response.page) >= min(size, DEFAULT_PAGE_SIZE)


@dataclass
class UnpagedRetriever(ListRetriever):
    """A list that Auth0 sends whole, in one response."""

    def pages(self, stream_slice: StreamSlice) -> Iterator[Page]:
        """The one page; raises where its total says that it is not all."""
        response = self.fetch(stream_slice, self.fields(stream_slice), ListResponse())
        if response is not None:
            self._raise_if_short(response.total, len(response.page))
            yield response.page
