"""Forms and flows: lists that only summarise, and each thing by itself."""

from __future__ import annotations

from dataclasses import replace

from auth0_simulator.accounts import Row
from auth0_simulator.paging import OFFSET, OFFSET_AND_CHECKPOINT
from auth0_simulator.parameters import Param, equals
from auth0_simulator.resources import missing
from auth0_simulator.route import Call, Present, Route

PAGING = replace(OFFSET, page_maximum=1000)
FORM_SUMMARY = ("id", "name", "created_at", "updated_at", "embedded_at", "submitted_at")
FLOW_SUMMARY = ("id", "name", "created_at", "updated_at", "executed_at", "description", "synchronous")
CONNECTION_SUMMARY = ("id", "app_id", "name", "account_name", "ready", "created_at", "updated_at", "fingerprint")


def _summary(names: tuple[str, ...], hydrated: str = "") -> Present:
    """What a list shows of a row, with a count where it is asked for."""

    def shown(call: Call, row: Row) -> Row:
        more = (hydrated,) if hydrated and hydrated in call.query.get("hydrate", []) else ()
        return {name: row[name] for name in (*names, *more) if name in row}

    return shown


def _whole(hydrated: str) -> Present:
    """All of a row, but the count only where it is asked for."""

    def shown(call: Call, row: Row) -> Row:
        return {name: row[name] for name in row if name != hydrated or hydrated in call.query.get("hydrate", [])}

    return shown


def _execution(call: Call) -> list[Row]:
    """One execution; its trace only where it is asked for."""
    rows = call.tenant.rows("flow_executions", call.values[0])
    found = [row for row in rows if row["id"] == call.values[1]]
    if not found:
        raise missing("flow_executions")
    return found


def _traced(call: Call, row: Row) -> Row:
    return row if "debug" in call.query.get("hydrate", []) else {name: row[name] for name in row if name != "debug"}


HYDRATE = Param("hydrate", "list")

ROUTES = (
    Route(
        "/forms",
        ("read:forms",),
        "forms",
        "forms",
        PAGING,
        params=(HYDRATE,),
        present=_summary(FORM_SUMMARY, "flow_count"),
    ),
    Route("/forms/{id}", ("read:forms",), "forms", kind="item", params=(HYDRATE,), present=_whole("flow_count")),
    Route(
        "/flows",
        ("read:flows",),
        "flows",
        "flows",
        PAGING,
        params=(HYDRATE, Param("synchronous", "boolean", matches=equals("synchronous"))),
        present=_summary(FLOW_SUMMARY, "form_count"),
    ),
    Route("/flows/{id}", ("read:flows",), "flows", kind="item", params=(HYDRATE,), present=_whole("form_count")),
    Route(
        "/flows/{flow_id}/executions",
        ("read:flows_executions",),
        "flow_executions",
        "executions",
        OFFSET_AND_CHECKPOINT,
        parents=("flows",),
        present=_traced,
    ),
    Route(
        "/flows/{flow_id}/executions/{execution_id}",
        ("read:flows_executions",),
        _execution,
        kind="object",
        parents=("flows",),
        params=(HYDRATE,),
        present=_traced,
    ),
    Route(
        "/flows/vault/connections",
        ("read:flows_vault_connections",),
        "flow_vault_connections",
        "connections",
        PAGING,
        present=_summary(CONNECTION_SUMMARY),
    ),
    Route(
        "/flows/vault/connections/{id}",
        ("read:flows_vault_connections",),
        "flow_vault_connections",
        kind="item",
        secrets=frozenset({"setup"}),
    ),
)
