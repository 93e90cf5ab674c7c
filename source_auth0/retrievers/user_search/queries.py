"""Queries of user search: time ranges in Auth0's (Lucene) syntax, and requests for users that match them."""

import contextlib
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import count
from typing import Any
from urllib.parse import quote

import requests

from source_auth0.api.client import ManagementApiRequester
from source_auth0.api.http.retry_policy import (
    EMPTY_SEARCH_RETRY_POLICY,
    SEARCH_TIMEOUT_RETRY_POLICY,
    SINGLE_ATTEMPT_RETRY_POLICY,
)
from source_auth0.config.options import HOUR_MS, SECOND_MS
from source_auth0.engine.thread_pool import release_worker_slot
from source_auth0.errors import QueryTimeoutError, RequestRefusedError, system_error
from source_auth0.records import PAGE_SIZE, Page
from source_auth0.retrievers.user_search.time_slices import SearchPage
from source_auth0.timestamps import Milliseconds, timestamp_of, to_iso, to_milliseconds

#: Characters of a percent-encoded query of ids: Auth0 refuses URLs that are too long, at a length it does not publish.
MAX_QUERY_CHARACTERS = 4000
#: Characters of a query that are never too many, and those that a walk adds to its conditions at most, ids of users
#: with the same timestamps included.
SAFE_QUERY_CHARACTERS, MAX_RANGE_CHARACTERS = 1200, 400
#: Milliseconds before now from which the newest users are asked for, where all are too many for a query.
RECENT_SPANS_MS = (30 * 24 * HOUR_MS, 24 * HOUR_MS, HOUR_MS)
#: Milliseconds by which a user may be dated ahead of Auth0's clock, whose `Date` header is to the second, and still
#: prove how far the index has got.
DATE_TOLERANCE_MS = 2 * SECOND_MS


@dataclass(frozen=True)
class QueryWindow:
    """A half-open range of one timestamp, `[start, end)`; None leaves a side open.

    updated_since: a lower bound of `updated_at` besides. conditions: further ones, ANDed to the range.
    """

    field: str
    start: Milliseconds | None
    end: Milliseconds | None
    conditions: str = ""
    updated_since: Milliseconds | None = None

    @property
    def query(self) -> str:
        """The query in Auth0's search syntax, where a bracket includes its bound and a brace excludes it."""
        start = "*" if self.start is None else to_iso(self.start)
        end = "*]" if self.end is None else f"{to_iso(self.end)}}}"
        since = "" if self.updated_since is None else f"updated_at:[{to_iso(self.updated_since)} TO *]"
        return and_conditions(f"{self.field}:[{start} TO {end}", and_conditions(since, self.conditions))

    @property
    def index_bound(self) -> Milliseconds | None:
        """The lower bound of `updated_at`, if there is one."""
        return self.start if self.field == "updated_at" else self.updated_since


def and_conditions(left: str, right: str) -> str:
    """The conjunction of two conditions; an empty one is left out."""
    return f"{left} AND {right}" if left and right else left or right


