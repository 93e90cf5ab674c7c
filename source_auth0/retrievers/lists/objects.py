"""Single objects: settings of a tenant, one thing below a parent, and rows that have to be asked for one by one."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from airbyte_cdk.sources.types import StreamSlice

from source_auth0.errors import system_error
from source_auth0.records import Page
from source_auth0.retrievers.lists.lists import ListRetriever, PageNumberRetriever


@dataclass
class SingletonRetriever(ListRetriever):
    """One object; that of a tenant gets the domain as its key, so that several tenants can share a table.

    `column` takes the whole body where it is no object with columns of its own: a map, a list, a number, a text.
    """

    column: str | None = None

    def pages(self, stream_slice: StreamSlice) -> Iterator[Page]:
        """The one row, or none where nobody configured it."""
        if (body := self.requester.get(stream_slice, {})) is None:
            return
        row = {self.column: body} if self.column else body
        if not isinstance(row, dict):
            raise system_error(f"Auth0 answered `{self.name}` with a {type(body).__name__}, not an object.")
        domain = {"tenant_domain": self.tenant.domain}
        yield [row if stream_slice.partition else domain | row | domain]


@dataclass
class DetailRetriever(PageNumberRetriever):
    """A list that only summarises: each row's own resource, `detail`, is read too, and completes it."""

    detail: str = ""

    def pages(self, stream_slice: StreamSlice) -> Iterator[Page]:
        """The pages of the list; a row whose resource is gone stays as the list has it."""
        for page in super().pages(stream_slice):
            for row in page:
                path = self.requester.path_of(self.detail, {**stream_slice.partition, **_text_columns(row)})
                whole = self.requester.get_path(path, {}, template=self.detail, below_parent=True)
                row.update(whole if isinstance(whole, dict) else {})
            yield page


@dataclass
class ReachabilityRetriever(ListRetriever):
    """Whether something answers: 200 for yes, 404 for no, and a row for either."""

    column: str | None = None

    def pages(self, stream_slice: StreamSlice) -> Iterator[Page]:
        """The one row."""
        yield [{self.column or "online": self.requester.exists(stream_slice)}]


def _text_columns(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if isinstance(value, str)}
