"""What a full sync of a stream costs in requests: in words for its page, and as a number for the rows that it has."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from source_auth0.costs.spans import NOTHING, Span, exactly
from source_auth0.records import PAGE_SIZE

#: Auth0 may send a short page although more follow, and an empty one at the end: requests for each one that is due.
SHORT_PAGES = 1.25
#: Streams made of the log share its pages.
MADE_OF_LOG = "⌈e/100⌉ for `e` log events, shared by all streams made of the log; none if `logs` is synced too"


@dataclass(frozen=True)
class ListCost:
    """The requests of one list of an archetype.

    words: for a list of `n` rows in pages of `size`. below: the same for a list of each `parent`; by default the words
    and `for each {parent}`. is_paged: whether rows cost pages. more: requests for each list beside its pages. per_row:
    requests for each row beside those. is_derived: whether the rows come with the pages of another stream.
    """

    words: str
    below: str = ""
    is_paged: bool = True
    more: int = 0
    per_row: int = 0
    is_derived: bool = False


PAGES = ListCost("⌈n/{size}⌉")
ONE = ListCost("1", is_paged=False)
#: By archetype.
COSTS: Mapping[str, ListCost] = {
    "searched": ListCost("1.08 · ⌈n/{size}⌉ + 40 at most"),
    "checkpointed": PAGES,
    "paged": PAGES,
    "paged_always": PAGES,
    "detailed": ListCost("⌈n/{size}⌉ + n", per_row=1),
    "members": ListCost("", "⌈n/{size}⌉ + 1 for each {parent}"),
    "member_roles": ListCost("", "none of its own: the pages of `organization_members`", is_derived=True),
    "owned_roles": ListCost("⌈n/{size}⌉, and 1 for the roles that Auth0 manages", more=1),
    "connection_settings": ListCost("⌈n/{size}⌉; if the list is missing, 1 for each row of `connections`"),
    "full_list": PAGES,
    "role_members": ListCost("", "none of its own: the pages of `organization_members`", is_derived=True),
    "role_groups": ListCost("", "none of its own: the pages of `organization_group_roles`", is_derived=True),
    "unpaged": ONE,
    "singleton": ONE,
    "reachable": ONE,
    "log": ListCost("⌈n/{size}⌉, and a few to find both ends of the log"),
    "log_changes": ListCost(MADE_OF_LOG, is_derived=True),
    "log_deletions": ListCost(MADE_OF_LOG, is_derived=True),
    "log_types": ListCost("none", is_derived=True),
    "readings": ListCost("none", is_derived=True),
    "streamed": ListCost("1 for each time that Auth0 closes the connection, every few minutes", is_paged=False),
    "user_paged": ListCost("⌈n/{size}⌉ for each user to read"),
    "user_checkpointed": ListCost("⌈n/{size}⌉ for each user to read"),
    "user_unpaged": ListCost("1 for each user to read", is_paged=False),
    "user_source_groups": ListCost("1 for each user to read, and ⌈n/{size}⌉ for each role that comes through groups"),
    "user_by_api": ListCost("⌈n/{size}⌉ for each user to read and each API"),
    "user_source_roles": ListCost(
        "1 for each user to read and each API, and ⌈n/{size}⌉ for each permission that comes through roles"
    ),
}
#: A placeholder in a path.
PATH_PLACEHOLDER = re.compile(r"{{.*?}}")
#: Lists that end with an empty page: Auth0 sends no total with them.
WITHOUT_TOTAL, ENDING_EMPTY = {"organization_invitations"}, {"members"}


def archetype(stream: Mapping[str, Any]) -> str:
    """The archetype that a stream names."""
    return str(stream["retriever"]["$ref"].rpartition("/")[2])


def cost_of(stream: Mapping[str, Any]) -> ListCost:
    """What one list of a stream costs."""
    return COSTS[archetype(stream)]


def page_size(stream: Mapping[str, Any]) -> int:
    """Rows that a page of a stream has at most."""
    return int(stream["$parameters"]["page_size"] or PAGE_SIZE)


def formula(stream: Mapping[str, Any], above: Sequence[str]) -> str:
    """What a full sync costs, in words; `above` has what the stream is read for, in words too."""
    cost = cost_of(stream)
    words = (cost.below or f"{cost.words} for each {{parent}}") if above else cost.words
    more = " + 1" if stream["name"] in WITHOUT_TOTAL else ""
    return words.replace("}⌉ for", f"}}⌉{more} for").format(size=page_size(stream), parent=" and each ".join(above))


def list_requests(stream: Mapping[str, Any], rows: Span, lists: Span | None = None, filled: Span | None = None) -> Span:
    """The requests for so many rows in so many lists; one list by default. filled: how many of them are not empty.

    A list costs at least one request, and an empty or short one no more. Users and the log have functions of their own,
    and requests for single rows count for another endpoint: `row_requests`.
    """
    cost, lists = cost_of(stream), lists or exactly(1)
    if cost.is_derived:
        return NOTHING
    # An empty list has no empty page behind it.
    filled = filled or Span(min(rows.low, 1), lists.high)
    has_last = stream["name"] in WITHOUT_TOTAL or archetype(stream) in ENDING_EMPTY
    last = filled if has_last else NOTHING
    more = lists.times(cost.more) + last
    return _pages(rows, lists, page_size(stream)) + more if cost.is_paged else lists + more


def row_requests(stream: Mapping[str, Any], rows: Span) -> Span:
    """The requests for single rows of a list, which shows them in part."""
    return rows.times(cost_of(stream).per_row)


def endpoint_of(stream: Mapping[str, Any], *, detail: bool = False) -> str:
    """The endpoint that a stream's requests count for, as `GET /roles/{}/users`; with `detail`, that of one row."""
    return f"GET /{PATH_PLACEHOLDER.sub('{}', stream['$parameters']['detail' if detail else 'resource'])}"


