"""The definition of a route: path, scopes, rows, pagination. The routes themselves are in `routes/`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from auth0_simulator.api.paging import UNPAGED, Paging
from auth0_simulator.api.parameters import FIELDS_PARAMETERS, QueryParameter
from auth0_simulator.api.request_body import BodyProperty
from auth0_simulator.control.release import ReleaseSettings
from auth0_simulator.wire.errors import ApiError
from auth0_simulator.wire.rows import Row

if TYPE_CHECKING:
    from auth0_simulator.tenant import Tenant


@dataclass(frozen=True)
class FieldGuard:
    """Columns that can be read only with certain scopes: `fields`, or all but `keep`.

    Without the scopes the columns are left out; with `refuse`, requesting one by name in `fields` gives 403.
    """

    scopes: tuple[str, ...]
    fields: frozenset[str] = frozenset()
    keep: frozenset[str] = frozenset()
    refuse: bool = False

    def hides(self, name: str) -> bool:
        """Whether this guard applies to a column."""
        return name not in self.keep if self.keep else name in self.fields


@dataclass(frozen=True)
class ApiCall:
    """A request to a route, after the checks that do not depend on the route's rows."""

    route: Route
    path: str
    path_values: tuple[str, ...]
    query: dict[str, Any]
    scopes: frozenset[str]
    tenant: Tenant
    page_limit: int = 100
    total_cap: int | None = None
    body: dict[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    release: ReleaseSettings = field(default_factory=ReleaseSettings)


RouteHandler = Callable[[ApiCall], object]
RowSource = Callable[[ApiCall], list[Row]]
RowRenderer = Callable[[ApiCall, Row], Row]
ReleaseVariant = Callable[["Route", ReleaseSettings], "Route"]


@dataclass(frozen=True)
class Route:
    """An endpoint of the Management API.

    path: the template, below /api/v2, as Auth0 documents it.
    scopes: any one of them is enough, or with `all_of` only all of them.
    rows: a seeded collection by name, or a function of the call. With `kind="object"` the response is the collection's
        only row, with `kind="item"` the row whose key is the last path value.
    key: the column of that key; that of the collection by default.
    parents: for each path value the collection that must contain it as an id; "" for one of a fixed set of names.
    wrapper: the key of the rows in a wrapped response; "" when the response is always a bare array.
    render: converts a stored row to the form in the response.
    missing: the 404 when an object or item does not exist.
    secrets: columns that make Auth0 log a `mgmt_api_read` when they are returned.
    method: GET, or POST with the properties of its JSON body as `payload`.
    handler: produces the response; replaces all of the above but path, scopes, params, method and payload.
    variant: the route as a release has it; raises an error where the release lacks it.
    """

    path: str
    scopes: tuple[str, ...]
    rows: str | RowSource = ""
    wrapper: str = ""
    paging: Paging = UNPAGED
    kind: Literal["collection", "object", "item"] = "collection"
    key: str = ""
    parents: tuple[str, ...] = ()
    all_of: bool = False
    fields: bool = False
    params: tuple[QueryParameter, ...] = ()
    guards: tuple[FieldGuard, ...] = ()
    render: RowRenderer | None = None
    missing: ApiError | None = None
    secrets: frozenset[str] = frozenset()
    method: Literal["GET", "POST"] = "GET"
    payload: Mapping[str, BodyProperty] = field(default_factory=dict)
    handler: RouteHandler | None = None
    variant: ReleaseVariant | None = None
    segments: tuple[str, ...] = field(init=False)
    allowed: tuple[QueryParameter, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "segments", tuple(self.path.strip("/").split("/")))
        object.__setattr__(
            self, "allowed", self.paging.params() + self.params + (FIELDS_PARAMETERS if self.fields else ())
        )

    def of(self, release: ReleaseSettings) -> Route:
        """The route as this release has it."""
        return self.variant(self, release) if self.variant else self

    def permits(self, scopes: frozenset[str]) -> bool:
        """Whether a token with these scopes may call it."""
        return scopes.issuperset(self.scopes) if self.all_of else not scopes.isdisjoint(self.scopes)

    def match(self, segments: tuple[str, ...]) -> tuple[str, ...] | None:
        """The path values if the path matches, otherwise None."""
        values = []
        for pattern, segment in zip(self.segments, segments, strict=True):
            if pattern.startswith("{"):
                values.append(segment)
            elif pattern != segment:
                return None
        return tuple(values) if all(values) else None


class Router:
    """Finds the route of a path; a literal segment takes precedence over a parameter."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self.routes = tuple(routes)
        self._by_length: dict[int, list[Route]] = {}
        for route in sorted(self.routes, key=lambda route: [part.startswith("{") for part in route.segments]):
            self._by_length.setdefault(len(route.segments), []).append(route)

    def find(self, segments: tuple[str, ...]) -> tuple[Route, tuple[str, ...]] | None:
        """The route and its path values; None when no route matches."""
        for route in self._by_length.get(len(segments), ()):
            values = route.match(segments)
            if values is not None:
                return route, values
        return None

    def scopes(self) -> frozenset[str]:
        """Every scope that a route or a guard names."""
        known = {scope for route in self.routes for scope in route.scopes}
        return frozenset(known | {scope for route in self.routes for guard in route.guards for scope in guard.scopes})
