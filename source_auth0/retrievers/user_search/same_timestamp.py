"""Users with the same timestamp: bulk imports make thousands per millisecond, which stall keyset pagination."""

import contextlib
from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import quote

from airbyte_cdk.models import FailureType
from airbyte_cdk.utils.traced_exception import AirbyteTracedException

from source_auth0.errors import MissingScopeError, RequestRefusedError, system_error, transient_error
from source_auth0.records import PAGE_SIZE, Page
from source_auth0.retrievers.user_search.queries import (
    MAX_QUERY_CHARACTERS,
    QueryWindow,
    UserSearch,
    and_conditions,
    batches_of_terms,
    connection_term,
    is_too_long,
    quote_term,
)
from source_auth0.retrievers.user_search.time_slices import SearchPage
from source_auth0.timestamps import Milliseconds, to_iso

#: Most rows that are read by page number: half of what Auth0 allows.
MAX_ROWS_BY_PAGE_NUMBER = 500
MAX_ATTEMPTS = 5
OTHER_TIMESTAMP = {"created_at": "updated_at", "updated_at": "created_at"}


def read_same_timestamp(search: UserSearch, instant: QueryWindow) -> Iterator[Page]:
    """The users of one millisecond: by page number if they are few, else by keyset over the other timestamp.

    Users that share both timestamps are split by connection, then read by keyset over `user_id`; raises if that
    fails too, or if fewer came than the first total told of. Some rows may come twice.
    """
    page = search.find_again_if_empty(instant)
    if _fits_page_numbers(page):
        yield from _read_by_page_number(search, instant, page)
        return
    due, seen = page.known_total or 0, set[str]()
    for rows in _read_by_other_timestamp(search, instant):
        yield rows
        seen.update(row["user_id"] for row in rows)
    if len(seen) < due and (not (total := search.total(instant.query)) or len(seen) < total):
        raise _changed_error(search, instant)


def _read_by_other_timestamp(search: UserSearch, instant: QueryWindow) -> Iterator[Page]:
    other, low = OTHER_TIMESTAMP[instant.field], None
    repeated: Milliseconds = -1
    while True:
        window = QueryWindow(other, low, None, instant.query)
        page = search.find_again_if_empty(window)
        if low == repeated and not page.rows:
            raise _changed_error(search, instant)  # the user at `low` came before
        yield page.rows
        if page.is_last:
            return
        last = page.times(other)[-1]
        if last is None:
            raise _changed_error(search, instant)
        if last == low:
            same = replace(window, end=last + 1)
            with _telling_of_long_urls(search, same):
                yield from _read_by_connection(search, same)
            low = last + 1
        else:
            low = repeated = last


def _fits_page_numbers(page: SearchPage) -> bool:
    return page.known_total is not None and page.known_total <= MAX_ROWS_BY_PAGE_NUMBER


def _read_by_page_number(search: UserSearch, window: QueryWindow, first: SearchPage) -> Iterator[Page]:
    """Read by page number; start over if the total changed meanwhile, as rows may have shifted across a page boundary.

    Distinct users are counted, not rows: a repeated page would pass for the next one.
    """
    had_rows = bool(first.rows)
    for _ in range(MAX_ATTEMPTS):
        number, page, seen, is_stable = 0, first, set[str](), True
        while True:
            yield page.rows
            seen.update(row["user_id"] for row in page.rows)
            is_stable = is_stable and page.total == first.total
            if not page.rows or len(seen) >= (page.total or 0):
                break
            number += 1
            page = search.find(window, number)
        if is_stable and len(seen) >= (first.total or 0) and (seen or not had_rows):
            return
        first = search.find(window)
    raise _changed_error(search, window)


