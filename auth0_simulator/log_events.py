"""The seeded events by type.

Shapes: Auth0's schema of tenant logs (`main/docs/oas/tenant-logs/logs-schema.json` in github.com/auth0/docs-v2) and
public recordings of `GET /logs`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from auth0_simulator.accounts import DATABASE, Row
from auth0_simulator.deed_events import deletion, login, signup
from auth0_simulator.log_scenery import Draw
from auth0_simulator.log_writes import seeded_write, write_event

FACTOR = "push-notification"
NAMES = ("ada.abe", "bruno.costa", "Élodie.García", "jörg.łukasz", "花.佐藤")


def _of_user(draw: Draw) -> Row:
    name = f"{NAMES[draw.random[43] % len(NAMES)]}.{draw.hex(2, 6)}@example.com"
    return {**draw.where(), **draw.scenery.account(draw.user_id), "user_id": draw.user_id, "user_name": name}


def _at(draw: Draw) -> Row:
    return {**draw.client, "hostname": draw.scenery.domain}


def _s(draw: Draw) -> Row:
    event = {
        **login({"user_id": draw.user_id, "logins_count": draw.number(3, 300)}, draw.scenery),
        **_of_user(draw),
        **_at(draw),
    }
    if draw.random[44] % 4 == 0:
        event.update(draw.scenery.organization(draw.number(3)))
    if draw.random[45] % 3 == 0:
        execution = f"{draw.hex(4, 12)}0000{draw.hex(6, 20)}"
        event["details"]["actions"] = {"executions": [execution + draw.hex(1, 20), execution + draw.hex(2, 20)]}
    return event


def _seacft(draw: Draw) -> Row:
    details = {"code": "*" * 45 + draw.hex(1, 3), "access_token_jti": draw.hex(2, 16)}
    api = draw.scenery.apis[draw.number(3, len(draw.scenery.apis))]
    row = {**_without_strategy(draw), **_at(draw), "audience": api}
    return {"type": "seacft", "description": "Authorization Code for Access Token", "details": details, **row}


def _without_strategy(draw: Draw) -> Row:
    return {name: value for name, value in _of_user(draw).items() if name not in {"strategy", "strategy_type"}}


def _feacft(draw: Draw) -> Row:
    row = {**draw.where(), **_at(draw), "user_id": "", "user_name": ""}
    return {"type": "feacft", "description": "Invalid authorization code", "details": {"code": None}, **row}


def _sertft(draw: Draw) -> Row:
    details = {"familyId": draw.hex(1, 24), "tokenCounter": draw.number(3, 90)}
    row = {**_without_strategy(draw), **draw.client, "audience": draw.scenery.apis[-1], "scope": "offline_access"}
    return {"type": "sertft", "description": "", "details": details, **row}


def _seccft(draw: Draw) -> Row:
    details = {"actions": {"executions": [draw.hex(1, 40)]}}
    row = {**draw.where(), **_at(draw), "audience": draw.scenery.audience, "user_id": "", "user_name": ""}
    return {"type": "seccft", "description": "", "details": details, **row}


def _f(draw: Draw) -> Row:
    error = {"message": "The user denied the request.", "oauthError": "access_denied", "type": "oauth-authorization"}
    details = {"error": error, "qs": {"prompt": "none", "ui_locales": "pt-BR"}, "session_id": draw.hex(3, 16)}
    row = {**_of_user(draw), **_at(draw), "user_id": "", "scope": ["openid", "profile"]}
    return {"type": "f", "description": error["message"], "details": details, **row}


def _wrong_password(kind: str) -> Callable[[Draw], Row]:
    def make(draw: Draw) -> Row:
        row = {**_of_user(draw), **draw.client, **({"user_id": ""} if kind == "fu" else {})}
        details = {"error": {"message": "Wrong email or password."}}
        return {"type": kind, "description": "Wrong email or password.", "details": details, **row}

    return make


def _slo(draw: Draw) -> Row:
    details = {"return_to": "https://app.example.com/goodbye", "allowed_logout_url": ["https://app.example.com"]}
    return {"type": "slo", "description": "", "details": details, **_without_strategy(draw), **_at(draw)}


def _ss(draw: Draw) -> Row:
    user = {"user_id": draw.user_id, "email": f"new.{draw.hex(1, 8)}@example.com"}
    return {**signup(user, draw.scenery), **draw.where(), **_at(draw)}


def _mgmt_api_read(draw: Draw) -> Row:
    client = draw.scenery.client(draw.number(3))
    event = write_event("get", f"/clients/{client['client_id']}", response=client, status=200, user=draw.user_id)
    event["details"]["request"].pop("body")
    details = {**event["details"], "accessedSecrets": ["client_secret"]}
    description = "Get client by ID"
    return {**event, "type": "mgmt_api_read", "description": description, "details": details, **draw.client}


def _guardian(kind: str, description: str) -> Callable[[Draw], Row]:
    def make(draw: Draw) -> Row:
        enrollment = {"_id": f"dev_{draw.hex(1, 16)}", "tenant": draw.scenery.tenant}
        details: dict[str, Any] = {"authenticator": {"id": f"{FACTOR}|dev_{draw.hex(1, 16)}", "type": FACTOR}}
        details["enrollment"] = {**enrollment, "user_id": draw.user_id, "name": "Élodie: iPhone"}
        row = {**draw.where(), "user_id": draw.user_id}
        return {"type": kind, "description": description, "details": details, **row}

    return make


def _fapi(draw: Draw) -> Row:
    problem = {"statusCode": 400, "error": "Bad Request", "message": "The specified user already exists."}
    body = {"email": f"dup.{draw.hex(1, 6)}@example.com", "password": draw.scenery.secret("refused", draw.index)}
    return write_event("post", "/users", body={**body, "connection": DATABASE}, response=problem, status=400)


def _limit_wc(draw: Draw) -> Row:
    row = {"ip": f"198.51.100.{draw.random[40]}", "hostname": draw.scenery.domain}
    return {"type": "limit_wc", "description": "Too many failed login attempts", "client_name": "", **row}


def _depnote(draw: Draw) -> Row:
    feature = {"id": "legacy_lock", "name": "Legacy Lock API", "description": "", "documentation": ""}
    row = {**draw.where(), "client_name": "", "client_id": None}
    return {"type": "depnote", "description": "Legacy Lock API", "details": {"feature": feature}, **row}


def _seeded_deletion(problem: str = "") -> Callable[[Draw], Row]:
    return lambda draw: deletion(draw.stranger, draw.scenery.account(draw.stranger), draw.scenery, problem)


#: How many of 200 events are of which kind.
KINDS: tuple[tuple[int, Callable[[Draw], Row]], ...] = (
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
    (6, seeded_write),
    (1, _fapi),
    (2, _seeded_deletion()),
    (1, _seeded_deletion("The user could not be deleted.")),
    (1, _limit_wc),
    (1, _depnote),
)
TABLE = tuple(make for count, make in KINDS for _ in range(count))
#: Without a common divisor with the table's length: any 200 events in a row have each kind as often as the table.
STRIDE = 77
