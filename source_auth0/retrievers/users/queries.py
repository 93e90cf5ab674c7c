"""Queries of user search: time ranges in Auth0's (Lucene) syntax, and requests for a page of users."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import Any

from source_auth0.api.client import ManagementApiRequester
from source_auth0.errors import system_error
from source_auth0.records import PAGE_SIZE, Page
from source_auth0.retrievers.users.time_slices import SearchPage
from source_auth0.timestamps import Milliseconds, to_iso, to_milliseconds

#: Ids in one search: Auth0 refuses URLs that are too long.
IDS_PER_QUERY = 40


@dataclass(frozen=True)
class QueryWindow:
    """A half-open range of one timestamp, `[start, end)`; None leaves a side open, `conditions` are ANDed to it."""

    field: str
    start: Milliseconds | None
    end: Milliseconds | None
    conditions: str = ""

    @property
    def query(self) -> str:
        """The query in Auth0's search syntax, where a bracket includes its bound and a brace excludes it."""
        start = "*" if self.start is None else to_iso(self.start)
        end = "*]" if self.end is None else f"{to_iso(self.end)}}}"
        return and_conditions(f"{self.field}:[{start} TO {end}", self.conditions)

    def holds(self, row: Mapping[str, Any]) -> bool:
        """Whether a row lies in the range; conditions are not checked."""
        timestamp = to_milliseconds(row[self.field])
        return (self.start is None or self.start <= timestamp) and (self.end is None or timestamp < self.end)


def and_conditions(left: str, right: str) -> str:
    """The conjunction of two conditions; an empty one is left out."""
    return f"{left} AND {right}" if left and right else left or right


def quote_term(value: str) -> str:
    """Quote and escape a value as an exact term of a query."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


@dataclass
class UserSearch:
    """`GET /users` with a query: a page of a time range, or the users with given ids.

    requester: sends the requests. rows_of: extracts rows from a response body. columns: the query parameters that
    select the attributes.
    """

    requester: ManagementApiRequester
    rows_of: Callable[[Any], Page]
    columns: Mapping[str, str]

    def __post_init__(self) -> None:
        self.name = self.requester.name
        self.tenant = self.requester.tenant

    @cached_property
    def conditions(self) -> str:
        """Conditions of every query besides its range: the configured connections and start date."""
        names = self.tenant.get("users_connections") or []
        connections = " OR ".join(f"identities.connection:{quote_term(name)}" for name in names)
        start_date = self.tenant.get("start_date")
        since = f"updated_at:[{to_iso(to_milliseconds(start_date))} TO *]" if start_date else ""
        return and_conditions(since, f"({connections})" if connections else "")

    def find_by_ids(self, user_ids: Iterable[str], conditions: str = "") -> Iterator[tuple[list[str], Page]]:
        """Batches of these ids, each with the rows that the search returns for them under the conditions."""
        remaining = iter(user_ids)
        while batch := list(islice(remaining, IDS_PER_QUERY)):
            query = and_conditions(f"user_id:({' OR '.join(map(quote_term, batch))})", conditions)
            body = self.requester.get(
                None, {"q": query, "search_engine": "v3", "per_page": PAGE_SIZE, "page": 0, **self.columns}
            )
            yield batch, self.rows_of(body) if body is not None else []

    def find(self, window: QueryWindow, page_number: int = 0, sort: str | None = None) -> SearchPage:
        """One page of a window in ascending order, with the total; raises if its first row is outside the window."""
        query: dict[str, Any] = {
            "q": window.query,
            "sort": f"{sort or window.field}:1",
            "page": page_number,
            "per_page": PAGE_SIZE,
            "include_totals": "true",
            "search_engine": "v3",
            **self.columns,
        }
        page = self._fetch(query)
        if page.rows and not window.holds(page.rows[0]):
            # As from a cache in between: a page of another window would leave a gap.
            page = self._fetch(query)
        if page.rows and not window.holds(page.rows[0]):
            raise system_error(
                f"Auth0 answered another question than was asked for `{self.name}`: users of {window.query} were due, "
                f"and {page.rows[0]['user_id']} came. Nobody was left out silently: the stream fails."
            )
        return page

    def _fetch(self, query: dict[str, Any]) -> SearchPage:
        body = self.requester.get(None, query)
        total = body.get("total") if isinstance(body, dict) else None
        return SearchPage(self.rows_of(body) if body is not None else [], total if isinstance(total, int) else None)
