"""Rows of the story that differ from the usual seeds: factors, statistics of the log, weak spots of applications."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from auth0_simulator.seeds.registry import SeedContext
from auth0_simulator.state.clock import DAY_MILLISECONDS, timestamp
from auth0_simulator.story.people import SECOND_FACTORS, People
from auth0_simulator.story.script import Scene, Script, logins_by_day
from auth0_simulator.wire.rows import Row

#: What is changed of some applications, by their place among those of the tenant.
WEAK_SPOTS: dict[int, Row] = {
    4: {"callbacks": ["http://legacy.example.com/callback", "https://legacy.example.com/callback"]},
    7: {"callbacks": ["https://app.example.com/callback", "http://localhost:3000/callback"]},
    11: {"callbacks": ["https://*.preview.example.com/callback"]},
    13: {"grant_types": ["implicit", "password", "refresh_token"], "callbacks": ["http://intranet.example.com/cb"]},
    16: {"jwt_configuration": {"alg": "HS256", "lifetime_in_seconds": 36000, "secret_encoded": False}},
}
#: Scopes on the Management API, by the place of the application that holds them.
MANAGEMENT_SCOPES = {
    0: ["read:users", "read:logs", "read:roles", "read:organizations"],
    6: ["read:clients", "update:clients", "create:clients", "delete:clients", "update:tenant_settings"],
    12: ["read:users", "update:users", "delete:users"],
}
RECENT_DAYS = 30


class StoryCollections:
    """Changes rows of some collections, after their usual seeds made them."""

    def __init__(self, people: People, script: Script) -> None:
        self._people, self._script = people, script
        self._made: dict[str, Callable[..., list[Row]]] = {
            "clients": self._clients,
            "client_grants": self._client_grants,
            "user_authentication_methods": self._methods,
            "user_enrollments": self._enrollments,
            "daily_stats": self._daily_stats,
            "active_users_stats": self._active_users_stats,
        }

    def rows(self, context: SeedContext, rows: list[Row], *parents: Any) -> list[Row]:
        """The rows of a collection as the story has them."""
        made = self._made.get(context.name)
        return rows if made is None else made(context, rows, *parents)

    def _clients(self, _context: SeedContext, rows: list[Row]) -> list[Row]:
        return [row | WEAK_SPOTS.get(place, {}) for place, row in enumerate(rows)]

    def _client_grants(self, context: SeedContext, rows: list[Row]) -> list[Row]:
        clients = context.tenant.rows("clients")
        grants = [
            {
                "id": context.id("cgr_", "management", place),
                "client_id": clients[place]["client_id"],
                "audience": context.tenant.audience,
                "scope": scope,
                "subject_type": "client",
                "organization_usage": "deny",
                "allow_any_organization": False,
            }
            for place, scope in MANAGEMENT_SCOPES.items()
            if place < len(clients)
        ]
        return rows + grants

    def _factor(self, context: SeedContext, user: Row) -> str | None:
        """The user's factor; of users created later none is known."""
        index = context.tenant.users.profiles.index(user["user_id"])
        return None if index is None else self._people.factor(index)

    def _methods(self, context: SeedContext, _rows: list[Row], user: Row) -> list[Row]:
        factor = self._factor(context, user)
        if factor is None:
            return []
        kind, confirmed = ("totp", False) if factor == "pending" else (factor, True)
        local = context.id("dev_", user["user_id"])
        method = {
            "id": f"{kind}|{local}",
            "type": kind,
            "confirmed": confirmed,
            "name": f"My {kind}",
            "created_at": user["created_at"],
        }
        if confirmed:
            method |= {"enrolled_at": user["created_at"], "last_auth_at": user.get("last_login", user["created_at"])}
        if kind in {"phone", "email"}:
            method["phone_number" if kind == "phone" else "email"] = (
                "XXXXXXXX0042" if kind == "phone" else "a***@exam***"
            )
        recovery = {"id": f"recovery-code|{local}", "type": "recovery-code", "confirmed": True}
        return [method, recovery | {"created_at": user["created_at"]}] if factor in SECOND_FACTORS else [method]

    def _enrollments(self, context: SeedContext, rows: list[Row], user: Row) -> list[Row]:
        """The first confirmed factor, as Auth0 describes it."""
        if self._factor(context, user) not in SECOND_FACTORS:
            return []
        return [row | {"status": "confirmed", "enrolled_at": user["created_at"]} for row in rows[:1]]

    def _daily_stats(self, context: SeedContext, rows: list[Row]) -> list[Row]:
        """By day what the log has."""
        kinds = {"logins": "s", "signups": "ss", "leaked_passwords": "pwd_leak"}
        counts = {column: logins_by_day(self._script, _of_kind(kind)) for column, kind in kinds.items()}
        first = context.tenant.made_at // DAY_MILLISECONDS - len(rows)
        return [
            row
            | {"date": timestamp((first + place) * DAY_MILLISECONDS)}
            | {column: by_day.get(first + place, 0) for column, by_day in counts.items()}
            for place, row in enumerate(rows)
        ]

    def _active_users_stats(self, context: SeedContext, _rows: list[Row]) -> list[Row]:
        since = context.tenant.made_at - RECENT_DAYS * DAY_MILLISECONDS
        signed_in = {scene.user for scene in self._script.scenes if scene.kind == "s" and scene.at >= since}
        return [{"count": len(signed_in)}]


def _of_kind(kind: str) -> Callable[[Scene], bool]:
    return lambda scene: scene.kind == kind
