"""How a declared route is answered: parents first, then the rows, the filters, the page, the columns."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from auth0_simulator.accounts import Row
from auth0_simulator.errors import unreadable_fields
from auth0_simulator.paging import UNPAGED
from auth0_simulator.resources import key_column, missing
from auth0_simulator.route import Call


def answer(call: Call) -> object:
    """The answer: a body that JSON can hold, bytes that are JSON already, or a whole reply with headers of its own."""
    route = call.route
    check_parents(call)
    if route.answer is not None:
        return route.answer(call)
    rows = _rows(call)
    if route.kind == "object":
        return _one(call, rows[0] if rows else None)
    if route.kind == "item":
        key = key_column(str(route.rows))
        return _one(call, next((row for row in rows if row[key] == call.values[-1]), None))
    rows = _ordered(call, _filtered(call, rows))
    if route.paging == UNPAGED:
        presented = present(call, rows)
        return {route.wrapper: presented} if route.wrapper else presented
    if route.paging.wants_checkpoint(call.query):
        return _checkpoint(call, rows)
    start, size = route.paging.offset_window(call.query, call.page_limit)
    presented = present(call, rows[start : start + size])
    return route.paging.offset_body(route.wrapper, call.query, presented, len(rows), size)


def check_parents(call: Call) -> None:
    """Refuse a path whose ids do not exist, outermost first."""
    for parent, value in zip(call.route.parents, call.values, strict=False):
        if parent and call.tenant.find(parent, value) is None:
            raise missing(parent)


def present(call: Call, rows: Iterable[Row]) -> list[Row]:
    """Rows as the caller may see them and asked for them."""
    shape = call.route.present
    shaped = [shape(call, row) if shape else row for row in rows]
    listed, excluded = _listed(call)
    guards = [guard for guard in call.route.guards if call.scopes.isdisjoint(guard.scopes)]
    if any(guard.refuse and guard.closed(name) for guard in guards for name in listed):
        raise unreadable_fields()
    presented = [
        {
            name: value
            for name, value in row.items()
            if (not listed or name in listed)
            and name not in excluded
            and not any(guard.closed(name) for guard in guards)
        }
        for row in shaped
    ]
    if call.route.secrets and any(not call.route.secrets.isdisjoint(row) for row in presented):
        call.tenant.secret_reads += 1
    return presented


def _rows(call: Call) -> list[Row]:
    source = call.route.rows
    if callable(source):
        return source(call)
    keys = call.values[: len(call.route.parents)]
    return call.tenant.rows(source, *keys)


def _one(call: Call, row: Row | None) -> Row:
    if row is None:
        raise call.route.missing or missing(str(call.route.rows))
    return present(call, [row])[0]


def _filtered(call: Call, rows: list[Row]) -> list[Row]:
    filters = [(param.matches, call.query[param.name]) for param in call.route.params if param.name in call.query]
    for matches, value in filters:
        if matches is not None:
            rows = [row for row in rows if matches(row, value)]
    return rows


def _ordered(call: Call, rows: list[Row]) -> list[Row]:
    """By `sort=field:1|-1`; the seeds stand in the order of creation, which rows need not show."""
    if "sort" not in call.query:
        return rows
    field, _, direction = call.query["sort"].partition(":")
    ordered = sorted(rows, key=lambda row: str(row.get(field, "")))
    return ordered[::-1] if direction == "-1" else ordered


def _checkpoint(call: Call, rows: list[Row]) -> dict[str, Any]:
    now = call.tenant.clock.epoch()
    page, following = call.route.paging.checkpoint_page(call.query, rows, call.path, now, call.page_limit)
    body: dict[str, Any] = {call.route.wrapper: present(call, page)}
    if following is not None:
        body["next"] = following
    return body


def _listed(call: Call) -> tuple[frozenset[str], frozenset[str]]:
    """The columns that `fields` includes and those that it excludes."""
    names = frozenset(name.strip() for name in call.query.get("fields", "").split(",") if name.strip())
    return (names, frozenset()) if call.query.get("include_fields", True) else (frozenset(), names)
