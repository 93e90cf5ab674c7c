"""Single objects: a tenant's settings, a parent's only child, and list rows completed by their detail resource."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from airbyte_cdk.sources.types import StreamSlice

from source_auth0.errors import system_error
from source_auth0.records import Page
from source_auth0.retrievers.lists.lists import ListRetriever, PageNumberRetriever


@dataclass
class SingletonRetriever(ListRetriever):
    """A single object; one of the tenant gets the domain as primary key, so that several tenants can share a table.

    `column` holds the whole body if that is not an object with fixed columns: a map, a list, a number, a string.
    """

    column: str | None = None

    def pages(self, stream_slice: StreamSlice) -> Iterator[Page]:
        """The one row, or none if it is not configured."""
        if (body := self.requester.get(stream_slice, {})) is None:
            return
        row = {self.column: body} if self.column else body
        if not isinstance(row, dict):
            raise system_error(f"Auth0 answered `{self.name}` with a {type(body).__name__}, not an object.")
        domain = {"tenant_domain": self.tenant.domain}
        yield [row if stream_slice.partition else domain | row | domain]


@dataclass
class DetailRetriever(PageNumberRetriever):
    """A list of summaries: each row is completed by its detail resource, whose path is `detail`."""

    detail: str = ""

    def pages(self, stream_slice: StreamSlice) -> Iterator[Page]:
        """The pages of the list; a row whose detail resource is gone stays a summary."""
        for page in super().pages(stream_slice):
            for row in page:
                path = self.requester.path_of(self.detail, {**stream_slice.partition, **_text_columns(row)})
                # Its row was listed: only if that has vanished since can there be nothing.
                detail = self.requester.get_path(path, {}, template=self.detail, below_parent=True, known_to_exist=True)
                if detail is not None and not (isinstance(detail, dict) and detail):
                    raise system_error(f"Auth0 answered a detail of `{self.name}` with no object.")
                row.update(detail or {})
            yield page


@dataclass
class ReachabilityRetriever(ListRetriever):
    """Whether an endpoint responds, as a row: 200 is true, 404 is false."""

    column: str | None = None

    def pages(self, stream_slice: StreamSlice) -> Iterator[Page]:
        """The one row; none where the response told neither."""
        if (exists := self.requester.exists(stream_slice)) is not None:
            yield [{self.column or "online": exists}]


def _text_columns(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if isinstance(value, str)}
