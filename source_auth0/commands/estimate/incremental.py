"""Estimates of streams with a cursor: users, their own lists, the log and what is made of it, events."""

import random
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from source_auth0.commands.estimate.estimates import ListsSeen, Seen, StreamEstimate
from source_auth0.commands.estimate.lists import ListCounter
from source_auth0.commands.estimate.log import LogPace
from source_auth0.commands.estimate.users import UserCounter
from source_auth0.commands.probe.client import Answer, ProbeClient
from source_auth0.config.options import deep_look_back_every, index_lateness, logs_first, look_back
from source_auth0.costs.requests import (
    DERIVED_REQUESTS,
    EXPORT_REQUESTS,
    archetype,
    changed_users_requests,
    endpoint_of,
    list_requests,
    log_requests,
    new_events_requests,
    users_requests,
)
from source_auth0.costs.sampling import share_in_pages, sum_of_lists
from source_auth0.costs.spans import NOTHING, Span, exactly
from source_auth0.manifest.assembly import load_stream
from source_auth0.manifest.files import MANIFEST, load_yaml
from source_auth0.retrievers.log_events.deletions import DeletionPairing
from source_auth0.retrievers.log_events.facts import change_row
from source_auth0.retrievers.log_events.ordering import event_milliseconds
from source_auth0.timestamps import Milliseconds, to_milliseconds

Definition = Mapping[str, Any]
Ids = Mapping[str, Any]
#: What stands for the search for users to read, as the name of something that is read for streams.
USER_IDS = "ids of users"
#: Connections to the stream of events.
CONNECTIONS = Span(1, 20)
#: Requests for where the log ends.
LOG_POSITION = Span(1, 4)
#: Users whom the log names beside those whose dates changed, as a part of these.
NAMED_BY_LOG = 1.3
#: Archetypes whose lists are found in another list of the user: that stream, the source that its rows have to name, the
#: row's column, and the query parameter that it becomes.
FOUND_IN = {
    "user_source_groups": ("user_effective_roles", "groups", "id", "role_id"),
    "user_source_roles": ("user_effective_permissions", "roles", "permission_name", "permission_name"),
}
#: Lists of one user that are asked, of those that are found in another one.
LISTS_OF_USER = 2
PER_USER = ("user_paged", "user_checkpointed", "user_unpaged", "user_by_api", *FOUND_IN)


class Survey(Protocol):
    """Whoever estimates the other streams: its client, the streams that are wanted, and milliseconds between syncs."""

    client: ProbeClient
    every: Milliseconds
    selected: frozenset[str]
    lists_asked: int

    def estimate(self, name: str) -> StreamEstimate:
        """The estimate of a stream."""


