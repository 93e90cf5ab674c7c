"""Queries of user search: ranges of time in Auth0's search syntax, and how a page of users is asked for."""

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

#: Ids in one search: Auth0 refuses a URL that is too long.
IDS_PER_QUERY = 40


@dataclass(frozen=True)
class QueryWindow:
    """A half-open range of one timestamp, `[start, end)`; None leaves a side open, `also` adds conditions."""

    field: str
    start: Milliseconds | None
    end: Milliseconds | None
    also: str = ""

    @property
    def query(self) -> str:
        """The window in Auth0's search syntax, where a bracket includes its bound and a brace leaves it out."""
        start = "*" if self.start is None else to_iso(self.start)
        end = "*]" if self.end is None else f"{to_iso(self.end)}}}"
        return and_conditions(f"{self.field}:[{start} TO {end}", self.also)

    def holds(self, row: Mapping[str, Any]) -> bool:
        """Whether a row lies in the range; conditions aside."""
        moment = to_milliseconds(row[self.field])
        return (self.start is None or self.start <= moment) and (self.end is None or moment < self.end)


def and_conditions(condition: str, also: str) -> str:
    """Two conditions that have to hold, or the only one there is."""
    return f"{condition} AND {also}" if condition and also else condition or also


def quote_term(value: str) -> str:
    """A value as an exact term of a query."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


@dataclass
class UserSearch:
    """`GET /users` with a query: a page of a range of time, or the users with some ids.

    requester: what asks Auth0. rows_of: the rows in an answer's body. columns: the query parameters that say which
    attributes are sent.
    """

    requester: ManagementApiRequester
    rows_of: Callable[[Any], Page]
    columns: Mapping[str, str]

    def __post_init__(self) -> None:
        self.name = self.requester.name
        self.tenant = self.requester.tenant

    @cached_property
    def conditions(self) -> str:
        """What every query asks besides its range: the chosen connections, and the start date of a full refresh."""
        names = self.tenant.get("users_connections") or []
        chosen = " OR ".join(f"identities.connection:{quote_term(name)}" for name in names)
        start_date = self.tenant.get("start_date")
        since = f"updated_at:[{to_iso(to_milliseconds(start_date))} TO *]" if start_date else ""
        return and_conditions(since, f"({chosen})" if chosen else "")

    def find_by_ids(self, users: Iterable[str], also: str = "") -> Iterator[tuple[list[str], Page]]:
        """Some of these users at a time, with the rows of those whom a search shows and who meet a condition."""
        left = iter(users)
        while some := list(islice(left, IDS_PER_QUERY)):
            query = and_conditions(f"user_id:({' OR '.join(map(quote_term, some))})", also)
            body = self.requester.get(
                None, {"q": query, "search_engine": "v3", "per_page": PAGE_SIZE, "page": 0, **self.columns}
            )
            yield some, self.rows_of(body) if body is not None else []

    def find(self, window: QueryWindow, number: int = 0, sort: str | None = None) -> SearchPage:
        """One page of a window in ascending order, with the total."""
        query: dict[str, Any] = {
            "q": window.query,
            "sort": f"{sort or window.field}:1",
            "page": number,
            "per_page": PAGE_SIZE,
            "include_totals": "true",
            "search_engine": "v3",
            **self.columns,
        }
        found = self._found(query)
        if found.rows and not window.holds(found.rows[0]):
            # As from a cache on the way: what it has of another window would leave out what lies between.
            found = self._found(query)
        if found.rows and not window.holds(found.rows[0]):
            raise system_error(
                f"Auth0 answered another question than was asked for `{self.name}`: users of {window.query} were due, "
                f"and {found.rows[0]['user_id']} came. Nobody was left out silently: the stream fails."
            )
        return found

    def _found(self, query: dict[str, Any]) -> SearchPage:
        body = self.requester.get(None, query)
        total = body.get("total") if isinstance(body, dict) else None
        return SearchPage(self.rows_of(body) if body is not None else [], total if isinstance(total, int) else None)
