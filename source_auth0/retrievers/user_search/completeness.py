"""Evidence that all users were read: totals of a full refresh, and questions that confirm an empty tenant."""

import contextlib
import logging
import threading
import time
from array import array
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from airbyte_cdk.utils.traced_exception import AirbyteTracedException

from source_auth0.api.http.retry_policy import EMPTY_TENANT_RETRY_POLICY, SHORTFALL_RETRY_POLICY
from source_auth0.engine.thread_pool import release_worker_slot
from source_auth0.errors import transient_error
from source_auth0.records import Page
from source_auth0.retrievers.user_search.queries import QueryWindow, UserSearch, and_conditions
from source_auth0.retrievers.user_search.time_slices import SearchPage
from source_auth0.timestamps import Milliseconds, timestamp_of, to_iso

LOGGER = logging.getLogger("airbyte.source_auth0")
#: Requests that may be spent on finding the ranges of `created_at` that lack users.
MAX_COUNTS = 60
#: Users that lack a date and are read: what Auth0's search returns of one query.
MAX_UNDATED_USERS = 1000
#: Sign-ins and sign-ups of the log that are looked up by id.
RECENT_EVENTS = 5
#: The path of one user.
ONE_USER = "users/{{ stream_partition.id }}"
#: In how many parts different users are counted.
COUNTED_PARTS = 16


class ReceivedUsers:
    """The users that a full refresh has received: a hash of each id, and when each was created; 16 bytes a user."""

    def __init__(self) -> None:
        self._hashes = array("q")
        self._created_at = array("q")
        self._lock = threading.Lock()

    def add(self, page: Page) -> None:
        """Count the rows of a page."""
        with self._lock:
            self._hashes.extend([hash(row["user_id"]) for row in page])
            self._created_at.extend([timestamp_of(row, "created_at") or -1 for row in page])

    def without_received(self, page: Page) -> Page:
        """The rows of a page whose users were not received before."""
        received = set(self._hashes)
        return [row for row in page if hash(row["user_id"]) not in received]

    @property
    def number(self) -> int:
        """How many different users there are; counted in parts, since a set of millions takes more than all else."""
        return sum(
            len({user for user in self._hashes if user % COUNTED_PARTS == part}) for part in range(COUNTED_PARTS)
        )

    def number_between(self, start: Milliseconds, end: Milliseconds | None) -> int:
        """How many different users were created from `start` up to before `end`."""
        pairs = zip(self._hashes, self._created_at, strict=True)
        return len({user for user, at in pairs if start <= at and (end is None or at < end)})


class TotalCheck:
    """Holds the users received in a full refresh against Auth0's total, asked before and after.

    A total is no evidence where it may be capped, or is below the number of users received.

    earlier: how many users an earlier attempt received outside of the ranges of `created_at` that are read now.
    """

    def __init__(
        self,
        search: UserSearch,
        earlier: int = 0,
        ranges: Iterable[tuple[Milliseconds, Milliseconds | None]] = ((0, None),),
    ) -> None:
        self._search = search
        self._earlier, self._ranges = earlier, list(ranges)
        self.received = ReceivedUsers()
        self._before = search.total(search.conditions)

    def missing(self) -> int:
        """How many users are missing; 0 where Auth0's totals are no evidence."""
        if self._before is None or self._before <= (received := self._number):
            return 0
        after = self._search.total(self._search.conditions)
        return max(min(self._before, after) - received, 0) if after is not None and after >= received else 0

    @property
    def _number(self) -> int:
        return self._earlier + self.received.number

    def short_ranges(self) -> list[tuple[Milliseconds, Milliseconds | None]]:
        """Ranges of `created_at` with fewer users received than Auth0 counts, each of at most a page."""
        ranges: list[tuple[Milliseconds, Milliseconds | None]] = []
        pending = list(self._ranges)
        for _ in range(MAX_COUNTS):
            if not pending:
                return ranges
            start, end = pending.pop()
            total = self._search.total(QueryWindow("created_at", start, end, self._search.conditions).query)
            if total is not None and total <= self.received.number_between(start, end):
                continue
            upper = end if end is not None else self._search.tenant.now_ms
            if total is not None and total > 100 and upper - start > 1:  # noqa: PLR2004 - a page
                middle = (start + upper) // 2
                pending += [(middle, end), (start, middle)]
            else:
                ranges.append((start, end))
        return ranges + pending

    def wait(self) -> None:
        """Wait before the ranges are read again."""
        with release_worker_slot():
            time.sleep(SHORTFALL_RETRY_POLICY.wait(1))

    def raise_if_short(self, ranges: list[tuple[Milliseconds, Milliseconds | None]]) -> None:
        """Raise where users are still missing, with the ranges that lack them."""
        if not (missing := self.missing()):
            return
        where = ", ".join(f"{to_iso(start)} to {to_iso(end) if end else 'now'}" for start, end in ranges[:3])
        place = f" The range of `created_at` that lacks them: {where}." if where else ""
        received = self._number
        raise transient_error(
            f"`{self._search.name}` is short: Auth0 counts {missing + received} users and returned "
            f"{received}, so {missing} are missing.{place} The stream fails, so that the table "
            "is not replaced by a shorter one. Sync again; if the number stays, set Verify the Total of Users "
            "(`users_verify_total`) to false to accept it."
        )


