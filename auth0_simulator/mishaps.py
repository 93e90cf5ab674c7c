"""What each fault does to a request or to its answer."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace

from auth0_simulator.clock import Clock
from auth0_simulator.errors import Refusal, insufficient_scope, not_found
from auth0_simulator.faults import Fault
from auth0_simulator.message import JSON, Message, Reply, http_date, json_reply
from auth0_simulator.oauth import Tokens
from auth0_simulator.paging import invalid_checkpoint
from auth0_simulator.resources import missing
from auth0_simulator.route import Route

HTML = (
    b"<!DOCTYPE html><html><head><title>Service unavailable</title></head><body><h1>Please try again</h1></body></html>"
)
MESSAGES = {
    429: ("Global limit has been reached", "too_many_requests"),
    500: ("An internal server error occurred", None),
}


@dataclass(frozen=True)
class Scene:
    """What a fault may look at."""

    message: Message
    route: Route | None
    clock: Clock
    tokens: Tokens
    previous: bytes | None


def before(fault: Fault, scene: Scene) -> Reply | None:
    """The answer that the fault gives in place of the tenant's; None lets the request through. May raise a Refusal."""
    effect = _BEFORE.get(fault.kind)
    return effect(fault, scene) if effect else None


def after(fault: Fault, scene: Scene, reply: Reply) -> Reply:
    """What the fault makes of the tenant's answer."""
    effect = _AFTER.get(fault.kind)
    return effect(fault, scene, reply) if effect else reply


def _status(fault: Fault, scene: Scene) -> Reply:
    status = fault.status or 500
    message, code = MESSAGES.get(status, ("The server is temporarily unable to answer", None))
    reply = json_reply(status, Refusal(status, message, code).body())
    if status != 429 or not fault.with_headers:  # noqa: PLR2004
        return reply
    reset = str(int(scene.clock.epoch() + (fault.seconds or 1)) + 1)
    return reply.with_headers({"x-ratelimit-limit": "10", "x-ratelimit-remaining": "0", "x-ratelimit-reset": reset})


def _revoke(_fault: Fault, scene: Scene) -> None:
    scene.tokens.revoke()


def _expired_checkpoint(_fault: Fault, scene: Scene) -> None:
    if "from" in scene.message.query:
        raise invalid_checkpoint("Expired checkpoint")


def _vanish_parent(_fault: Fault, scene: Scene) -> None:
    parents = scene.route.parents if scene.route else ()
    raise missing(parents[0]) if parents else not_found()


def _withdraw_scope(fault: Fault, scene: Scene) -> None:
    scopes = scene.route.scopes if scene.route else ()
    if not fault.scope or fault.scope in scopes:
        raise insufficient_scope(scopes, all_of=bool(scene.route and scene.route.all_of))


def _redirect(fault: Fault, _scene: Scene) -> Reply:
    return Reply(fault.status or 302, b"", headers={"location": fault.to})


def _echo(fault: Fault, scene: Scene) -> Reply:
    sent = f"{scene.message.headers.get('authorization', '')} {scene.message.body.decode(errors='replace')}"
    said = f"Cannot read: {sent} {json.dumps(scene.message.fields())}"
    status = fault.status or 400
    return json_reply(
        status, {**Refusal(status, said, None).body(), "error": "invalid_request", "error_description": said}
    )


_BEFORE: dict[str, Callable[[Fault, Scene], Reply | None]] = {
    "status": _status,
    "reset_before": lambda _fault, _scene: Reply(0, b"", drop=True),
    "hang": lambda _fault, _scene: Reply(0, b"", hang=True),
    "html": lambda fault, _scene: Reply(fault.status or 200, HTML, "text/html; charset=utf-8"),
    "empty": lambda fault, _scene: Reply(fault.status or 200, b""),
    "revoke_token": _revoke,
    "expired_checkpoint": _expired_checkpoint,
    "vanish_parent": _vanish_parent,
    "withdraw_scope": _withdraw_scope,
    "redirect": _redirect,
    "echo": _echo,
}


def _looping_next(_fault: Fault, scene: Scene, reply: Reply) -> Reply:
    cursor = scene.message.query.get("from")
    if cursor is None or reply.content_type != JSON:
        return reply
    body = json.loads(reply.body)
    if not isinstance(body, dict):
        return reply
    return json_reply(reply.status, {**body, "next": cursor[0]}, reply.headers)


def _lead_astray(fault: Fault, _scene: Scene, reply: Reply) -> Reply:
    led = reply.with_headers({"link": f'<{fault.to}>; rel="next"'})
    if reply.content_type != JSON or not reply.body:
        return led
    body = json.loads(reply.body)
    if not isinstance(body, dict):
        return led
    aims = {"next": fault.to, **({"location": fault.to} if "location" in body else {})}
    return json_reply(reply.status, {**body, **aims}, led.headers)


_AFTER: dict[str, Callable[[Fault, Scene, Reply], Reply]] = {
    "reset_during": lambda _fault, _scene, reply: replace(reply, cut=0.5, honest=False),
    "reset_after": lambda _fault, _scene, reply: replace(reply, reset=True),
    "truncated_json": lambda _fault, _scene, reply: replace(reply, cut=0.5, gzip=False),
    "truncated_gzip": lambda _fault, _scene, reply: replace(reply, cut=0.5, gzip=True),
    "wrong_content_type": lambda _fault, _scene, reply: replace(reply, content_type="text/html; charset=utf-8"),
    "repeat_page": lambda _fault, scene, reply: replace(reply, body=scene.previous or reply.body),
    "looping_next": _looping_next,
    "lead_astray": _lead_astray,
    "slow": lambda fault, _scene, reply: replace(reply, pace=fault.seconds or 0.001),
    "skew": lambda fault, scene, reply: reply.with_headers({"date": http_date(scene.clock.epoch() + fault.seconds)}),
}
