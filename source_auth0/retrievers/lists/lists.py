"""How Auth0's lists are read to their end: by checkpoint, by page number, in one answer, or as a single object."""

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from airbyte_cdk.sources.declarative.partition_routers.partition_router import PartitionRouter
from airbyte_cdk.sources.declarative.retrievers.retriever import Retriever
from airbyte_cdk.sources.declarative.transformations import RecordTransformation
from airbyte_cdk.sources.types import StreamSlice

from source_auth0.api.client import ManagementApiRequester
from source_auth0.api.http.bodies import excerpt
from source_auth0.api.tenant import Tenant
from source_auth0.engine.page_records import PageRecord
from source_auth0.errors import system_error
from source_auth0.records import DEFAULT_PAGE_SIZE, PAGE_SIZE, Page, Row, partition_columns
from source_auth0.retrievers.lists.pagination import ListResponse

LOGGER = logging.getLogger("airbyte.source_auth0")
#: What Auth0 wraps a page in; every list asked for by number or checkpoint has one of them, or is a bare array.
ENVELOPE_KEYS = {"start", "limit", "length", "total", "next"}
EMPTY_SLICE = StreamSlice(partition={}, cursor_slice={})


@dataclass
class ListRetriever(Retriever):
    """What all lists have in common: rows checked, given their parents' keys, redacted, and shared between readers.

    The framework's SimpleRetriever takes a body without the expected key for an empty page, stops at short pages, and
    reads a parent once for each of its children. `whole_pages` has each page travel as one record (pages.py); a parent
    is read row by row.
    """

    config: dict[str, Any] = field(repr=False)
    name: str
    requester: ManagementApiRequester
    rows: str | None = None
    page_size: int | None = None
    whole_pages: bool = False
    partition_router: PartitionRouter | None = None
    transformations: list[RecordTransformation] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.tenant = Tenant.of(self.config)
        self.tenant.shared_pages.register(self.name)

    def read_records(
        self,
        records_schema: Mapping[str, Any],  # noqa: ARG002 - Auth0's JSON is typed already
        stream_slice: StreamSlice | None = None,
    ) -> Iterator[Row | PageRecord]:
        """The rows of one slice, or its pages."""
        part = stream_slice or EMPTY_SLICE
        for page in self.read_pages(part):
            if not self.whole_pages:
                yield from page
            elif page:
                yield PageRecord(page, self.name, part)

    def read_pages(self, stream_slice: StreamSlice) -> Iterator[Page]:
        """The finished pages of one slice; what follows a page's `yield` happens once its rows are handed on."""
        yield from self.shared_pages(self.name, stream_slice)

    def shared_pages(self, name: str, stream_slice: StreamSlice) -> Iterator[Page]:
        """The finished pages of one slice, fetched once for all readers of `name`."""
        part = tuple(sorted((k, str(v)) for k, v in partition_columns(stream_slice).items()))
        finished = (self.finished(page, stream_slice) for page in self.pages(stream_slice))
        yield from self.tenant.shared_pages.read(name, part, lambda: finished)

    def pages(self, stream_slice: StreamSlice) -> Iterator[Page]:
        """The pages of one slice as Auth0 sends them."""
        raise NotImplementedError

    def rows_of(self, body: Any) -> Page:
        """The rows in an answer; raises where they are not where Auth0 documents them: that is no empty list."""
        found = body.get(self.rows) if isinstance(body, dict) and self.rows else body
        if found is None and self._is_single_resource(body):
            return []
        if not isinstance(found, list) or not all(isinstance(row, dict) for row in found):
            names = f"an object with {excerpt(str(sorted(body)[:9]))}" if isinstance(body, dict) else ""
            kind = names or f"a {type(body).__name__}"
            raise system_error(f"Auth0 answered `{self.name}` with {kind} where a list of rows was due.")
        return found

    def fields(self, stream_slice: StreamSlice) -> dict[str, Any]:
        """Query parameters that depend on the slice: what the partition's `request_option`, if any, puts there."""
        router = self.partition_router
        return dict(router.get_request_params(stream_slice=stream_slice)) if router else {}

    def answer(self, stream_slice: StreamSlice, query: Mapping[str, Any], before: ListResponse) -> ListResponse | None:
        """The page that a query gives, None where there is nothing to read; raises where it is one that came before.

        Following a page or a checkpoint that repeats would never end, or leave rows out; a cache on the way may have
        repeated it by chance, so it is asked for twice.
        """
        found = self._answer(stream_slice, query, before)
        if found is not None and found.repeats:
            found = self._answer(stream_slice, query, before)
        if found is not None and found.repeats:
            raise system_error(f"Auth0 sent the same {found.repeats} of `{self.name}` twice.")
        return found.taken() if found is not None else None

    def _answer(self, stream_slice: StreamSlice, query: Mapping[str, Any], before: ListResponse) -> ListResponse | None:
        body = self.requester.get(stream_slice, query)
        return None if body is None else ListResponse.of(body, self.rows_of(body), before)

    def _is_single_resource(self, body: dict[str, Any]) -> bool:
        """Whether one resource came where a child's list was due, as one recording of a real tenant has it."""
        single = "id" in body and not ENVELOPE_KEYS & set(body) and self.partition_router is not None
        if single and self.tenant.first_time(f"single resource for {self.name}"):
            LOGGER.warning(
                f"Auth0 answered `{self.name}` with a single resource for a list; it is taken for an empty one."
            )
        return single

    def finished(self, page: Page, stream_slice: StreamSlice) -> Page:
        """A page with its parents' keys and the stream's transformations, the redaction of secrets among them."""
        parents = partition_columns(stream_slice.partition)
        for row in page:
            row.update(parents)
            for transformation in self.transformations:
                transformation.transform(row, config=self.config, stream_slice=stream_slice)
        return page