class Incremental:
    """Estimates them for a survey. ways: archetype to what estimates its streams."""

    def __init__(self, survey: "Survey") -> None:
        self._client, self._every, self._selected = survey.client, survey.every, survey.selected
        self._users_asked, self._estimate = survey.lists_asked, survey.estimate
        self._pace: LogPace | None = None
        self._changed = NOTHING
        self.ways: dict[str, Callable[[Definition], StreamEstimate]] = {
            "searched": self._users,
            "log": self._log,
            "log_changes": self._changes,
            "log_deletions": self._deletions,
            "log_types": self._log_types,
            "streamed": self._events,
            **dict.fromkeys(PER_USER, self._user_lists),
        }

    def _users(self, stream: Definition) -> StreamEstimate:
        counter, now, config = UserCounter(self._client), self._client.started_ms, self._client.tenant.config
        rows, endpoint = counter.count(), endpoint_of(stream)
        if not counter.first.is_served:
            return _refused(stream, counter.first)
        self._changed = changed = counter.changed_since(now - self._every - look_back(config))
        if deep := deep_look_back_every(config):
            again = counter.changed_since(now - self._every - deep - index_lateness(config))
            changed = (
                again if self._every >= deep else Span(changed.low, again.high, changed.at_least or again.at_least)
            )
        is_exported = config.get("users_initial_load") == "export"
        first = {endpoint: users_requests(rows)}
        if is_exported:
            first = {"GET /jobs/{}": EXPORT_REQUESTS, endpoint: changed_users_requests(self._changed)}
        seen: tuple[Seen, ...] = tuple((row, {}) for row in counter.sample(self._users_asked))
        later = {endpoint: changed_users_requests(changed)}
        return StreamEstimate(stream["name"], rows, first, changed, later, seen=seen)

    def _user_lists(self, stream: Definition) -> StreamEstimate:
        """A list of each user, or one for each of several things of the user."""
        users, needs = self._estimate("users"), {USER_IDS}
        if users.refused:
            return StreamEstimate(stream["name"], None, refused=users.refused)
        apis = self._apis() if archetype(stream) in {"user_by_api", "user_source_roles"} else [{}]
        if apis != [{}]:
            needs.add("resource_servers")
        ids = [{"user_id": row["user_id"]} for row, _ in users.seen]
        lists, requests = (users.rows or NOTHING).times(len(apis)), dict[str, Span]()
        asked: list[tuple[Ids, Ids]] = [(each, random.Random(str(each)).choice(apis)) for each in ids] if apis else []  # noqa: S311
        if archetype(stream) in FOUND_IN:
            lists, asked, requests = self._found_lists(stream, asked, lists)
        counter, found = ListCounter(self._client, stream), list[ListsSeen]()
        for each, parameters in asked:
            length = counter.count(each, **parameters)
            if length.lacks_scope:
                return StreamEstimate(stream["name"], None, refused=f"is refused: {length.lacks_scope}")
            found.append(ListsSeen(each, length.rows, length.page))
        rows = sum_of_lists([each.rows for each in found], lists)
        requests[endpoint_of(stream)] = list_requests(stream, rows, lists)
        part = self._changed_part(users.rows or NOTHING)
        later = {name: span * part for name, span in requests.items()}
        return StreamEstimate(stream["name"], rows, requests, rows * part, later, frozenset(needs))

    def user_ids(self) -> StreamEstimate:
        """What finding the users to read costs: once for all lists of single users, whether `users` is read or not."""
        users = self._estimate("users")
        first, later = users_requests(users.rows or NOTHING), changed_users_requests(self._changed)
        log = {"GET /logs": LOG_POSITION}
        requests, again = {"GET /users": first, **log}, {"GET /users": later, **log}
        if "logs" not in self._selected and not self._estimate("logs").refused:
            # Users whom the log names are read again, too.
            again |= self._estimate("logs").requests_of(is_later=True)
        return StreamEstimate(USER_IDS, None, requests, None, again)

    def _found_lists(
        self, stream: Definition, asked: Sequence[tuple[Ids, Ids]], lists: Span
    ) -> tuple[Span, list[tuple[Ids, Ids]], dict[str, Span]]:
        """How many lists another list of each user leads to, some of them, and what finding them costs."""
        other, source, column, parameter = FOUND_IN[archetype(stream)]
        definition = load_stream(other)
        counter, sizes, found = ListCounter(self._client, definition), list[int](), list[tuple[Ids, Ids]]()
        for ids, more in asked:
            page = [row for row in counter.count(ids, **more).page if source in (row.get("sources") or (source,))]
            sizes.append(len(page))
            found += [(ids, {**more, parameter: row[column]}) for row in page[:LISTS_OF_USER] if column in row]
        rows = sum_of_lists(sizes, lists)
        return rows, found[: self._users_asked], {endpoint_of(definition): list_requests(definition, rows, lists)}

    def _apis(self) -> list[Ids]:
        """The APIs that define permissions, as query parameters."""
        return [
            {"resource_server_identifier": row["identifier"]}
            for row, _ in self._estimate("resource_servers").seen
            if row.get("scopes") != [] and "identifier" in row
        ]

    def _changed_part(self, users: Span) -> Span:
        """The part of the users who are read again in a later sync."""
        changed = self._changed
        if not users.high:
            return NOTHING
        part = Span(changed.low / max(users.high, 1), NAMED_BY_LOG * changed.high / max(users.low, 1))
        return Span(min(part.low, 1), 1 if changed.at_least else min(part.high, 1))

    def _log(self, stream: Definition) -> StreamEstimate:
        pace, endpoint = self._paced(), endpoint_of(stream)
        if not (oldest := self._oldest()).is_served:
            return _refused(stream, oldest)
        if pace is None:
            return StreamEstimate(stream["name"], NOTHING, {endpoint: Span(1, 4)}, NOTHING, {endpoint: Span(1, 4)})
        rows, later = pace.events(), pace.events(max(pace.end - self._every, pace.begin))
        requests = {endpoint: log_requests(rows)}
        return StreamEstimate(stream["name"], rows, requests, later, {endpoint: new_events_requests(later)})

    def _changes(self, stream: Definition) -> StreamEstimate:
        return self._made_of_log(stream, lambda events: sum(change_row(event) is not None for event in events))

    def _deletions(self, stream: Definition) -> StreamEstimate:
        return self._made_of_log(stream, lambda events: sum(1 for _ in DeletionPairing().rows(events)))

    def _made_of_log(self, stream: Definition, count: Callable[[list[Any]], int]) -> StreamEstimate:
        log, pace, endpoint = self._estimate("logs"), self._paced(), endpoint_of(stream)
        if log.refused:
            return StreamEstimate(stream["name"], None, refused=log.refused)
        pages = pace.pages if pace else []
        share = share_in_pages([count(page) for page in pages], [len(page) for page in pages])
        rows, later = (log.rows or NOTHING) * share, (log.later_rows or NOTHING) * share
        requests = {endpoint: DERIVED_REQUESTS}
        return StreamEstimate(stream["name"], rows, requests, later, requests, frozenset({"logs"}))

    def _paced(self) -> LogPace | None:
        """The pace of the log, measured once; None where it is empty."""
        if self._pace is None and (begin := self._oldest_event()) is not None:
            self._pace = LogPace(self._client, begin, self._client.started_ms)
            self._pace.measure(self._client.started_ms - self._every)
        return self._pace

    def _oldest(self) -> Answer:
        return self._client.get("logs", sort="date:1", page=0, per_page=1)

    def _oldest_event(self) -> Milliseconds | None:
        dates = [at for at in map(event_milliseconds, self._oldest().rows) if at is not None]
        config = self._client.tenant.config
        start, days = config.get("start_date"), logs_first(config)
        begins = [*([to_milliseconds(start)] if start else []), *([self._client.started_ms - days] if days else [])]
        return max([*dates, *begins]) if dates else None

    @staticmethod
    def _log_types(stream: Definition) -> StreamEstimate:
        rows = load_yaml(MANIFEST / stream["retriever"].get("file", "log_types.yaml"))
        return StreamEstimate(stream["name"], exactly(sum(map(len, rows.values()))))

    @staticmethod
    def _events(stream: Definition) -> StreamEstimate:
        """Auth0 does not tell how many events it has; to read them takes a connection for some minutes each."""
        requests = {endpoint_of(stream): CONNECTIONS}
        return StreamEstimate(stream["name"], None, requests, None, requests)


def _refused(stream: Definition, answer: Answer) -> StreamEstimate:
    reason = (
        f"is refused: {answer.text}" if answer.lacks_scope else f"could not be asked: Auth0 answered {answer.status}"
    )
    return StreamEstimate(stream["name"], None, refused=reason)
