"""How many users there are, how many changed lately, and some of them."""

import random
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from source_auth0.commands.probe.client import Answer, ProbeClient
from source_auth0.config.options import HOUR_MS
from source_auth0.costs.spans import Span, exactly, total
from source_auth0.records import PAGE_SIZE, Page
from source_auth0.retrievers.user_search.queries import and_conditions, connection_condition
from source_auth0.timestamps import Milliseconds, timestamp_of, to_iso, to_milliseconds

#: The total that may stand for any larger number.
CAP = 1000
#: Searches into which one with a capped total is split at most.
MAX_SEARCHES = 24
#: By how much a total may be off: users come and go, and one in a hundred may change while they are read.
DRIFT = 0.01


class UserCounter:
    """Counts users by totals of the search, within what the config selects."""

    def __init__(self, client: ProbeClient) -> None:
        self._client, config = client, client.tenant.config
        start = config.get("start_date")
        since = f"updated_at:[{to_iso(to_milliseconds(start))} TO *]" if start else ""
        self._conditions = and_conditions(since, connection_condition(config.get("users_connections") or ()))
        self._left = MAX_SEARCHES
        self.page: Page = []
        #: The first answer, which tells whether users may be read.
        self.first = Answer(HTTPStatus.OK)
        self._oldest: Milliseconds | None = None

    def count(self) -> Span:
        """All users; at least so many where totals end at a cap and a few searches by date do not get below it."""
        newest = self._client.users(self._conditions or None, sort="created_at:-1", page=0, per_page=PAGE_SIZE)
        oldest = self._client.users(self._conditions or None, sort="created_at:1", page=0, per_page=PAGE_SIZE)
        self.page, self.first = [*oldest.rows, *newest.rows], oldest
        self._oldest = min((at for row in oldest.rows if (at := timestamp_of(row, "created_at"))), default=None)
        known = len(oldest.rows) if oldest.total is None else oldest.total
        if oldest.total is not None and known != CAP:
            return _drifting(known)
        if oldest.total is None or self._oldest is None:
            return exactly(known, at_least=known >= PAGE_SIZE)
        return self._count_in("created_at", self._oldest, self._client.started_ms)

    def changed_since(self, begin: Milliseconds) -> Span:
        """The users whose `updated_at` is from a time on."""
        found = self._total(f"updated_at:[{to_iso(begin)} TO *]")
        if found is None:
            return Span(0, 0, at_least=True)
        if found != CAP:
            return _drifting(found)
        return self._count_in("updated_at", begin, self._client.started_ms)

    def sample(self, count: int) -> Page:
        """So many users, from dates spread over all of them; fewer where there are fewer."""
        rng, rows = random.Random(count), list(self.page)  # noqa: S311 - users to look at
        if self._oldest is not None and len({row["user_id"] for row in rows}) > PAGE_SIZE:
            for part in (0.2, 0.4, 0.6, 0.8):
                at = self._oldest + int((self._client.started_ms - self._oldest) * part)
                condition = and_conditions(f"created_at:[{to_iso(at)} TO *]", self._conditions)
                rows += self._client.users(condition, sort="created_at:1", page=0, per_page=PAGE_SIZE).rows
        found: Mapping[str, Any] = {str(row["user_id"]): row for row in rows if "user_id" in row}
        return rng.sample(list(found.values()), min(count, len(found)))

    def _total(self, condition: str) -> int | None:
        self._left -= 1
        return self._client.users(and_conditions(condition, self._conditions), page=0, per_page=1).total

    def _count_in(self, field: str, begin: Milliseconds, end: Milliseconds) -> Span:
        """Users with a date in a range whose total is capped: the ranges with capped totals are halved, a few times."""
        parts, counted = [(begin, end + HOUR_MS)], []
        while parts and self._left > 0:
            low, high = parts.pop(0)
            found = self._total(f"{field}:[{to_iso(low)} TO {to_iso(high)}}}")
            if found == CAP and high - low > 1:
                middle = (low + high) // 2
                parts += [(low, middle), (middle, high)]
            else:
                counted.append(found or 0)
        # A range that was not counted is half of one that has as many users as the cap, or more.
        known = sum(counted) + len(parts) // 2 * CAP
        return total([_drifting(known)]) if not parts else exactly(known, at_least=True)


def _drifting(known: int) -> Span:
    return Span(known - int(known * DRIFT), known + int(known * DRIFT))
