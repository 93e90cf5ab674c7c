"""Rules, their settings, and hooks, as in tenants that still have them."""

from __future__ import annotations

from auth0_simulator.api.paging import Paging
from auth0_simulator.api.parameters import QueryParameter, equals
from auth0_simulator.api.route import ApiCall, Route

PAGING = Paging(minimum=0)
TRIGGERS = (
    "credentials-exchange",
    "pre-user-registration",
    "post-user-registration",
    "post-change-password",
    "send-phone-message",
)


def _secrets(call: ApiCall) -> object:
    """The names of a hook's secrets; Auth0 shows the same text in the place of every value."""
    del call
    return {"API_KEY": "_VALUE_NOT_SHOWN_"}


ROUTES = (
    Route(
        "/rules",
        ("read:rules",),
        "rules",
        "rules",
        PAGING,
        fields=True,
        params=(QueryParameter("enabled", "boolean", matches=equals("enabled")),),
    ),
    Route(
        "/hooks",
        ("read:hooks",),
        "hooks",
        "hooks",
        PAGING,
        params=(
            QueryParameter("enabled", "boolean", matches=equals("enabled")),
            QueryParameter("fields", description="Comma-separated list of fields to include in the result"),
            QueryParameter("triggerId", choices=TRIGGERS, matches=equals("triggerId")),
        ),
    ),
    Route("/hooks/{id}/secrets", ("read:hooks",), parents=("hooks",), handler=_secrets),
    Route("/rules-configs", ("read:rules_configs",), "rules_configs"),
)
