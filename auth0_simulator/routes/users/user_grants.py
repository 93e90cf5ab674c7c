"""Grants (the consents of users), and device credentials."""

from __future__ import annotations

from dataclasses import replace

from auth0_simulator.api.paging import OFFSET, Paging
from auth0_simulator.api.parameters import QueryParameter, equals
from auth0_simulator.api.route import ApiCall, Route
from auth0_simulator.api.route_responses import render_rows
from auth0_simulator.control.release import ReleaseSettings
from auth0_simulator.wire.rows import Row

DEVICE_CREDENTIAL_TYPES = ("public_key", "refresh_token", "rotating_refresh_token")
DEVICES = Paging(cap=1000)


def _device_credentials(call: ApiCall) -> object:
    """Without `type`, all but rotating refresh tokens on one page; refresh tokens where totals are asked for (SDK)."""
    wanted = call.query.get("type", "refresh_token" if call.query.get("include_totals") else None)
    filters = [(name, call.query[name]) for name in ("user_id", "client_id") if name in call.query]
    rows: list[Row] = [
        row
        for row in call.tenant.rows("device_credentials")
        if (row["type"] == wanted if wanted else row["type"] != DEVICE_CREDENTIAL_TYPES[2])
        and all(row[name] == value for name, value in filters)
    ]
    if wanted is None:
        return render_rows(call, rows)
    if call.release.full_credentials == "cut":
        rows = rows[: DEVICES.cap]
    paging = replace(DEVICES, cap=None) if call.release.full_credentials == "cut" else DEVICES
    start, size = paging.offset_window(call.query, call.page_limit)
    page = render_rows(call, rows[start : start + size])
    return DEVICES.offset_body("device_credentials", call.query, page, len(rows), size)


def _grants_of_release(route: Route, release: ReleaseSettings) -> Route:
    return replace(route, paging=replace(route.paging, cap=release.grant_page_cap))


ROUTES = (
    Route(
        "/grants",
        ("read:grants",),
        "user_grants",
        "grants",
        OFFSET,
        params=(
            QueryParameter("user_id", matches=equals("user_id")),
            QueryParameter("client_id", matches=equals("clientID")),
            QueryParameter("audience", matches=equals("audience")),
        ),
        variant=_grants_of_release,
    ),
    Route(
        "/device-credentials",
        ("read:device_credentials",),
        wrapper="device_credentials",
        paging=DEVICES,
        fields=True,
        params=(
            QueryParameter("user_id"),
            QueryParameter("client_id"),
            QueryParameter("type", choices=DEVICE_CREDENTIAL_TYPES),
        ),
        handler=_device_credentials,
    ),
)
