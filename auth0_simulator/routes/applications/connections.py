"""Connections."""

from __future__ import annotations

from auth0_simulator.api.paging import CAPPED_OFFSET_AND_CHECKPOINT
from auth0_simulator.api.parameters import QueryParameter, equals, one_of
from auth0_simulator.api.route import FieldGuard, Route

# Without the scope the options are left out, and there is no error.
# https://auth0.com/docs/troubleshoot/product-lifecycle/deprecations-and-migrations/migrate-connection-options-scope
OPTIONS = (FieldGuard(("read:connections_options",), frozenset({"options"})),)
SECRETS = frozenset({"options"})

ROUTES = (
    Route(
        "/connections",
        ("read:connections",),
        "connections",
        "connections",
        CAPPED_OFFSET_AND_CHECKPOINT,
        fields=True,
        params=(
            QueryParameter("strategy", "list", matches=one_of("strategy")),
            QueryParameter("name", matches=equals("name")),
        ),
        guards=OPTIONS,
        secrets=SECRETS,
    ),
    Route(
        "/connections/{id}",
        ("read:connections",),
        "connections",
        kind="item",
        fields=True,
        guards=OPTIONS,
        secrets=SECRETS,
    ),
)
