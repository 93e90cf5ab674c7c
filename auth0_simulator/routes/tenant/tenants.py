"""The tenant's settings and its log streams."""

from __future__ import annotations

from auth0_simulator.api.route import Route

ROUTES = (
    Route("/tenants/settings", ("read:tenant_settings",), "tenant_settings", kind="object", fields=True),
    Route("/log-streams", ("read:log_streams",), "log_streams", secrets=frozenset({"sink"})),
)
