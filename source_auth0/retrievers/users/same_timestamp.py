"""Users that share one millisecond: bulk imports make thousands of them, and keyset paging cannot pass them by."""

from collections.abc import Iterator
from dataclasses import replace

from airbyte_cdk.models import FailureType
from airbyte_cdk.utils.traced_exception import AirbyteTracedException

from source_auth0.errors import MissingScopeError, system_error, transient_error
from source_auth0.records import PAGE_SIZE, Page
from source_auth0.retrievers.users.queries import QueryWindow, UserSearch, and_conditions, quote_term
from source_auth0.retrievers.users.time_slices import SearchPage
from source_auth0.timestamps import to_iso, to_milliseconds

#: Rows that are paged through by number: half of what Auth0 allows.
MAX_ROWS_BY_PAGE_NUMBER = 500
MAX_ATTEMPTS = 5
OTHER_TIMESTAMP = {"created_at": "updated_at", "updated_at": "created_at"}


def read_same_timestamp(search: UserSearch, instant: QueryWindow) -> Iterator[Page]:
    """The users of one millisecond: by page number if they are few, else along the other timestamp.

    Those that share that one too are told apart by their connections, and then by their ids. What cannot be told
    apart fails by name. Some rows may come twice.
    """
    found = search.find(instant)
    if _fits_page_numbers(found):
        yield from _read_by_page_number(search, instant, found)
        return
    other, low = OTHER_TIMESTAMP[instant.field], None
    while True:
        window = QueryWindow(other, low, None, instant.query)
        found = search.find(window)
        yield found.rows
        if found.is_last:
            return
        last = to_milliseconds(found.rows[-1][other])
        if last == low:
            yield from _read_by_connection(search, replace(window, end=last + 1))
            low = last + 1
        else:
            low = last


def _fits_page_numbers(found: SearchPage) -> bool:
    return found.known_total is not None and found.known_total <= MAX_ROWS_BY_PAGE_NUMBER


def _read_by_page_number(search: UserSearch, window: QueryWindow, first: SearchPage) -> Iterator[Page]:
    """Page numbers, over again when a user left in between: the others have moved up, maybe past a page's border.

    Users are counted, and not rows: a page that repeats would stand for the next one.
    """
    for _ in range(MAX_ATTEMPTS):
        number, found, seen, steady = 0, first, set[str](), True
        while True:
            yield found.rows
            seen.update(row["user_id"] for row in found.rows)
            steady = steady and found.total == first.total
            if not found.rows or len(seen) >= (found.total or 0):
                break
            number += 1
            found = search.find(window, number)
        if steady and len(seen) >= (first.total or 0):
            return
        first = search.find(window)
    raise transient_error(
        f"`{search.name}`: users with the same {window.field} kept changing while they were read. The next sync goes "
        "on from here.",
    )


def _read_by_connection(search: UserSearch, instant: QueryWindow) -> Iterator[Page]:
    """The users that share both timestamps, a connection at a time, and last those of none that is known."""
    terms = [f"identities.connection:{quote_term(name)}" for name in _connection_names(search)]
    for condition in [*terms, " AND ".join(f"NOT {term}" for term in terms)]:
        part = replace(instant, also=and_conditions(instant.also, condition))
        found = search.find(part)
        yield from (
            _read_by_page_number(search, part, found) if _fits_page_numbers(found) else _read_by_user_id(search, part)
        )


def _connection_names(search: UserSearch) -> list[str]:
    """Names of the tenant's connections; none where the token may not list them."""

    def learn() -> list[str]:
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

    return search.tenant.once("connection names", learn)


def _read_by_user_id(search: UserSearch, window: QueryWindow) -> Iterator[Page]:
    """Along `user_id`, of which no two are the same; no document says whether Auth0 can."""
    last = None
    while True:
        condition = f"user_id:[{quote_term(last)} TO *]" if last else ""
        try:
            found = search.find(replace(window, also=and_conditions(window.also, condition)), sort="user_id")
        except AirbyteTracedException as refusal:
            if refusal.failure_type != FailureType.system_error:
                raise
            raise _indistinguishable_error(search, window) from refusal
        yield found.rows
        # Without a total, the end is where nothing follows the last one, which the range includes.
        if found.is_last or [row["user_id"] for row in found.rows] == [last]:
            return
        if found.rows[-1]["user_id"] == last:
            raise _indistinguishable_error(search, window)
        last = found.rows[-1]["user_id"]


def _indistinguishable_error(search: UserSearch, window: QueryWindow) -> AirbyteTracedException:
    return system_error(
        f"`{search.name}`: more users share the {window.field} {to_iso(window.start or 0)} than Auth0's search can "
        "tell apart. Nobody was left out silently: the stream fails. Set First Load of Users (`users_initial_load`) "
        "to `export`, which has no such limit.",
    )
