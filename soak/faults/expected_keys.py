"""The keys that a sync has to emit, computed from the simulated tenant without the connector."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import source_auth0
from auth0_simulator import Simulator
from source_auth0.manifest.files import load_yaml

Keys = set[tuple[object, ...]]
ExpectedKeys = Callable[[Simulator], Keys]


def listed(collection: str, column: str = "id") -> ExpectedKeys:
    """The keys of a collection of the tenant."""
    return lambda sim: {(row[column],) for row in sim.tenant.rows(collection)}


def children_of(parents: str, collection: str, column: str, parent: str = "id") -> ExpectedKeys:
    """A collection under each row of a parent collection, by both keys."""
    return lambda sim: {
        (parent_row[parent], row[column])
        for parent_row in sim.tenant.rows(parents)
        for row in sim.tenant.rows(collection, parent_row[parent])
    }


def of_users(collection: str, *columns: str) -> ExpectedKeys:
    """A collection under each user, by the user's id and these columns."""
    return lambda sim: {
        (user, *(row[column] for column in columns))
        for user in sim.tenant.users
        for row in sim.tenant.rows(collection, user)
    }


def all_users(sim: Simulator) -> Keys:
    """All users."""
    return {(user,) for user in sim.tenant.users}


def roles_of_users(sim: Simulator) -> Keys:
    """Each user with each directly assigned role."""
    return {(user, role) for role, user in children_of("roles", "role_users", "user_id")(sim)}


def members_by_role(sim: Simulator) -> Keys:
    """Each member of each organization with each of their roles in it."""
    return set(_members_by_role(sim))


def _members_by_role(sim: Simulator) -> Iterator[tuple[object, ...]]:
    for organization in sim.tenant.rows("organizations"):
        for member in sim.tenant.rows("organization_members", organization["id"]):
            for role in member["roles"]:
                yield organization["id"], role, member["user_id"]


def log_events(sim: Simulator) -> Keys:
    """Every log event that is retained."""
    return {(event["log_id"],) for event in sim.tenant.log.rows()}


def api_writes(sim: Simulator) -> Keys:
    """Every successful write through the Management API."""
    return {
        (event["log_id"],) for event in sim.tenant.log.rows() if event["type"] == "sapi" and _is_successful_write(event)
    }


def connection_status(sim: Simulator) -> Keys:
    """Each connection to a directory, and whether it is online."""
    directories = [row["id"] for row in sim.tenant.rows("connections") if row["strategy"] == "ad"]
    return {(directory, bool(sim.tenant.rows("connection_nodes", directory))) for directory in directories}


def log_type_codes(_sim: Simulator) -> Keys:
    """The log type codes that ship with the connector, the same for every tenant."""
    groups = load_yaml(Path(source_auth0.__file__).parent / "manifest/log_types.yaml")
    return {(code,) for codes in groups.values() for code in codes}


def _is_successful_write(event: dict[str, Any]) -> bool:
    call = event["details"]
    return bool(call["request"]["method"] != "get" and 200 <= call["response"]["statusCode"] < 300)


def all_events(sim: Simulator) -> Keys:
    """Every event of the Events API."""
    return {(event["id"],) for _, event in sim.events.entries}


def the_only_row(sim: Simulator) -> Keys:
    """The key of a singleton's only row."""
    return {(sim.domain,)}