def undated_users(search: UserSearch, attribute: str) -> Iterator[Page]:
    """The users without this timestamp, whom no range finds; none where Auth0 refuses the question.

    One attempt: whether a user can lack a date is not documented.
    """
    once = search.with_one_attempt()
    conditions = search.conditions if attribute != "updated_at" else search.connection_conditions
    query, seen = and_conditions(f"NOT _exists_:{attribute}", conditions), 0
    with contextlib.suppress(AirbyteTracedException):
        for number in range(MAX_UNDATED_USERS // 100):
            page = once.page_by_number(query, number)
            yield page.rows
            seen += len(page.rows)
            is_end = not page.rows or (page.known_total is not None and seen >= page.known_total)
            if is_end or all(timestamp_of(row, attribute) is not None for row in page.rows):
                return  # users who all have the timestamp are no answer to this question
        LOGGER.warning(
            f"`{search.name}`: more than {MAX_UNDATED_USERS} users have no `{attribute}`. Auth0's search returns "
            "no more of them; set First Load of Users (`users_initial_load`) to `export` to have them all."
        )


def confirm_no_users(search: UserSearch, window: QueryWindow) -> SearchPage:
    """Confirm an empty first page of a window by other questions; the page, or the one that replaces it.

    Raises where the search stays empty, though something else shows that there are users.
    """
    for attempt in range(1, EMPTY_TENANT_RETRY_POLICY.attempts):
        if (evidence := _evidence_of_users(search)) is None:
            return SearchPage([], 0)
        with release_worker_slot():
            time.sleep(EMPTY_TENANT_RETRY_POLICY.wait(attempt))
        if (page := search.find(window)).rows:
            return page
    evidence = _evidence_of_users(search)
    if evidence is None:
        return SearchPage([], 0)
    raise transient_error(
        f"Auth0's search returns no users for `{search.name}`, but {evidence}. The stream fails, so that the table "
        "is not emptied. The next sync starts again."
    )


def _evidence_of_users(search: UserSearch) -> str | None:
    """What shows that there are users in scope; None if nothing does."""
    if not search.conditions and (active := _ask(search, "stats/active-users", {})):
        return f"Auth0 counts {active} active users"
    events = _ask(search, "logs", {"q": "type:(s OR ss)", "sort": "date:-1", "per_page": RECENT_EVENTS, "page": 0})
    for user_id in dict.fromkeys(_user_ids(events)):
        row = _ask(search, search.requester.path_of(ONE_USER, {"id": user_id}), {}, template=ONE_USER)
        if isinstance(row, dict) and row.get("user_id") == user_id and _is_in_scope(search, row):
            return f"{user_id}, whom the log names, exists"
    rows = search.page_by_number("", 0).rows
    return "a search without a query does" if any(_is_in_scope(search, row) for row in rows) else None


def _ask(search: UserSearch, path: str, query: Mapping[str, Any], template: str = "") -> Any:
    """The body of a request that the token may not be granted; None for any refusal, and for a user who is gone."""
    with contextlib.suppress(AirbyteTracedException):
        return search.requester.get_path(path, query, template=template, below_parent=bool(template))
    return None


def _user_ids(events: Any) -> Iterator[str]:
    rows = events.get("logs") if isinstance(events, dict) else events
    for event in rows if isinstance(rows, list) else []:
        if isinstance(event, dict) and event.get("user_id"):
            yield str(event["user_id"])


def _is_in_scope(search: UserSearch, row: Mapping[str, Any]) -> bool:
    names, start_date = search.connection_names, search.tenant.config.get("start_date")
    connections = {identity.get("connection") for identity in row.get("identities") or []}
    if names and not connections & set(names):
        return False
    updated_at = timestamp_of(row, "updated_at")
    since = timestamp_of({"start_date": start_date}, "start_date") if start_date else None
    return since is None or updated_at is None or updated_at >= since