def _read_by_connection(search: UserSearch, instant: QueryWindow) -> Iterator[Page]:
    """The users that share both timestamps, by connection; last those of no known connection."""
    names = list(search.connection_names) or _connection_names(search)
    empty = []
    for name in names:
        window = _of_connections(instant, [name])
        if (page := search.find(window)).rows:
            yield from _read_part(search, window, page)
        else:
            empty.append(name)
    # Most connections have none of these users: one question confirms what many answers of nothing said.
    for batch in batches_of_terms(empty, MAX_QUERY_CHARACTERS - len(quote(instant.query)), connection_term):
        if _may_have_rows(search, _of_connections(instant, batch)):
            for name in batch:
                window = _of_connections(instant, [name])
                yield from _read_part(search, window, search.find_again_if_empty(window))
                empty.remove(name)
    if search.connection_names:  # of whose users nobody is in none of them
        if len(empty) == len(names):
            raise _changed_error(search, instant)  # a page of them came before
        return
    others = " AND ".join(f"NOT {connection_term(name)}" for name in names)
    window = replace(instant, conditions=and_conditions(instant.conditions, others))
    page = search.find_again_if_empty(window)
    if not page.rows and len(empty) == len(names):
        raise _changed_error(search, instant)  # a page of them came before
    yield from _read_part(search, window, page)


@contextlib.contextmanager
def _telling_of_long_urls(search: UserSearch, window: QueryWindow) -> Iterator[None]:
    """Within the block, a query that is refused for its length (414) is one that tells users no further apart."""
    try:
        yield
    except RequestRefusedError as refusal:
        if not is_too_long(refusal):
            raise
        raise _indistinguishable_error(search, window) from refusal


def _may_have_rows(search: UserSearch, window: QueryWindow) -> bool:
    """Whether users of several connections are found, or the question is too long to be asked."""
    try:
        return bool(search.find(window).rows)
    except RequestRefusedError as refusal:
        if not is_too_long(refusal):
            raise
        return True


def _of_connections(instant: QueryWindow, names: list[str]) -> QueryWindow:
    terms = " OR ".join(map(connection_term, names))
    condition = terms if len(names) == 1 else f"({terms})"
    return replace(instant, conditions=and_conditions(instant.conditions, condition))


def _read_part(search: UserSearch, window: QueryWindow, page: SearchPage) -> Iterator[Page]:
    """The users of a window whose timestamps tell them apart no further; `page` is its first page."""
    if _fits_page_numbers(page):
        yield from _read_by_page_number(search, window, page)
    else:
        yield from _read_by_user_id(search, window)


def _connection_names(search: UserSearch) -> list[str]:
    """Names of the tenant's connections; empty if the token may not list them."""

    def fetch() -> list[str]:
        names: list[str] = []
        query = {"take": PAGE_SIZE, "fields": "name", "include_fields": "true"}
        try:
            while (body := search.requester.get_path("connections", query)) is not None:
                rows = body if isinstance(body, list) else body["connections"]
                names += [row["name"] for row in rows]
                if isinstance(body, list) or not body.get("next"):
                    break
                query["from"] = body["next"]
        except MissingScopeError:
            return []
        return names

    return search.tenant.once("connection names", fetch)


def _read_by_user_id(search: UserSearch, window: QueryWindow) -> Iterator[Page]:
    """Keyset pagination over the unique `user_id`; whether Auth0 supports this is undocumented."""
    last = None
    while True:
        condition = f"user_id:[{quote_term(last)} TO *]" if last else ""
        try:
            from_last_on = replace(window, conditions=and_conditions(window.conditions, condition))
            page = search.find_again_if_empty(from_last_on, sort="user_id")
        except AirbyteTracedException as refusal:
            if refusal.failure_type != FailureType.system_error:
                raise
            raise _indistinguishable_error(search, window) from refusal
        if last and not page.rows:
            raise _changed_error(search, window)  # the user `last` came before
        yield page.rows
        # Without a total, the end is a page with only the last user again, which the range includes.
        if page.is_last or [row["user_id"] for row in page.rows] == [last]:
            return
        if page.rows[-1]["user_id"] == last:
            raise _indistinguishable_error(search, window)
        last = page.rows[-1]["user_id"]


def _changed_error(search: UserSearch, window: QueryWindow) -> AirbyteTracedException:
    return transient_error(
        f"`{search.name}`: users with the same {window.field} kept changing while they were read. The next sync "
        "resumes from here.",
    )


def _indistinguishable_error(search: UserSearch, window: QueryWindow) -> AirbyteTracedException:
    return system_error(
        f"`{search.name}`: more users share the {window.field} {to_iso(window.start or 0)} than Auth0's search can "
        "tell apart. Nobody was left out silently: the stream fails. Set First Load of Users (`users_initial_load`) "
        "to `export`, which has no such limit.",
    )
