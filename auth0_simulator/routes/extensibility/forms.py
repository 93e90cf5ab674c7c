"""Forms and flows: lists of summaries, and single items in full."""

from __future__ import annotations

from dataclasses import replace

from auth0_simulator.api.paging import OFFSET, OFFSET_AND_CHECKPOINT
from auth0_simulator.api.parameters import QueryParameter, equals
from auth0_simulator.api.route import ApiCall, Route, RowRenderer
from auth0_simulator.state.resources import resource_not_found
from auth0_simulator.wire.rows import Row

PAGING = replace(OFFSET, page_maximum=1000)
FORM_SUMMARY = ("id", "name", "created_at", "updated_at", "embedded_at", "submitted_at")
FLOW_SUMMARY = ("id", "name", "created_at", "updated_at", "executed_at", "description", "synchronous")
CONNECTION_SUMMARY = ("id", "app_id", "name", "account_name", "ready", "created_at", "updated_at", "fingerprint")


def _summary(names: tuple[str, ...], hydrated: str = "") -> RowRenderer:
    """Renders the summary of a row, with its count if `hydrate` names it."""

    def shown(call: ApiCall, row: Row) -> Row:
        more = (hydrated,) if hydrated and hydrated in call.query.get("hydrate", []) else ()
        return {name: row[name] for name in (*names, *more) if name in row}

    return shown


def _whole(hydrated: str) -> RowRenderer:
    """Renders all of a row, with its count only if `hydrate` names it."""

    def shown(call: ApiCall, row: Row) -> Row:
        return {name: row[name] for name in row if name != hydrated or hydrated in call.query.get("hydrate", [])}

    return shown


def _execution(call: ApiCall) -> list[Row]:
    """One execution."""
    rows = call.tenant.rows("flow_executions", call.path_values[0])
    found = [row for row in rows if row["id"] == call.path_values[1]]
    if not found:
        raise resource_not_found("flow_executions")
    return found


def _traced(call: ApiCall, row: Row) -> Row:
    return row if "debug" in call.query.get("hydrate", []) else {name: row[name] for name in row if name != "debug"}


HYDRATE = QueryParameter("hydrate", "list")

ROUTES = (
    Route(
        "/forms",
        ("read:forms",),
        "forms",
        "forms",
        PAGING,
        params=(HYDRATE,),
        render=_summary(FORM_SUMMARY, "flow_count"),
    ),
    Route("/forms/{id}", ("read:forms",), "forms", kind="item", params=(HYDRATE,), render=_whole("flow_count")),
    Route(
        "/flows",
        ("read:flows",),
        "flows",
        "flows",
        PAGING,
        params=(HYDRATE, QueryParameter("synchronous", "boolean", matches=equals("synchronous"))),
        render=_summary(FLOW_SUMMARY, "form_count"),
    ),
    Route("/flows/{id}", ("read:flows",), "flows", kind="item", params=(HYDRATE,), render=_whole("form_count")),
    Route(
        "/flows/{flow_id}/executions",
        ("read:flows_executions",),
        "flow_executions",
        "executions",
        OFFSET_AND_CHECKPOINT,
        parents=("flows",),
        render=_traced,
    ),
    Route(
        "/flows/{flow_id}/executions/{execution_id}",
        ("read:flows_executions",),
        _execution,
        kind="object",
        parents=("flows",),
        params=(HYDRATE,),
        render=_traced,
    ),
    Route(
        "/flows/vault/connections",
        ("read:flows_vault_connections",),
        "flow_vault_connections",
        "connections",
        PAGING,
        render=_summary(CONNECTION_SUMMARY),
    ),
    Route(
        "/flows/vault/connections/{id}",
        ("read:flows_vault_connections",),
        "flow_vault_connections",
        kind="item",
        secrets=frozenset({"setup"}),
    ),
)
