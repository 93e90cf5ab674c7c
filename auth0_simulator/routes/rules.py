"""Rules and hooks, as tenants that still have them answer."""

from __future__ import annotations

from auth0_simulator.paging import Paging
from auth0_simulator.parameters import Param, equals
from auth0_simulator.route import Route

PAGING = Paging(minimum=0)
TRIGGERS = (
    "credentials-exchange",
    "pre-user-registration",
    "post-user-registration",
    "post-change-password",
    "send-phone-message",
)

ROUTES = (
    Route(
        "/rules",
        ("read:rules",),
        "rules",
        "rules",
        PAGING,
        fields=True,
        params=(Param("enabled", "boolean", matches=equals("enabled")),),
    ),
    Route(
        "/hooks",
        ("read:hooks",),
        "hooks",
        "hooks",
        PAGING,
        params=(
            Param("enabled", "boolean", matches=equals("enabled")),
            Param("fields", description="Comma-separated list of fields to include in the result"),
            Param("triggerId", choices=TRIGGERS, matches=equals("triggerId")),
        ),
    ),
)
