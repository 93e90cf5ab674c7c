"""The effect of each kind of fault on a request or on its response."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Any, Protocol

from auth0_simulator.control.faults import Fault
from auth0_simulator.oauth.access_tokens import AccessTokenService
from auth0_simulator.state.clock import Clock
from auth0_simulator.state.resources import resource_not_found
from auth0_simulator.wire.errors import ApiError, insufficient_scope, invalid_checkpoint, not_found
from auth0_simulator.wire.messages import JSON_CONTENT_TYPE, HttpRequest, HttpResponse, http_date, json_response

HTML = (
    b"<!DOCTYPE html><html><head><title>Service unavailable</title></head><body><h1>Please try again</h1></body></html>"
)
MESSAGES = {
    429: ("Global limit has been reached", "too_many_requests"),
    500: ("An internal server error occurred", None),
}


class RouteAccess(Protocol):
    """The parents and the scopes of a route."""

    @property
    def parents(self) -> tuple[str, ...]:
        """The collections whose ids are in its path."""

    @property
    def scopes(self) -> tuple[str, ...]:
        """The scopes of which a token needs one, or all with `all_of`."""

    @property
    def all_of(self) -> bool:
        """Whether every one of the scopes is needed."""


@dataclass(frozen=True)
class FaultContext:
    """What the effect of a fault depends on."""

    request: HttpRequest
    route: RouteAccess | None
    clock: Clock
    tokens: AccessTokenService
    previous: bytes | None


def apply_before(fault: Fault, context: FaultContext) -> HttpResponse | None:
    """The response that the fault gives in place of the tenant's; None passes the request on. May raise ApiError."""
    effect = _BEFORE.get(fault.kind)
    return effect(fault, context) if effect else None


def apply_after(fault: Fault, context: FaultContext, response: HttpResponse) -> HttpResponse:
    """The tenant's response with the fault applied."""
    effect = _AFTER.get(fault.kind)
    return effect(fault, context, response) if effect else response


def _status(fault: Fault, context: FaultContext) -> HttpResponse:
    status = fault.status or 500
    message, code = MESSAGES.get(status, ("The server is temporarily unable to answer", None))
    response = json_response(status, ApiError(status, fault.message or message, fault.code or code).body())
    if status != 429 or not fault.with_headers:  # noqa: PLR2004
        return response
    reset = str(int(context.clock.epoch() + (fault.seconds or 1)) + 1)
    return response.with_headers({"x-ratelimit-limit": "10", "x-ratelimit-remaining": "0", "x-ratelimit-reset": reset})


def _revoke(_fault: Fault, context: FaultContext) -> None:
    context.tokens.revoke()


def _expired_checkpoint(_fault: Fault, context: FaultContext) -> None:
    if "from" in context.request.query:
        raise invalid_checkpoint("Expired checkpoint")


def _vanish_parent(_fault: Fault, context: FaultContext) -> None:
    parents = context.route.parents if context.route else ()
    raise resource_not_found(parents[0]) if parents else not_found()


def _withdraw_scope(fault: Fault, context: FaultContext) -> None:
    scopes = context.route.scopes if context.route else ()
    if not fault.scope or fault.scope in scopes:
        raise insufficient_scope(scopes, all_of=bool(context.route and context.route.all_of))


def _redirect(fault: Fault, _context: FaultContext) -> HttpResponse:
    return HttpResponse(fault.status or 302, b"", headers={"location": fault.to})


def _echo(fault: Fault, context: FaultContext) -> HttpResponse:
    received = f"{context.request.headers.get('authorization', '')} {context.request.body.decode(errors='replace')}"
    message = f"Cannot read: {received} {json.dumps(context.request.body_fields())}"
    status = fault.status or 400
    return json_response(
        status, {**ApiError(status, message, None).body(), "error": "invalid_request", "error_description": message}
    )


