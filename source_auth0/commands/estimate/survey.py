"""Asks a tenant what its streams are likely to hold: totals where Auth0 tells them, and a few of many lists."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from airbyte_cdk.utils.traced_exception import AirbyteTracedException

from source_auth0.commands.estimate.estimates import ListsSeen, Seen, StreamEstimate
from source_auth0.commands.estimate.incremental import USER_IDS, Incremental
from source_auth0.commands.estimate.lists import ListCounter, ListLength
from source_auth0.commands.estimate.parents import ParentSample
from source_auth0.commands.probe.client import ProbeClient, RequestsSpentError
from source_auth0.costs.partitions import ParentRows, partitions_of
from source_auth0.costs.requests import archetype, cost_of, endpoint_of, list_requests, row_requests
from source_auth0.costs.sampling import share_of, sum_of_lists
from source_auth0.costs.spans import NOTHING, Span, exactly
from source_auth0.manifest.assembly import load_stream
from source_auth0.records import PAGE_SIZE
from source_auth0.retrievers.lists.organization_members import ROLES_SCOPE
from source_auth0.timestamps import Milliseconds

#: Lists of one stream that are asked at most and at least, and requests for lists of all streams together.
MOST_LISTS, FEWEST_LISTS, LISTS_OF_ALL = 20, 8, 300
#: Pages from which parents are chosen where there are several: the last that can be asked by number is the tenth.
PAGES_OF_PARENTS = (2, 5, 9)
#: By which part the rest of a list may differ from its first page.
BEYOND_PAGE = 0.15
#: What is known of one object without a question: that there may be one.
ONE_OBJECT = Span(0, 1)

Definition = Mapping[str, Any]


class Survey:
    """Estimates streams, each once; parents before what is read below them.

    selected: how many streams share the requests for lists. every: milliseconds between two syncs.
    """

    def __init__(self, client: ProbeClient, selected: Iterable[str], every: Milliseconds) -> None:
        self.client, self.every = client, every
        self.selected = frozenset(selected)
        self._known: dict[str, StreamEstimate] = {}
        asked = sum(bool(partitions_of(stream)) for stream in map(load_stream, self.selected))
        self.lists_asked = max(min(LISTS_OF_ALL // max(asked, 1), MOST_LISTS), FEWEST_LISTS)
        self._incremental = Incremental(self)

    def estimate(self, name: str) -> StreamEstimate:
        """The estimate of a stream; one that says why where it cannot be asked."""
        if name not in self._known:
            self._known[name] = StreamEstimate(name, refused="is read for itself")  # a circle of parents would hang
            is_stream = name != USER_IDS
            self._known[name] = self._estimate(load_stream(name)) if is_stream else self._incremental.user_ids()
        return self._known[name]

    def _estimate(self, stream: Definition) -> StreamEstimate:
        name, required = stream["name"], frozenset(stream["$parameters"]["required_scopes"])
        granted = self.client.scopes
        if granted is not None and (missing := sorted(required - granted)):
            return StreamEstimate(name, None, refused=f"lacks {' '.join(f'`{scope}`' for scope in missing)}")
        try:
            return self._way(stream)(stream)
        except RequestsSpentError:
            return StreamEstimate(name, None, refused="was not asked: the requests of this estimate are spent")
        except AirbyteTracedException as error:
            return StreamEstimate(name, None, refused=f"could not be asked: {error.message}")

    def _way(self, stream: Definition) -> Callable[[Definition], StreamEstimate]:
        kind = archetype(stream)
        if kind in self._incremental.ways:
            return self._incremental.ways[kind]
        if kind in {"member_roles", "role_members", "role_groups"}:
            return self._derived
        if kind in {"singleton", "reachable"}:
            return self._objects
        return self._below if partitions_of(stream) else self._top

    def _top(self, stream: Definition) -> StreamEstimate:
        """A list of the tenant's."""
        counter, name = ListCounter(self.client, stream), stream["name"]
        found = counter.count({})
        if found.lacks_scope:
            return StreamEstimate(name, None, refused=f"is refused: {found.lacks_scope}")
        rows = exactly(found.rows, at_least=found.at_least)
        page = list(found.page)
        if archetype(stream) == "owned_roles":
            managed = counter.count({}, owner_id="auth0")
            rows, page = rows + exactly(managed.rows), page + managed.page
        if self._is_parent(name) and found.rows > len(found.page):
            for number in PAGES_OF_PARENTS:
                page += counter.sample({}, number) if number * PAGE_SIZE < found.rows else []
        seen: tuple[Seen, ...] = tuple((row, {}) for row in page)
        return StreamEstimate(name, rows, self._requests(stream, rows), seen=seen)

    def _is_parent(self, name: str) -> bool:
        wanted = map(load_stream, self.selected)
        return any(isinstance(f, ParentRows) and f.stream == name for s in wanted for f in partitions_of(s))

    def _below(self, stream: Definition) -> StreamEstimate:
        """A list for each of many parents."""
        parents = ParentSample(partitions_of(stream), self.estimate, self.client.tenant.config)
        counter, lists = ListCounter(self.client, stream), list[ListsSeen]()
        fields = self._fields(stream)
        is_capped = False
        for ids, parameters in parents.some(self.lists_asked):
            found: ListLength = counter.count(ids, **fields, **parameters)
            if found.lacks_scope:
                return StreamEstimate(stream["name"], None, refused=f"is refused: {found.lacks_scope}")
            is_capped |= found.at_least
            lists.append(ListsSeen(ids, found.rows, found.page))
        rows = sum_of_lists([seen.rows for seen in lists], parents.lists, special=1)
        rows = Span(rows.low, rows.high, rows.at_least or is_capped)
        seen = tuple((row, each.ids) for each in lists for row in each.page)
        needs = frozenset(parents.names)
        # Of all lists, if all were asked; else as large a part as of those.
        share = share_of(sum(each.rows > 0 for each in lists), len(lists))
        is_whole = len(lists) >= parents.lists.high
        filled = exactly(sum(each.rows > 0 for each in lists)) if is_whole else parents.lists * share
        requests = self._requests(stream, rows, parents.lists, filled)
        return StreamEstimate(stream["name"], rows, requests, needs=needs, seen=seen, lists=tuple(lists))

    def _fields(self, stream: Definition) -> dict[str, str]:
        """Members come without their roles unless these are asked for, which takes a scope of its own."""
        granted = self.client.scopes
        may_read_roles = granted is None or ROLES_SCOPE in granted
        wanted = {"fields": "user_id,roles", "include_fields": "true"}
        return wanted if archetype(stream) == "members" and may_read_roles else {}

    def _objects(self, stream: Definition) -> StreamEstimate:
        """One object, or one for each of many parents: nothing is asked but where others are read for it."""
        if not partitions_of(stream):
            answer = (
                self.client.get_below(stream["$parameters"]["resource"], {}, {})
                if self._is_parent(stream["name"])
                else None
            )
            body = answer.body if answer is not None else None
            seen: tuple[Seen, ...] = ((body, {}),) if isinstance(body, dict) else ()
            return StreamEstimate(stream["name"], ONE_OBJECT, self._requests(stream, ONE_OBJECT), seen=seen)
        parents = ParentSample(partitions_of(stream), self.estimate, self.client.tenant.config)
        rows = parents.lists.times(0, 1)
        needs = frozenset(parents.names)
        return StreamEstimate(stream["name"], rows, self._requests(stream, rows, parents.lists), needs=needs)

    def _derived(self, stream: Definition) -> StreamEstimate:
        """Rows that come with the pages of another stream, one or more for each of its rows."""
        kind = archetype(stream)
        pages = self.estimate("organization_group_roles" if kind == "role_groups" else "organization_members")
        if pages.refused:
            return StreamEstimate(stream["name"], None, refused=pages.refused)
        needs = pages.needs | {pages.name} | ({"roles"} if kind == "member_roles" else frozenset())
        if kind == "role_groups":
            return StreamEstimate(stream["name"], pages.rows, needs=needs)
        sizes = [sum(len(row.get("roles") or ()) for row in each.page) / max(len(each.page), 1) for each in pages.lists]
        held = [size * each.rows for size, each in zip(sizes, pages.lists, strict=True)]
        lists = next((span for span in pages.requests.values()), NOTHING)
        parents = self.estimate("organizations").rows or lists
        rows = sum_of_lists(held, parents, special=1)
        if any(each.rows > len(each.page) for each in pages.lists):
            # Only the first page of a long list was seen.
            rows = rows.times(1 - BEYOND_PAGE, 1 + BEYOND_PAGE)
        return StreamEstimate(stream["name"], rows, needs=needs)

    @staticmethod
    def _requests(
        stream: Definition, rows: Span, lists: Span | None = None, filled: Span | None = None
    ) -> dict[str, Span]:
        requests = {endpoint_of(stream): list_requests(stream, rows, lists, filled)}
        if cost_of(stream).per_row:
            requests[endpoint_of(stream, detail=True)] = row_requests(stream, rows)
        return requests