@dataclass
class PageNumberRetriever(ListRetriever):
    """`page`/`per_page`, where nothing else exists: up to 1,000 rows, and an error beyond, never a short list."""

    totals: ClassVar[Mapping[str, str]] = {"include_totals": "true"}

    def pages(self, stream_slice: StreamSlice) -> Iterator[Page]:
        """All pages; the total ends the list where Auth0 tells it, an empty page otherwise."""
        number, read, found = 0, 0, ListResponse()
        while True:
            query = {"page": number, "per_page": self.page_size or PAGE_SIZE, **self.totals}
            if (answer := self.answer(stream_slice, query | self.fields(stream_slice), found)) is None:
                return
            found, page = answer, answer.page
            read += len(page)
            yield page
            total = found.body.get("total") if isinstance(found.body, dict) else None
            if isinstance(total, int) and total > read and not page:
                raise system_error(f"Auth0 told of {total} rows of `{self.name}` and sent {read}.")
            if not page or (isinstance(total, int) and read >= total):
                return
            number += 1


@dataclass
class WrappedPageNumberRetriever(PageNumberRetriever):
    """Lists that wrap each page and its total without being asked to; zeros are left out of the wrapper."""

    totals: ClassVar[Mapping[str, str]] = {}


@dataclass
class CheckpointRetriever(PageNumberRetriever):
    """`from`/`take`: only an absent `next` ends the list; a page may be short, even empty, and still carry one."""

    def pages(self, stream_slice: StreamSlice) -> Iterator[Page]:
        """All pages, without any cap; by number where a tenant's release does not know checkpoints."""
        query: dict[str, Any] = {"take": self.page_size or PAGE_SIZE, **self.fields(stream_slice)}
        found = ListResponse()
        while (answer := self.answer(stream_slice, query, found)) is not None:
            found = answer
            if isinstance(found.body, list) and len(found.page) >= DEFAULT_PAGE_SIZE:
                yield from super().pages(stream_slice)
                return
            yield found.page
            if not found.following:
                return
            query = {**query, "from": found.following}


@dataclass
class UnpagedRetriever(ListRetriever):
    """Everything in one answer."""

    def pages(self, stream_slice: StreamSlice) -> Iterator[Page]:
        """The one page."""
        if (body := self.requester.get(stream_slice, self.fields(stream_slice))) is not None:
            yield self.rows_of(body)
