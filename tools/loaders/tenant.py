"""The simulated tenant that loaders read twice: what changes in it meanwhile, and what has to arrive of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from auth0_simulator import Simulator
from testing.tenants import config_of

#: Small: what matters is how values and keys arrive, not how many.
TENANT: Mapping[str, Any] = {"users": 40, "organizations": 2, "log_events": 60, "log_days": 1}
#: By stream the columns of its key: one, one of digits only, two and three; two of them are read incrementally.
KEYS = {
    "users": ("user_id",),
    "logs": ("log_id",),
    "clients": ("client_id",),
    "organization_members": ("org_id", "user_id"),
    "organization_member_roles": ("org_id", "user_id", "id"),
}
MERGED = ("users", "logs")
#: A column of each type, besides keys.
TYPED = {
    "timestamp": ("users", "updated_at"),
    "integer": ("users", "logins_count"),
    "boolean": ("users", "email_verified"),
    "object": ("users", "app_metadata"),
    "list": ("clients", "callbacks"),
}
TOMBSTONE = "_ab_cdc_deleted_at"
AN_HOUR = 3600
Rows = list[dict[str, Any]]
Ask = Callable[[str], Rows]


@dataclass
class TwoSyncs:
    """The tenant, with what was deleted in it between the two syncs."""

    sim: Simulator
    deleted_user: str = ""
    removed_role: tuple[str, str, str] = ("", "", "")

    @property
    def config(self) -> dict[str, Any]:
        """A config that signs in to the tenant, and has tombstones sent for deleted users."""
        return config_of(self.sim, users_deletion_tombstones=True)

    def change(self) -> None:
        """Delete a user, take a role away from a member, and let another user log in."""
        self.sim.clock.advance(AN_HOUR)
        users = list(self.sim.tenant.users)
        self.deleted_user = users[0]
        self.sim.tenant.delete_user(self.deleted_user)
        self.sim.tenant.login(users[1])
        org_id = self.sim.tenant.rows("organizations")[0]["id"]
        member = next(row for row in self.sim.tenant.rows("organization_members", org_id) if row["roles"])
        self.removed_role = (org_id, member["user_id"], member["roles"].pop())
        self.sim.clock.advance(AN_HOUR)

    def keys(self, stream: str) -> set[tuple[str, ...]]:
        """The keys of all rows of a stream that the tenant has now."""
        tenant = self.sim.tenant
        if stream == "users":
            return {(user_id,) for user_id in tenant.users}
        if stream == "logs":
            return {(row["log_id"],) for row in tenant.log.rows()}
        if stream == "clients":
            return {(row["client_id"],) for row in tenant.rows("clients")}
        members = [(org["id"], row) for org in tenant.rows("organizations") for row in self._members(org["id"])]
        if stream == "organization_members":
            return {(org_id, row["user_id"]) for org_id, row in members}
        return {(org_id, row["user_id"], role_id) for org_id, row in members for role_id in row["roles"]}

    def _members(self, org_id: str) -> Rows:
        rows: Rows = self.sim.tenant.rows("organization_members", org_id)
        return rows


def observe(syncs: TwoSyncs, ask: Ask, schema: str) -> dict[str, str]:
    """What arrived, in a few words for each question: what the table of docs/run.md has of one loader.

    ask: the rows of a query; a column comes back as the database gives it.
    """
    types = _types(ask, schema)
    seen = {f"key of `{stream}`": _arrived(syncs, ask, schema, types, stream) for stream in KEYS if stream != "clients"}
    for kind, (stream, column) in TYPED.items():
        seen[f"{kind}, such as `{stream}.{column}`"] = types.get((stream, column), "no such column")
    key = f"user_id = '{syncs.deleted_user}'"
    marked = f"{key} AND {TOMBSTONE} IS NOT NULL" if ("users", TOMBSTONE) in types else "1 = 0"
    if _count(ask, schema, "users", marked):
        seen["deleted user"] = "stays, marked in `_ab_cdc_deleted_at`"
    else:
        seen["deleted user"] = "stays, unmarked" if _count(ask, schema, "users", key) else "gone"
    org_id, user_id, role_id = syncs.removed_role
    held = f"org_id = '{org_id}' AND user_id = '{user_id}' AND id = '{role_id}'"
    stays = _count(ask, schema, "organization_member_roles", held)
    complete = "every row" in seen["key of `organization_member_roles`"]
    seen["role that was taken away"] = "stays" if stays else "gone" if complete else "unknown: most rows are lost"
    return seen


def _types(ask: Ask, schema: str) -> dict[tuple[str, str], str]:
    sql = f"SELECT table_name, column_name, data_type FROM information_schema.columns WHERE table_schema = '{schema}'"  # noqa: S608 - a name of this tool's
    return {(row["table_name"], row["column_name"]): str(row["data_type"]).lower() for row in ask(sql)}


def _arrived(syncs: TwoSyncs, ask: Ask, schema: str, types: Mapping[tuple[str, str], str], stream: str) -> str:
    """The type of a key's last column, and how many of the tenant's rows the table has, each by its own key."""
    columns = KEYS[stream]
    kind = types.get((stream, columns[-1]), "no such table")
    if kind == "no such table":
        return kind
    rows = ask(f"SELECT {', '.join(columns)} FROM {schema}.{stream}")  # noqa: S608 - names of streams
    found = [tuple(str(row[column]) for column in columns) for row in rows]
    expected = syncs.keys(stream)
    right = len(expected & set(found))
    twice = ", some twice" if len(found) > len(set(found)) else ""
    what = "every row" if right == len(expected) else f"**{right} of {len(expected)} rows**"
    return f"{kind}; {what}{twice}"


def _count(ask: Ask, schema: str, stream: str, where: str) -> int:
    return int(ask(f"SELECT count(*) AS n FROM {schema}.{stream} WHERE {where}")[0]["n"])  # noqa: S608 - as above
