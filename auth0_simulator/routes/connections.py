"""Connections."""

from __future__ import annotations

from auth0_simulator.paging import CAPPED_OFFSET_AND_CHECKPOINT
from auth0_simulator.parameters import Param, equals, one_of
from auth0_simulator.route import Guard, Route

# Without the scope there are simply no options, and no error.
# https://auth0.com/docs/troubleshoot/product-lifecycle/deprecations-and-migrations/migrate-connection-options-scope
OPTIONS = (Guard(("read:connections_options",), frozenset({"options"})),)
SECRETS = frozenset({"options"})

ROUTES = (
    Route(
        "/connections",
        ("read:connections",),
        "connections",
        "connections",
        CAPPED_OFFSET_AND_CHECKPOINT,
        fields=True,
        params=(Param("strategy", "list", matches=one_of("strategy")), Param("name", matches=equals("name"))),
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