_BEFORE: dict[str, Callable[[Fault, FaultContext], HttpResponse | None]] = {
    "status": _status,
    "reset_before": lambda _fault, _context: HttpResponse(0, b"", drop=True),
    "hang": lambda _fault, _context: HttpResponse(0, b"", hang=True),
    "html": lambda fault, _context: HttpResponse(fault.status or 200, HTML, "text/html; charset=utf-8"),
    "empty": lambda fault, _context: HttpResponse(fault.status or 200, b""),
    "empty_list": lambda _fault, _context: json_response(200, []),
    "revoke_token": _revoke,
    "expired_checkpoint": _expired_checkpoint,
    "vanish_parent": _vanish_parent,
    "withdraw_scope": _withdraw_scope,
    "redirect": _redirect,
    "echo": _echo,
}


def _looping_next(_fault: Fault, context: FaultContext, response: HttpResponse) -> HttpResponse:
    cursor = context.request.query.get("from")
    if cursor is None or response.content_type != JSON_CONTENT_TYPE:
        return response
    body = json.loads(response.body)
    if not isinstance(body, dict):
        return response
    return json_response(response.status, {**body, "next": cursor[0]}, response.headers)


def _lead_astray(fault: Fault, _context: FaultContext, response: HttpResponse) -> HttpResponse:
    linked = response.with_headers({"link": f'<{fault.to}>; rel="next"'})
    if response.content_type != JSON_CONTENT_TYPE or not response.body:
        return linked
    body = json.loads(response.body)
    if not isinstance(body, dict):
        return linked
    targets = {"next": fault.to, **({"location": fault.to} if "location" in body else {})}
    return json_response(response.status, {**body, **targets}, linked.headers)


def _empty_page(fault: Fault, _context: FaultContext, response: HttpResponse) -> HttpResponse:
    return _with_rows(response, lambda _rows: [], {} if fault.true_total else {"total": 0})


def _short_page(fault: Fault, _context: FaultContext, response: HttpResponse) -> HttpResponse:
    def shorten(rows: list[Any]) -> list[Any]:
        kept = max(0, len(rows) - fault.rows)
        first = kept // 2 if fault.amid else kept
        return rows[:first] + rows[first + len(rows) - kept :]

    return _with_rows(response, shorten, {})


def _with_rows(
    response: HttpResponse, change: Callable[[list[Any]], list[Any]], numbers: dict[str, int]
) -> HttpResponse:
    """The response with other rows, the length of the page, and other numbers; what is no page stays as it is."""
    if response.status != HTTPStatus.OK or response.content_type != JSON_CONTENT_TYPE or not response.body:
        return response
    body = json.loads(response.body)
    if isinstance(body, list):
        return replace(response, body=json_response(200, change(body)).body)
    wrapped = body if isinstance(body, dict) else {}
    name = next((name for name, value in wrapped.items() if isinstance(value, list)), None)
    if name is None:
        return response
    rows = change(body[name])
    changed = {**body, name: rows, **{key: value for key, value in numbers.items() if key in body}}
    if "length" in body:
        changed["length"] = len(rows)
    if not rows:
        changed.pop("next", None)
    return replace(response, body=json_response(200, changed).body)


_AFTER: dict[str, Callable[[Fault, FaultContext, HttpResponse], HttpResponse]] = {
    "empty_page": _empty_page,
    "short_page": _short_page,
    "reset_during": lambda _fault, _context, response: replace(response, body_share=0.5, declares_sent_length=False),
    "reset_after": lambda _fault, _context, response: replace(response, reset=True),
    "truncated_json": lambda _fault, _context, response: replace(response, body_share=0.5, gzip=False),
    "truncated_gzip": lambda _fault, _context, response: replace(response, body_share=0.5, gzip=True),
    "wrong_content_type": lambda _fault, _context, response: replace(response, content_type="text/html; charset=utf-8"),
    "repeat_page": lambda _fault, context, response: replace(response, body=context.previous or response.body),
    "looping_next": _looping_next,
    "lead_astray": _lead_astray,
    "slow": lambda fault, _context, response: replace(response, send_interval_seconds=fault.seconds or 0.001),
    "skew": lambda fault, context, response: response.with_headers(
        {"date": http_date(context.clock.epoch() + fault.seconds)}
    ),
}
