"""Operations on what belongs to organizations, roles, connections and applications, with the log events they write.

The bodies are those of Auth0's SDKs; which of them an event keeps is recorded for a few, and taken to hold for all.
https://auth0.com/docs/api/management/v2
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from threading import RLock
from typing import Any, Literal

from auth0_simulator.logs.api_writes import percent_encoded
from auth0_simulator.state.resources import key_column
from auth0_simulator.wire.rows import Row

Recorded = Literal["sapi", "none"]
Write = tuple[str, str, dict[str, Any]]


@dataclass(frozen=True)
class Membership:
    """How rows of a collection are added and removed: the key of a row, and both writes by its parents and the row."""

    key: str
    add: Callable[[list[str], Row], Write]
    remove: Callable[[list[str], Row], Write]


def _listed(path: str, key: str, word: str) -> Membership:
    """Rows that are assigned and removed by ids in the body, such as the members of an organization."""

    def write(method: str) -> Callable[[list[str], Row], Write]:
        return lambda ids, row: (method, path.format(*ids), {"body": {word: [row[key]]}, "status": 204})

    return Membership(key, write("post"), write("delete"))


def _created(path: str, key: str, body: str = "") -> Membership:
    """Rows that are created below their parent, and deleted by their own path; `body` names the id in the request."""
    return Membership(
        key,
        lambda ids, row: ("post", path.format(*ids), {"body": {body: row[key]} if body else {}, "response": dict(row)}),
        lambda ids, row: ("delete", f"{path.format(*ids)}/{percent_encoded(row[key])}", {}),
    )


def _permission(row: Row) -> Row:
    names = ("resource_server_identifier", "permission_name")
    return {"body": {"permissions": [{name: row[name] for name in names}]}}


def _client_of_connection(*, enabled: bool) -> Callable[[list[str], Row], Write]:
    def write(ids: list[str], row: Row) -> Write:
        body = [{"client_id": row["client_id"], "status": enabled}]
        return "patch", f"/connections/{ids[0]}/clients", {"body": body, "status": 204}

    return write


MEMBERSHIPS = {
    "organization_members": _listed("/organizations/{}/members", "user_id", "members"),
    "organization_clients": _listed("/organizations/{}/clients", "client_id", "clients"),
    "organization_group_roles": _listed("/organizations/{}/groups/{}/roles", "id", "roles"),
    "organization_client_grants": _created("/organizations/{}/client-grants", "id", "grant_id"),
    "organization_connections": _created("/organizations/{}/connections", "connection_id", "connection_id"),
    "organization_discovery_domains": _created("/organizations/{}/discovery-domains", "id"),
    "organization_invitations": _created("/organizations/{}/invitations", "id"),
    "role_groups": _listed("/roles/{}/groups", "id", "groups"),
    "role_permissions": Membership(
        "permission_name",
        lambda ids, row: ("post", f"/roles/{ids[0]}/permissions", _permission(row)),
        lambda ids, row: ("delete", f"/roles/{ids[0]}/permissions", _permission(row)),
    ),
    # Taken away by the user's path: the role is in the body alone.
    "role_users": Membership(
        "user_id",
        lambda ids, row: ("post", f"/roles/{ids[0]}/users", {"body": {"users": [row["user_id"]]}, "status": 200}),
        lambda ids, row: (
            "delete",
            f"/users/{percent_encoded(row['user_id'])}/roles",
            {"body": {"roles": [ids[0]]}, "status": 204},
        ),
    ),
    "connection_clients": Membership(
        "client_id", _client_of_connection(enabled=True), _client_of_connection(enabled=False)
    ),
    "client_credentials": _created("/clients/{}/credentials", "id"),
}


class ResourceOperationsMixin(ABC):
    """The operations on the collections of a tenant that have parents, and on these; each takes the tenant's lock."""

    lock: RLock

    @abstractmethod
    def rows(self, name: str, *keys: str) -> list[Row]:
        """The rows of a collection, to read and change."""

    @abstractmethod
    def log_api_write(self, method: str, path: str, *, late: float = 0.0, **parts: Any) -> str:
        """Log a write request."""

    def add_row(self, name: str, *parents: str, row: Row, recorded: Recorded = "sapi", late: float = 0.0) -> None:
        """Add a row below its parents; its event arrives now, dated `late` seconds ago, or there is none."""
        with self.lock:
            self.rows(name, *parents).append(row)
            self._record(MEMBERSHIPS[name].add(list(parents), row), recorded, late)

    def remove_row(self, name: str, *parents: str, key: str, recorded: Recorded = "sapi", late: float = 0.0) -> None:
        """Remove the row with a key from below its parents; the same of its event."""
        with self.lock:
            membership, rows = MEMBERSHIPS[name], self.rows(name, *parents)
            found = next(row for row in rows if row[membership.key] == key)
            rows.remove(found)
            self._record(membership.remove(list(parents), found), recorded, late)

    def create_parent(self, name: str, row: Row, *, recorded: Recorded = "sapi", late: float = 0.0) -> None:
        """Create an organization, a role, a connection or an application."""
        with self.lock:
            self.rows(name).append(row)
            self._record(("post", f"/{name}", {"body": {}, "response": dict(row)}), recorded, late)

    def delete_parent(self, name: str, key: str, *, recorded: Recorded = "sapi", late: float = 0.0) -> None:
        """Delete one, with all that belongs to it."""
        with self.lock:
            rows = self.rows(name)
            rows[:] = [row for row in rows if row[key_column(name)] != key]
            self._record(("delete", f"/{name}/{percent_encoded(key)}", {}), recorded, late)

    def _record(self, write: Write, recorded: Recorded, late: float) -> None:
        method, path, parts = write
        if recorded == "sapi":
            self.log_api_write(method, path, late=late, **parts)