def quote_term(value: str) -> str:
    """Quote and escape a value as an exact term of a query."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def connection_term(name: str) -> str:
    """The term of a query for users of a connection."""
    return f"identities.connection:{quote_term(name)}"


def connection_condition(names: Iterable[str]) -> str:
    """The condition that a user has an identity in one of these connections; empty for none."""
    connections = " OR ".join(map(connection_term, names))
    return f"({connections})" if connections else ""


def is_too_long(error: Exception) -> bool:
    """Whether a URL was refused for its length."""
    return isinstance(error, RequestRefusedError) and error.status == requests.codes.request_uri_too_large


@dataclass
class UserSearch:
    """`GET /users` with a query: a page of a time range, users with given ids, or a total.

    requester: sends the requests. rows_of: extracts rows from a response body. columns: the query parameters that
    select the attributes. connections: names of those whose users are searched, in place of the config's.
    narrowed_by: a further condition, which users in the config's scope need not meet.
    """

    requester: ManagementApiRequester
    rows_of: Callable[[Any], Page]
    columns: Mapping[str, str]
    connections: tuple[str, ...] | None = None
    narrowed_by: str = ""

    def __post_init__(self) -> None:
        self.name = self.requester.name
        self.tenant = self.requester.tenant
        #: The largest lower bound of `updated_at` for which a query returned a user: the index has got that far.
        self.index_reached: Milliseconds | None = None
        self._times_out_since: float | None = None

    @cached_property
    def conditions(self) -> str:
        """Conditions of every query besides its range: the configured connections and start date."""
        start_date = self.tenant.config.get("start_date")
        since = f"updated_at:[{to_iso(to_milliseconds(start_date))} TO *]" if start_date else ""
        return and_conditions(and_conditions(since, self.connection_conditions), self.narrowed_by)

    @cached_property
    def connection_conditions(self) -> str:
        """The condition of the configured connections; empty for all."""
        return connection_condition(self.connection_names)

    @property
    def connection_names(self) -> tuple[str, ...]:
        """The connections whose users are searched; empty for all."""
        return (
            tuple(self.tenant.config.get("users_connections") or ()) if self.connections is None else self.connections
        )

    @property
    def is_narrowed(self) -> bool:
        """Whether users in the config's scope may be left out."""
        return bool(self.narrowed_by)

    def find(
        self, window: QueryWindow, page_number: int = 0, sort: str | None = None, *, can_halve: bool = False
    ) -> SearchPage:
        """One page of a window in ascending order, with the total; raises if a row lies before the window.

        can_halve: raise QueryTimeoutError after two waits, since a narrower window may succeed.
        """
        query: dict[str, Any] = {
            "q": window.query,
            "sort": f"{sort or window.field}:1",
            "page": page_number,
            "per_page": PAGE_SIZE,
            "include_totals": "true",
            **self.columns,
        }
        page = self._fetch(query, window.end, can_halve=can_halve)
        if self._strays(window, page):
            # As from a cache in between: a page of another window would leave a gap.
            page = self._fetch(query, window.end, can_halve=can_halve)
        if strays := self._strays(window, page):
            raise system_error(
                f"Auth0 answered another question than was asked for `{self.name}`: users of {window.query} were due, "
                f"and {strays[0].get('user_id')} came. Nobody was left out silently: the stream fails."
            )
        self._record_index_progress(window, page.rows)
        return page

    def find_again_if_empty(
        self, window: QueryWindow, sort: str | None = None, *, can_halve: bool = False
    ) -> SearchPage:
        """Like `find`; an empty page is asked for twice, since a struggling search cluster may send one by mistake."""
        page = self.find(window, sort=sort, can_halve=can_halve)
        for attempt in range(1, EMPTY_SEARCH_RETRY_POLICY.attempts):
            if page.rows:
                break
            with release_worker_slot():
                time.sleep(EMPTY_SEARCH_RETRY_POLICY.wait(attempt))
            page = self.find(window, sort=sort, can_halve=can_halve)
        return page

    @staticmethod
    def _strays(window: QueryWindow, page: SearchPage) -> Page:
        """The rows of a page that lie before its window."""
        if window.start is None:
            return []
        return [
            row
            for row, at in zip(page.rows, page.times(window.field), strict=True)
            if at is not None and at < window.start
        ]

    def find_by_ids(self, user_ids: Iterable[str], conditions: str = "") -> Iterator[tuple[list[str], Page]]:
        """Batches of these ids, each with the rows that the search returns for them under the conditions."""
        batches = list(batches_of_terms(user_ids, MAX_QUERY_CHARACTERS - len(quote(conditions))))[::-1]
        while batches:
            batch = batches.pop()
            query = and_conditions(f"user_id:({' OR '.join(map(quote_term, batch))})", conditions)
            try:
                body = self._get({"q": query, "per_page": PAGE_SIZE, "page": 0, **self.columns}, can_halve=True)
            except (QueryTimeoutError, RequestRefusedError) as error:
                if not is_too_long(error) and not isinstance(error, QueryTimeoutError):
                    raise
                if len(batch) == 1 and (is_too_long(error) or self.has_timed_out_for_good()):
                    raise
                half = (len(batch) + 1) // 2
                batches += [part for part in (batch[half:], batch[:half]) if part]
                continue
            yield batch, self.rows_of(body) if body is not None else []

    def fits_into_url(self) -> bool:
        """Whether a query as long as any under these conditions is not refused for its length (414).

        One request, and none where they are short.
        """
        query = and_conditions(self.conditions, f"NOT user_id:{quote_term('x' * MAX_RANGE_CHARACTERS)}")
        if len(quote(query)) <= SAFE_QUERY_CHARACTERS:
            return True
        try:
            self._get({"q": query, "per_page": 1, "page": 0, "include_totals": "true", **self.columns}, can_halve=True)
        except RequestRefusedError as refusal:
            return not is_too_long(refusal)
        except QueryTimeoutError:
            pass
        return True

    def total(self, conditions: str) -> int | None:
        """The number of users that match; None where Auth0 does not tell, or may have capped it."""
        query: dict[str, Any] = {"per_page": 1, "page": 0, "include_totals": "true", **self.columns}
        return self._fetch({"q": conditions, **query} if conditions else query).known_total

    def page_by_number(self, conditions: str, page_number: int) -> SearchPage:
        """A page of the users that match, in Auth0's order."""
        query: dict[str, Any] = {"per_page": PAGE_SIZE, "page": page_number, "include_totals": "true", **self.columns}
        return self._fetch({"q": conditions, **query} if conditions else query)

    def newest_indexed(self, since: Milliseconds) -> Page:
        """The users that the index has as the latest updated since a time, newest first.

        Where that is too much for a query, those of the last 30 days, day or hour.
        """
        now = self.tenant.now_ms
        for start in (since, *(now - span for span in RECENT_SPANS_MS)):
            window = QueryWindow("updated_at", max(start, since), None, self.conditions)
            query = {"q": window.query, "sort": "updated_at:-1", "per_page": PAGE_SIZE, "page": 0, **self.columns}
            with contextlib.suppress(QueryTimeoutError):
                return self._fetch({**query, "include_totals": "true"}, can_halve=True).rows
        return []

    def with_one_attempt(self) -> "UserSearch":
        """The same search for questions that a sync can do without: no request of it is retried."""
        return replace(self, requester=self.requester.with_policy(SINGLE_ATTEMPT_RETRY_POLICY))

    def has_timed_out_for_good(self) -> bool:
        """Whether queries have timed out for so long, without an answer in between, that the stream is to fail."""
        since = self._times_out_since
        return since is not None and SEARCH_TIMEOUT_RETRY_POLICY.is_over(time.monotonic() - since)

    def _record_index_progress(self, window: QueryWindow, rows: Page) -> None:
        bound, latest = window.index_bound, self.tenant.now_ms + DATE_TOLERANCE_MS
        if bound is None or (self.index_reached is not None and bound <= self.index_reached):
            return
        # A user who is dated in the future matches every bound, and proves nothing.
        if any((at := timestamp_of(row, "updated_at")) is not None and at <= latest for row in rows):
            self.index_reached = bound

    def _fetch(
        self, query: Mapping[str, Any], end: Milliseconds | None = None, *, can_halve: bool = False
    ) -> SearchPage:
        body = self._get(query, can_halve=can_halve)
        total = body.get("total") if isinstance(body, dict) else None
        is_number = isinstance(total, int) and not isinstance(total, bool)
        return SearchPage(self.rows_of(body) if body is not None else [], total if is_number else None, end)

    def _get(self, query: Mapping[str, Any], *, can_halve: bool = False) -> Any:
        """The body of an answer; a query that times out is asked again, twice if `can_halve`, else for 5 minutes."""
        for attempt in count(1):
            try:
                body = self.requester.get(None, {**query, "search_engine": "v3"})
            except QueryTimeoutError:  # noqa: PERF203 - a retry
                self._times_out_since = self._times_out_since or time.monotonic()
                is_last = can_halve and attempt == SEARCH_TIMEOUT_RETRY_POLICY.attempts
                if is_last or self.has_timed_out_for_good():
                    raise
                with release_worker_slot():
                    time.sleep(SEARCH_TIMEOUT_RETRY_POLICY.wait(attempt))
            else:
                self._times_out_since = None
                return body
        raise AssertionError


def batches_of_terms(
    values: Iterable[str], max_characters: int, term_of: Callable[[str], str] = quote_term
) -> Iterator[list[str]]:
    """Split values so that each batch, as terms joined by OR, fits into so many percent-encoded characters."""
    batch, length = list[str](), 0
    for value in values:
        size = len(quote(f"{term_of(value)} OR "))
        if batch and (length + size > max_characters or len(batch) == PAGE_SIZE):
            yield batch
            batch, length = [], 0
        batch.append(value)
        length += size
    if batch:
        yield batch
