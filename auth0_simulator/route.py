"""A route as a value: which URL, which scopes, which rows, paged how. The tables are in `routes/`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from auth0_simulator.accounts import Row
from auth0_simulator.errors import Refusal
from auth0_simulator.paging import UNPAGED, Paging
from auth0_simulator.parameters import FIELDS, Param
from auth0_simulator.payload import Property

if TYPE_CHECKING:
    from auth0_simulator.tenant import Tenant


@dataclass(frozen=True)
class Guard:
    """Columns that only certain scopes open: `fields`, or all but `keep`.

    Without the scopes the columns are left out; with `refuse`, asking for one by name is answered 403.
    """

    scopes: tuple[str, ...]
    fields: frozenset[str] = frozenset()
    keep: frozenset[str] = frozenset()
    refuse: bool = False

    def closed(self, name: str) -> bool:
        """Whether a column is behind this guard."""
        return name not in self.keep if self.keep else name in self.fields


@dataclass(frozen=True)
class Call:
    """One request to a route, with everything checked that does not depend on the route's rows."""

    route: Route
    path: str
    values: tuple[str, ...]
    query: dict[str, Any]
    scopes: frozenset[str]
    tenant: Tenant
    page_limit: int = 100
    total_cap: int | None = None
    body: dict[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)


Answer = Callable[[Call], object]
Rows = Callable[[Call], list[Row]]
Present = Callable[[Call, Row], Row]


@dataclass(frozen=True)
class Route:
    """An endpoint of the Management API.

    path: the template, below /api/v2, as Auth0 documents it.
    scopes: any one of them opens it, or with `all_of` only all of them.
    rows: a seeded collection by name, or a function of the call. With `kind="object"` the collection's only row is the
        answer, with `kind="item"` the row whose key is the last path value.
    parents: for each path value the collection that it must be an id of; "" where it is one of a fixed set of names.
    wrapper: the key of the rows in a wrapped answer; "" when the answer is always a bare array.
    present: what a stored row looks like on the wire.
    missing: the 404 when an object or item is not there.
    secrets: columns that make Auth0 log a `mgmt_api_read` when they are returned.
    method: GET, or POST with the properties of its JSON body as `payload`.
    answer: replaces all of the above but path, scopes, params, method and payload.
    """

    path: str
    scopes: tuple[str, ...]
    rows: str | Rows = ""
    wrapper: str = ""
    paging: Paging = UNPAGED
    kind: Literal["collection", "object", "item"] = "collection"
    parents: tuple[str, ...] = ()
    all_of: bool = False
    fields: bool = False
    params: tuple[Param, ...] = ()
    guards: tuple[Guard, ...] = ()
    present: Present | None = None
    missing: Refusal | None = None
    secrets: frozenset[str] = frozenset()
    method: Literal["GET", "POST"] = "GET"
    payload: Mapping[str, Property] = field(default_factory=dict)
    answer: Answer | None = None
    segments: tuple[str, ...] = field(init=False)
    allowed: tuple[Param, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "segments", tuple(self.path.strip("/").split("/")))
        object.__setattr__(self, "allowed", self.paging.params() + self.params + (FIELDS if self.fields else ()))

    def permits(self, scopes: frozenset[str]) -> bool:
        """Whether a token with these scopes may call it."""
        return scopes.issuperset(self.scopes) if self.all_of else not scopes.isdisjoint(self.scopes)

    def match(self, segments: tuple[str, ...]) -> tuple[str, ...] | None:
        """The path values when the path is this route's."""
        values = []
        for pattern, segment in zip(self.segments, segments, strict=True):
            if pattern.startswith("{"):
                values.append(segment)
            elif pattern != segment:
                return None
        return tuple(values) if all(values) else None


class Router:
    """Finds the route of a path; a literal segment goes before a parameter."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self.routes = tuple(routes)
        self._by_length: dict[int, list[Route]] = {}
        for route in sorted(self.routes, key=lambda route: [part.startswith("{") for part in route.segments]):
            self._by_length.setdefault(len(route.segments), []).append(route)

    def find(self, segments: tuple[str, ...]) -> tuple[Route, tuple[str, ...]] | None:
        """The route and its path values; None when there is no such path."""
        for route in self._by_length.get(len(segments), ()):
            values = route.match(segments)
            if values is not None:
                return route, values
        return None

    def scopes(self) -> frozenset[str]:
        """Every scope that some route or guard knows."""
        known = {scope for route in self.routes for scope in route.scopes}
        return frozenset(known | {scope for route in self.routes for guard in route.guards for scope in guard.scopes})
