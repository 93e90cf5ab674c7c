"""Consents of users, and the credentials of their devices."""

from __future__ import annotations

from auth0_simulator.accounts import Row
from auth0_simulator.answers import present
from auth0_simulator.paging import OFFSET, Paging
from auth0_simulator.parameters import Param, equals
from auth0_simulator.route import Call, Route

TYPES = ("public_key", "refresh_token", "rotating_refresh_token")
DEVICES = Paging(cap=1000)


def _device_credentials(call: Call) -> object:
    """Without a type, all but rotating refresh tokens, and paging is ignored (the SDK says so)."""
    wanted = call.query.get("type")
    filters = [(name, call.query[name]) for name in ("user_id", "client_id") if name in call.query]
    rows: list[Row] = [
        row
        for row in call.tenant.rows("device_credentials")
        if (row["type"] == wanted if wanted else row["type"] != TYPES[2])
        and all(row[name] == value for name, value in filters)
    ]
    if wanted is None:
        return present(call, rows)
    start, size = DEVICES.offset_window(call.query, call.page_limit)
    page = present(call, rows[start : start + size])
    return DEVICES.offset_body("device_credentials", call.query, page, len(rows), size)


ROUTES = (
    Route(
        "/grants",
        ("read:grants",),
        "user_grants",
        "grants",
        OFFSET,
        params=(
            Param("user_id", matches=equals("user_id")),
            Param("client_id", matches=equals("clientID")),
            Param("audience", matches=equals("audience")),
        ),
    ),
    Route(
        "/device-credentials",
        ("read:device_credentials",),
        wrapper="device_credentials",
        paging=DEVICES,
        fields=True,
        params=(Param("user_id"), Param("client_id"), Param("type", choices=TYPES)),
        answer=_device_credentials,
    ),
)
