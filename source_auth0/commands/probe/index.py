"""What is not established of the search index: how late it is, and whether rows are newer than what ordered them."""

from collections.abc import Iterator
from dataclasses import dataclass

from source_auth0.commands.probe.client import ProbeClient
from source_auth0.commands.probe.findings import Finding, Question, contradicted, established, unknown
from source_auth0.commands.probe.log import newest_events
from source_auth0.retrievers.user_search.queries import quote_term
from source_auth0.timestamps import Milliseconds, timestamp_of, to_iso

#: Users whose present row is held against the search's.
MAX_USERS = 3
#: The connector's default of `users_safety_lag_seconds`, in milliseconds.
SAFETY_LAG_MS = 60_000
DATES = {"fields": "user_id,updated_at", "include_fields": "true"}


@dataclass(frozen=True)
class _Sight:
    """One user as read by id, which is consistent at once, and as the search shows them, in milliseconds.

    changed: when the user changed last. indexed: the same by the search; None where it does not find the user.
    asked: when the search was asked.
    """

    user_id: str
    changed: Milliseconds
    indexed: Milliseconds | None
    asked: Milliseconds

    @property
    def is_late(self) -> bool:
        return self.indexed is None or self.indexed < self.changed

    @property
    def age(self) -> Milliseconds:
        return self.asked - self.changed


def index_delay(client: ProbeClient) -> Finding:
    """Hold users whom the log names last against what the search shows of them."""
    sights = list(_sights(client))
    late = [sight for sight in sights if sight.is_late]
    if any(sight.age > SAFETY_LAG_MS for sight in late):
        worst = max(sight.age for sight in late)
        return contradicted(f"a change of {_duration(worst)} ago is not shown; {len(late)} of {len(sights)} are late")
    fresh = [sight for sight in sights if not sight.is_late and sight.age < SAFETY_LAG_MS]
    if fresh:
        newest = min(sight.age for sight in fresh)
        return established(f"a change of {_duration(newest)} ago is shown; {len(late)} of {len(sights)} are late")
    newest = min((sight.age for sight in sights), default=0)
    return unknown(
        f"{len(sights)} users that the log names last were looked at"
        + (f": the newest change is {_duration(newest)} old, {len(late)} of them are late" if sights else "")
    )


def search_rows_newer_than_index(client: ProbeClient) -> Finding:
    """Ask the search for a user by the very date that it shows."""
    sights = list(_sights(client))
    if any(sight.indexed is not None and sight.is_late for sight in sights):
        return contradicted("a search shows a user as they were before")
    for sight in sights:
        if sight.indexed is None:
            continue
        condition = f"user_id:{quote_term(sight.user_id)} AND updated_at:[{to_iso(sight.indexed)} TO *]"
        answer = client.users(condition, page=0, per_page=1)
        if answer.is_served and not answer.rows:
            return established("a search shows a user with a date for which it does not find them")
    return unknown(f"the index was up to date for {len(sights)} users that the log names last")


def _sights(client: ProbeClient) -> Iterator[_Sight]:
    """The users whom the log names last; those who were deleted, or whom nobody may read, are left out."""
    named = (str(event["user_id"]) for event in newest_events(client) if event.get("user_id"))
    for user_id in list(dict.fromkeys(named))[:MAX_USERS]:
        present = client.get(client.path_of("users/{{ stream_slice.user_id }}", user_id=user_id), **DATES)
        changed = timestamp_of(present.body, "updated_at") if isinstance(present.body, dict) else None
        if present.is_served and changed is not None:
            asked = client.tenant.now_ms
            found = client.users(f"user_id:{quote_term(user_id)}", page=0, per_page=1)
            rows = [timestamp_of(row, "updated_at") for row in found.rows]
            yield _Sight(user_id, changed, rows[0] if rows else None, asked)


def _duration(milliseconds: Milliseconds) -> str:
    """A duration in words, in the unit that fits."""
    seconds = milliseconds / 1000
    for unit, size in (("days", 86_400), ("hours", 3600), ("minutes", 60)):
        if seconds >= size * 2:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} seconds"


SCOPES = frozenset({"read:users", "read:logs"})
QUESTIONS = (
    Question("index_delay", "The search shows a change within 60 seconds.", index_delay, SCOPES),
    Question(
        "search_rows_newer_than_index",
        "A row that a search shows may be newer than the index that found it.",
        search_rows_newer_than_index,
        SCOPES,
    ),
)
