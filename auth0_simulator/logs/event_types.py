"""Factories of the seeded events, by event type.

Shapes: Auth0's schema of tenant logs (`main/docs/oas/tenant-logs/logs-schema.json` in github.com/auth0/docs-v2) and
public recordings of `GET /logs`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from auth0_simulator.logs.api_writes import api_write_event, seeded_api_write
from auth0_simulator.logs.event_context import EventContext
from auth0_simulator.logs.user_events import deletion_event, login_event, signup_event
from auth0_simulator.state.identities import DATABASE
from auth0_simulator.wire.rows import Row

FACTOR = "push-notification"
NAMES = ("ada.abe", "bruno.costa", "Élodie.García", "jörg.łukasz", "花.佐藤")


def _of_user(context: EventContext) -> Row:
    name = f"{NAMES[context.random[43] % len(NAMES)]}.{context.hex(2, 6)}@example.com"
    return {
        **context.origin_fields(),
        **context.tenant_snapshot.connection_fields(context.user_id),
        "user_id": context.user_id,
        "user_name": name,
    }


def _at(context: EventContext) -> Row:
    return {**context.client, "hostname": context.tenant_snapshot.domain}


def _s(context: EventContext) -> Row:
    event = {
        **login_event({"user_id": context.user_id, "logins_count": context.number(3, 300)}, context.tenant_snapshot),
        **_of_user(context),
        **_at(context),
    }
    if context.random[44] % 4 == 0:
        event.update(context.tenant_snapshot.organization(context.number(3)))
    if context.random[45] % 3 == 0:
        execution = f"{context.hex(4, 12)}0000{context.hex(6, 20)}"
        event["details"]["actions"] = {"executions": [execution + context.hex(1, 20), execution + context.hex(2, 20)]}
    return event


def _seacft(context: EventContext) -> Row:
    details = {"code": "*" * 45 + context.hex(1, 3), "access_token_jti": context.hex(2, 16)}
    api = context.tenant_snapshot.apis[context.number(3, len(context.tenant_snapshot.apis))]
    row = {**_without_strategy(context), **_at(context), "audience": api}
    return {"type": "seacft", "description": "Authorization Code for Access Token", "details": details, **row}


def _without_strategy(context: EventContext) -> Row:
    return {name: value for name, value in _of_user(context).items() if name not in {"strategy", "strategy_type"}}


def _feacft(context: EventContext) -> Row:
    row = {**context.origin_fields(), **_at(context), "user_id": "", "user_name": ""}
    return {"type": "feacft", "description": "Invalid authorization code", "details": {"code": None}, **row}


def _sertft(context: EventContext) -> Row:
    details = {"familyId": context.hex(1, 24), "tokenCounter": context.number(3, 90)}
    row = {
        **_without_strategy(context),
        **context.client,
        "audience": context.tenant_snapshot.apis[-1],
        "scope": "offline_access",
    }
    return {"type": "sertft", "description": "", "details": details, **row}


def _seccft(context: EventContext) -> Row:
    details = {"actions": {"executions": [context.hex(1, 40)]}}
    row = {
        **context.origin_fields(),
        **_at(context),
        "audience": context.tenant_snapshot.audience,
        "user_id": "",
        "user_name": "",
    }
    return {"type": "seccft", "description": "", "details": details, **row}


def _f(context: EventContext) -> Row:
    error = {"message": "The user denied the request.", "oauthError": "access_denied", "type": "oauth-authorization"}
    details = {"error": error, "qs": {"prompt": "none", "ui_locales": "pt-BR"}, "session_id": context.hex(3, 16)}
    row = {**_of_user(context), **_at(context), "user_id": "", "scope": ["openid", "profile"]}
    return {"type": "f", "description": error["message"], "details": details, **row}


def _wrong_password(kind: str) -> Callable[[EventContext], Row]:
    def make(context: EventContext) -> Row:
        row = {**_of_user(context), **context.client, **({"user_id": ""} if kind == "fu" else {})}
        details = {"error": {"message": "Wrong email or password."}}
        return {"type": kind, "description": "Wrong email or password.", "details": details, **row}

    return make


def _slo(context: EventContext) -> Row:
    details = {"return_to": "https://app.example.com/goodbye", "allowed_logout_url": ["https://app.example.com"]}
    return {"type": "slo", "description": "", "details": details, **_without_strategy(context), **_at(context)}


def _ss(context: EventContext) -> Row:
    user = {"user_id": context.user_id, "email": f"new.{context.hex(1, 8)}@example.com"}
    return {**signup_event(user, context.tenant_snapshot), **context.origin_fields(), **_at(context)}


def _mgmt_api_read(context: EventContext) -> Row:
    client = context.tenant_snapshot.client(context.number(3))
    event = api_write_event("get", f"/clients/{client['client_id']}", response=client, status=200, user=context.user_id)
    event["details"]["request"].pop("body")
    details = {**event["details"], "accessedSecrets": ["client_secret"]}
    description = "Get client by ID"
    return {**event, "type": "mgmt_api_read", "description": description, "details": details, **context.client}


def _guardian(kind: str, description: str) -> Callable[[EventContext], Row]:
    def make(context: EventContext) -> Row:
        enrollment = {"_id": f"dev_{context.hex(1, 16)}", "tenant": context.tenant_snapshot.tenant}
        details: dict[str, Any] = {"authenticator": {"id": f"{FACTOR}|dev_{context.hex(1, 16)}", "type": FACTOR}}
        details["enrollment"] = {**enrollment, "user_id": context.user_id, "name": "Élodie: iPhone"}
        row = {**context.origin_fields(), "user_id": context.user_id}
        return {"type": kind, "description": description, "details": details, **row}

    return make


def _fapi(context: EventContext) -> Row:
    problem = {"statusCode": 400, "error": "Bad Request", "message": "The specified user already exists."}
    body = {
        "email": f"dup.{context.hex(1, 6)}@example.com",
        "password": context.tenant_snapshot.secret("refused", context.index),
    }
    return api_write_event("post", "/users", body={**body, "connection": DATABASE}, response=problem, status=400)


def _limit_wc(context: EventContext) -> Row:
    row = {"ip": f"198.51.100.{context.random[40]}", "hostname": context.tenant_snapshot.domain}
    return {"type": "limit_wc", "description": "Too many failed login attempts", "client_name": "", **row}


def _depnote(context: EventContext) -> Row:
    feature = {"id": "legacy_lock", "name": "Legacy Lock API", "description": "", "documentation": ""}
    row = {**context.origin_fields(), "client_name": "", "client_id": None}
    return {"type": "depnote", "description": "Legacy Lock API", "details": {"feature": feature}, **row}


def _seeded_deletion(error: str = "") -> Callable[[EventContext], Row]:
    return lambda context: deletion_event(
        context.deleted_user_id,
        context.tenant_snapshot.connection_fields(context.deleted_user_id),
        context.tenant_snapshot,
        error,
    )


#: How many of 200 events each factory makes.
EVENT_WEIGHTS: tuple[tuple[int, Callable[[EventContext], Row]], ...] = (
    (64, _s),
    (50, _seacft),
    (3, _feacft),
    (16, _sertft),
    (16, _seccft),
    (4, _f),
    (8, _wrong_password("fp")),
    (2, _wrong_password("fu")),
    (11, _slo),
    (3, _ss),
    (4, _mgmt_api_read),
    (2, _guardian("gd_start_auth", "Second factor authentication started")),
    (2, _guardian("gd_auth_succeed", "Second factor authentication succeeded")),
    (3, _guardian("gd_enrollment_complete", "Guardian enrollment complete")),
    (6, seeded_api_write),
    (1, _fapi),
    (2, _seeded_deletion()),
    (1, _seeded_deletion("The user could not be deleted.")),
    (1, _limit_wc),
    (1, _depnote),
)
EVENT_FACTORIES = tuple(make for count, make in EVENT_WEIGHTS for _ in range(count))
#: Coprime to the number of factories: any 200 consecutive events have each type as often as the table says.
STRIDE = 77
#: By event type the factories of events that are made one by one.
EVENT_FACTORIES_BY_TYPE: dict[str, Callable[[EventContext], Row]] = {
    "s": _s,
    "seacft": _seacft,
    "sertft": _sertft,
    "seccft": _seccft,
    "f": _f,
    "fp": _wrong_password("fp"),
    "fu": _wrong_password("fu"),
    "slo": _slo,
    "ss": _ss,
    "gd_start_auth": _guardian("gd_start_auth", "Second factor authentication started"),
    "gd_auth_succeed": _guardian("gd_auth_succeed", "Second factor authentication succeeded"),
    "gd_auth_failed": _guardian("gd_auth_failed", "Second factor authentication failed"),
    "depnote": _depnote,
}
