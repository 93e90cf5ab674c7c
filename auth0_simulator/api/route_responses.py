"""The response of a route: check the parents, then select rows, filter, sort, paginate, and select columns."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from auth0_simulator.api.paging import UNPAGED
from auth0_simulator.api.route import ApiCall
from auth0_simulator.state.resources import key_column, resource_not_found
from auth0_simulator.wire.errors import unreadable_fields
from auth0_simulator.wire.rows import Row


def respond(call: ApiCall) -> object:
    """The response to a call: a value to encode as JSON, encoded JSON, or a complete HttpResponse with headers."""
    route = call.route
    require_parents(call)
    if route.handler is not None:
        return route.handler(call)
    rows = _rows(call)
    if route.kind == "object":
        return _one(call, rows[0] if rows else None)
    if route.kind == "item":
        key = route.key or key_column(str(route.rows))
        return _one(call, next((row for row in rows if row.get(key) == call.path_values[-1]), None))
    rows = _sorted(call, _filtered(call, rows))
    if route.paging == UNPAGED:
        selected = render_rows(call, rows)
        return {route.wrapper: selected} if route.wrapper else selected
    if route.paging.wants_checkpoint(call.query):
        return _checkpoint(call, rows)
    start, size = route.paging.offset_window(call.query, call.page_limit)
    selected = render_rows(call, rows[start : start + size])
    return route.paging.offset_body(route.wrapper, call.query, selected, len(rows), size)


def require_parents(call: ApiCall) -> None:
    """Raise a 404 if an id in the path does not exist; the outermost is checked first."""
    for parent, value in zip(call.route.parents, call.path_values, strict=False):
        if parent and call.tenant.find(parent, value) is None:
            raise resource_not_found(parent)


def render_rows(call: ApiCall, rows: Iterable[Row]) -> list[Row]:
    """Rows with the columns that the caller may read and requested."""
    render = call.route.render
    rendered = [render(call, row) if render else row for row in rows]
    included, excluded = _field_selection(call)
    guards = [guard for guard in call.route.guards if call.scopes.isdisjoint(guard.scopes)]
    if any(guard.refuse and guard.hides(name) for guard in guards for name in included):
        raise unreadable_fields()
    selected = [
        {
            name: value
            for name, value in row.items()
            if (not included or name in included)
            and name not in excluded
            and not any(guard.hides(name) for guard in guards)
        }
        for row in rendered
    ]
    if call.route.secrets and any(not call.route.secrets.isdisjoint(row) for row in selected):
        call.tenant.secret_reads += 1
    return selected


def _rows(call: ApiCall) -> list[Row]:
    source = call.route.rows
    if callable(source):
        return source(call)
    keys = call.path_values[: len(call.route.parents)]
    return call.tenant.rows(source, *keys)


def _one(call: ApiCall, row: Row | None) -> Row:
    if row is None:
        raise call.route.missing or resource_not_found(str(call.route.rows))
    return render_rows(call, [row])[0]


def _filtered(call: ApiCall, rows: list[Row]) -> list[Row]:
    filters = [(param.matches, call.query[param.name]) for param in call.route.params if param.name in call.query]
    for matches, value in filters:
        if matches is not None:
            rows = [row for row in rows if matches(row, value)]
    return rows


def _sorted(call: ApiCall, rows: list[Row]) -> list[Row]:
    """Sort by `sort=field:1|-1`; the seeds are in order of creation, which rows need not show."""
    if "sort" not in call.query:
        return rows
    field, _, direction = call.query["sort"].partition(":")
    ordered = sorted(rows, key=lambda row: str(row.get(field, "")))
    return ordered[::-1] if direction == "-1" else ordered


def _checkpoint(call: ApiCall, rows: list[Row]) -> dict[str, Any]:
    now = call.tenant.clock.epoch()
    page, next_cursor = call.route.paging.checkpoint_page(call.query, rows, call.path, now, call.page_limit)
    body: dict[str, Any] = {call.route.wrapper: render_rows(call, page)}
    if next_cursor is not None:
        body[call.route.paging.next_key] = next_cursor
    return body


def _field_selection(call: ApiCall) -> tuple[frozenset[str], frozenset[str]]:
    """The columns that `fields` includes, and those that it excludes."""
    names = frozenset(name.strip() for name in call.query.get("fields", "").split(",") if name.strip())
    return (names, frozenset()) if call.query.get("include_fields", True) else (frozenset(), names)