def users_requests(rows: Span) -> Span:
    """The requests of a first sync of so many users by search: a walk in parts, and what proves that it is complete."""
    pages = Span(max(math.ceil(rows.low / PAGE_SIZE), 1), max(math.ceil(rows.high / PAGE_SIZE), 1))
    return Span(pages.low + 2, math.floor(1.1 * pages.high + min(0.8 * pages.high + 4, 40)), rows.at_least)


def changed_users_requests(rows: Span) -> Span:
    """The requests of a later sync, in which so many users have changed: a page may overlap the one before it."""
    few = Span(1, 4, rows.at_least)
    return few if rows.high < PAGE_SIZE else few + Span(rows.low / PAGE_SIZE, math.ceil(1.1 * rows.high / 98))


def log_requests(events: Span) -> Span:
    """The requests for so many events of the log: its pages, its ends, and where to split it for several workers."""
    pages = Span(math.ceil(events.low / PAGE_SIZE), math.ceil(events.high / PAGE_SIZE))
    most = math.ceil(1.1 * pages.high + min(pages.high + 10, 20))
    return Span(pages.low + 6, most, events.at_least)


def new_events_requests(events: Span) -> Span:
    """The same for what a later sync finds new."""
    return Span(2, 4) + Span(
        math.floor(events.low / PAGE_SIZE), math.ceil(1.2 * events.high / PAGE_SIZE), events.at_least
    )


#: What a derived stream of the log asks beside the log's pages, to join what was read at either end.
DERIVED_REQUESTS = Span(0, 8)
#: A few requests until an export of any number of users is there, and more while it is not.
EXPORT_REQUESTS = Span(6, 60)


def _pages(rows: Span, lists: Span, size: int) -> Span:
    low, at_least = max(lists.low, math.ceil(rows.low / size)), rows.at_least or lists.at_least
    if rows.high <= size:
        return Span(low, lists.high, at_least)
    # However the rows are spread: whole pages, and a last one for each list.
    most = lists.high + rows.high / size if lists.high > 1 else math.ceil(rows.high / size)
    return Span(low, math.ceil(most * SHORT_PAGES) + 1, at_least)
