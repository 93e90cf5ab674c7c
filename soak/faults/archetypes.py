"""One or two streams for each way of reading Auth0, and the routes on which faults are injected."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from auth0_simulator import Simulator
from auth0_simulator.exports.downloads import DOWNLOAD_TEMPLATE
from soak.faults.expected_keys import (
    ExpectedKeys,
    all_events,
    all_users,
    api_writes,
    children_of,
    connection_status,
    listed,
    log_events,
    log_type_codes,
    members_by_role,
    of_users,
    roles_of_users,
    the_only_row,
)

#: Small pages, so that small lists have many.
TENANT: Mapping[str, Any] = {"users": 30, "organizations": 7, "page_limit": 3, "log_events": 90, "export_seconds": 0}
CONFIG: Mapping[str, Any] = {"events_idle_seconds": 60, "users_safety_lag": 0}
TOKEN = "/oauth/token"  # noqa: S105 - a path
#: Changes the tenant before the sync under the fault, and returns the keys of the rows that sync has to emit.
TenantActivity = Callable[[Simulator], set[tuple[object, ...]]]


@dataclass(frozen=True)
class Archetype:
    """A representative stream, its key columns, and the keys that the tenant holds.

    routes: path templates on which faults are injected; a fault on a shared route also affects other streams.
    activity: makes the sync under the fault an incremental second one, which has to emit what changed in between.
    """

    name: str
    stream: str
    routes: tuple[str, ...]
    columns: tuple[str, ...]
    expected_keys: ExpectedKeys
    full_refresh: bool = False
    config: Mapping[str, Any] = field(default_factory=dict)
    activity: TenantActivity | None = None
    #: Whether it may succeed before all is read and leave the rest to the next sync, as a stream of events may.
    may_stop_early: bool = False
    #: Faults that cannot be detected in this stream's responses.
    undetectable: tuple[str, ...] = ()
    #: Faults that are harmless to other streams, but fail this one if they persist.
    sensitive_to: tuple[str, ...] = ()
    #: A stream in the same sync, which has to complete despite the fault; "" for none.
    companion: str = "client_profiles"
    #: The highest speed of the connector's clock.
    max_speed: float = 500.0


def _deletions(sim: Simulator) -> set[tuple[object, ...]]:
    deleted = list(sim.tenant.users)[3:12]
    for user in deleted:
        sim.tenant.delete_user(user)
    return {(user,) for user in deleted}


def _logins(sim: Simulator) -> set[tuple[object, ...]]:
    changed = list(sim.tenant.users)[:12]
    for user in changed:
        sim.tenant.login(user)
    return {key for key in of_users("user_authentication_methods", "id")(sim) if key[0] in changed}


ARCHETYPES = [
    Archetype("users by search", "users", ("/users",), ("user_id",), all_users),
    Archetype("all users by search", "users", ("/users",), ("user_id",), all_users, full_refresh=True),
    Archetype(
        "users by export",
        "users",
        ("/jobs/users-exports", "/jobs/{id}", DOWNLOAD_TEMPLATE),
        ("user_id",),
        all_users,
        config={"users_initial_load": "export"},
    ),
    Archetype(
        "deleted users' tombstones",
        "users",
        ("/logs", "/users"),
        ("user_id",),
        lambda _: set(),
        config={"users_deletion_tombstones": True},
        activity=_deletions,
    ),
    Archetype("the log", "logs", ("/logs",), ("log_id",), log_events),
    Archetype("made of the log", "changes", ("/logs",), ("log_id",), api_writes),
    Archetype("deleted users", "user_deletions", ("/logs",), ("user_id",), lambda _: set(), activity=_deletions),
    Archetype("by checkpoint", "organizations", ("/organizations",), ("id",), listed("organizations")),
    Archetype("by page number", "roles", ("/roles",), ("id",), listed("roles")),
    Archetype("by page number, wrapped", "actions", ("/actions/actions",), ("id",), listed("actions")),
    Archetype("without pages", "log_streams", ("/log-streams",), ("id",), listed("log_streams")),
    Archetype("single object", "branding", ("/branding",), ("tenant_domain",), the_only_row),
    Archetype("with details", "forms", ("/forms", "/forms/{id}"), ("id",), listed("forms")),
    Archetype(
        "children by checkpoint",
        "role_users",
        ("/roles/{id}/users", "/roles"),
        ("role_id", "user_id"),
        children_of("roles", "role_users", "user_id"),
    ),
    Archetype(
        "children by page number",
        "organization_enabled_connections",
        ("/organizations/{id}/enabled_connections", "/organizations"),
        ("organization_id", "connection_id"),
        children_of("organizations", "organization_enabled_connections", "connection_id"),
    ),
    Archetype(
        "children without pages",
        "client_credentials",
        ("/clients/{client_id}/credentials",),
        ("client_id", "id"),
        children_of("clients", "client_credentials", "id", parent="client_id"),
    ),
    Archetype(
        "made of others' pages",
        "organization_role_members",
        ("/organizations/{id}/members", "/organizations"),
        ("organization_id", "role_id", "user_id"),
        members_by_role,
    ),
    Archetype(
        "status alone",
        "connection_status",
        ("/connections/{id}/status",),
        ("connection_id", "online"),
        connection_status,
        # Only the status code counts, so an empty body is no error; a directory that is gone is not online.
        undetectable=("empty body", "parent vanished"),
    ),
    Archetype(
        "of single users",
        "user_roles",
        ("/users/{id}/roles", "/users"),
        ("user_id", "id"),
        roles_of_users,
    ),
    Archetype(
        "of single users who moved",
        "user_authentication_methods",
        ("/users/{id}/authentication-methods", "/users", "/logs"),
        ("user_id", "id"),
        lambda _: set(),
        activity=_logins,
    ),
    Archetype(
        "of single users, all of them again",
        "user_sessions",
        ("/users/{user_id}/sessions",),
        ("user_id", "id"),
        of_users("user_sessions", "id"),
        full_refresh=True,
    ),
    Archetype(
        "events",
        "events",
        ("/events",),
        ("id",),
        all_events,
        may_stop_early=True,
        sensitive_to=("wrong content type",),
        max_speed=50.0,
    ),
    Archetype("static", "log_types", ("*",), ("code",), log_type_codes, companion=""),
    Archetype("sign-in", "organizations", (TOKEN,), ("id",), listed("organizations"), companion="", max_speed=20.0),
]
