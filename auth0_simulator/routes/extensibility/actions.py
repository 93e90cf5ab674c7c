"""Actions, their versions, triggers, bindings and modules."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from auth0_simulator.api.paging import UNPAGED, Paging
from auth0_simulator.api.parameters import QueryParameter
from auth0_simulator.api.route import ApiCall, Route
from auth0_simulator.wire.errors import ApiError
from auth0_simulator.wire.rows import Row

SCOPES = ("read:actions",)
TRIGGERS = (
    "post-login",
    "credentials-exchange",
    "pre-user-registration",
    "post-user-registration",
    "post-change-password",
    "send-phone-message",
    "custom-phone-provider",
    "custom-email-provider",
    "password-reset-post-challenge",
    "custom-token-exchange",
    "event-stream",
    "password-hash-migration",
    "login-post-identifier",
    "signup-post-identifier",
)


@dataclass(frozen=True)
class ActionsPaging(Paging):
    """`page` and `per_page` only, always wrapped; as recorded, totals that are zero are left out."""

    default: int = 20
    totals: tuple[str, ...] = ("total", "page", "per_page")
    always_wrapped: bool = True

    def params(self) -> tuple[QueryParameter, ...]:
        """Without `include_totals`."""
        return tuple(param for param in super().params() if param.name != "include_totals")

    def offset_body(self, wrapper: str, query: dict[str, Any], rows: list[Any], total: int, size: int) -> object:
        """A page without the totals that are zero."""
        body = super().offset_body(wrapper, query, rows, total, size)
        return {key: value for key, value in body.items() if value != 0} if isinstance(body, dict) else body


PAGING = ActionsPaging()


def _bindings(call: ApiCall) -> list[Row]:
    trigger = call.path_values[0]
    if trigger not in TRIGGERS:
        raise ApiError(
            400, f"Path validation error: 'Invalid value \"{trigger}\"' on property triggerId.", "invalid_uri"
        )
    return call.tenant.rows("action_trigger_bindings", trigger)


def _supports(row: Row, trigger: str) -> bool:
    return any(supported["id"] == trigger for supported in row["supported_triggers"])


ROUTES = (
    Route(
        "/actions/actions",
        SCOPES,
        "actions",
        "actions",
        PAGING,
        params=(
            QueryParameter("triggerId", choices=TRIGGERS, matches=_supports),
            QueryParameter("actionName", matches=lambda row, name: bool(row["name"] == name)),
            QueryParameter(
                "deployed", "boolean", matches=lambda row, deployed: ("deployed_version" in row) == deployed
            ),
            QueryParameter("installed", "boolean", matches=lambda row, installed: ("integration" in row) == installed),
        ),
    ),
    Route("/actions/actions/{id}", SCOPES, "actions", kind="item"),
    Route("/actions/actions/{action_id}/versions", SCOPES, "action_versions", "versions", PAGING, parents=("actions",)),
    Route("/actions/triggers", SCOPES, "action_triggers", "triggers", UNPAGED),
    Route("/actions/triggers/{trigger_id}/bindings", SCOPES, _bindings, "bindings", PAGING),
    Route("/actions/modules", SCOPES, "action_modules", "modules", PAGING),
    Route(
        "/actions/modules/{id}/actions", SCOPES, "action_module_actions", "actions", PAGING, parents=("action_modules",)
    ),
    Route(
        "/actions/modules/{id}/versions",
        SCOPES,
        "action_module_versions",
        "versions",
        PAGING,
        parents=("action_modules",),
    ),
)
