"""Streams that follow changes: their catalog, and the rows that a simulated tenant holds of them."""

from typing import Any

from auth0_simulator import Simulator
from testing.command import configured_catalog
from testing.in_process import SyncResult, sync
from testing.syncs.valid_rows import Tables
from testing.tenants import config_of

#: Stream to the collections of its parents, its own key in the simulator's rows, and the columns that are compared.
FOLLOWED: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "organization_members": (("organizations",), ("user_id",)),
    "organization_member_roles": (("organizations",), ("user_id", "id")),
    "organization_clients": (("organizations",), ("client_id", "use_for_member_access")),
    "organization_connections": (("organizations",), ("connection_id", "is_enabled")),
    "organization_client_grants": (("organizations",), ("id", "client_id")),
    "organization_discovery_domains": (("organizations",), ("id", "domain", "status")),
    "organization_invitations": (("organizations",), ("id", "client_id", "expires_at")),
    "organization_group_roles": (("organizations", "organization_groups"), ("id", "name")),
    "role_users": (("roles",), ("user_id",)),
    "role_permissions": (("roles",), ("resource_server_identifier", "permission_name")),
    "connection_clients": (("connections",), ("client_id",)),
    "client_credentials": (("clients",), ("id", "name")),
}
PARENT_COLUMNS = {
    "organization_members": "org_id",
    "organization_member_roles": "org_id",
    "role_users": "role_id",
    "role_permissions": "role_id",
    "connection_clients": "connection_id",
    "client_credentials": "client_id",
}
Key = tuple[Any, ...]


def parent_column(stream: str) -> str:
    """The column of the parent whose readings a stream tells."""
    return PARENT_COLUMNS.get(stream, "organization_id")


def following_catalog(*names: str, full_refresh: bool = False, generation: int | None = None) -> dict[str, Any]:
    """A configured catalog of streams that follow changes, and of `readings`."""
    modes = ["full_refresh", "incremental"]
    streams = [{"name": name, "json_schema": {}, "supported_sync_modes": modes} for name in names]
    catalog = configured_catalog(streams, full_refresh=full_refresh)
    for configured in catalog["streams"] if generation is not None else ():
        configured |= {"generation_id": generation, "minimum_generation_id": generation, "sync_id": 1}
    return catalog


def follow(
    sim: Simulator,
    *names: str,
    state: Any = None,
    full_refresh: bool = False,
    generation: int | None = None,
    **options: Any,
) -> SyncResult:
    """One sync of these streams with `follow_changes`."""
    catalog = following_catalog(*names, full_refresh=full_refresh, generation=generation)
    return sync(config_of(sim, follow_changes=True, **options), state=state, catalog=catalog)


def held(sim: Simulator, stream: str) -> dict[str, set[Key]]:
    """What the tenant holds of a stream, by its root parent: the parents' ids and the compared columns of each row."""
    (root, *below), columns = FOLLOWED[stream]
    key = "client_id" if root == "clients" else "id"
    return {row[key]: set(_rows(sim, stream, [row[key]], below, columns)) for row in sim.tenant.rows(root)}


def _rows(sim: Simulator, stream: str, ids: list[str], below: list[str], columns: tuple[str, ...]) -> list[Key]:
    if below:
        parts = [[*ids, row["id"]] for row in sim.tenant.rows(below[0], ids[0])]
        return [(*part, *key[1:]) for part in parts for key in _rows(sim, stream, part, [], columns)]
    if stream == "organization_member_roles":
        known = {role["id"] for role in sim.tenant.rows("roles")}
        members = sim.tenant.rows("organization_members", *ids)
        return [(*ids[:1], row["user_id"], role) for row in members for role in row["roles"] if role in known]
    found = (
        row for row in sim.tenant.rows(stream, *ids) if row.get("user_id") is None or row["user_id"] in sim.tenant.users
    )
    return [(ids[0], *(row[column] for column in columns)) for row in found]


def valid(tables: Tables, stream: str) -> dict[str, set[Key]]:
    """The valid rows of a stream by parent, in the same form."""
    found: dict[str, set[Key]] = {}
    (_, *below), columns = FOLLOWED[stream]
    names = [parent_column(stream), *(["group_id"] if below else []), *columns]
    for row in tables.valid(stream, parent_column(stream)):
        found.setdefault(row[parent_column(stream)], set()).add(tuple(row[name] for name in names))
    return found


def without_empty(rows: dict[str, set[Key]]) -> dict[str, set[Key]]:
    """The parents that have rows."""
    return {parent: keys for parent, keys in rows.items() if keys}
