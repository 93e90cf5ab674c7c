"""What belongs to connections: applications, keys, status, provisioning, and the profiles they are made from."""

from __future__ import annotations

from dataclasses import replace

from auth0_simulator.accounts import Row
from auth0_simulator.errors import Refusal, not_found
from auth0_simulator.paging import CHECKPOINT
from auth0_simulator.parameters import Param
from auth0_simulator.route import Call, Route

KEYED = frozenset({"okta", "oidc", "samlp"})
PROVISIONING = ("read:directory_provisionings",)
NO_PROVISIONING = not_found("Directory provisioning configuration not found")


def _strategy(call: Call) -> str:
    connection = call.tenant.find("connections", call.values[0])
    return str(connection["strategy"]) if connection else ""


def _keys(call: Call) -> list[Row]:
    if _strategy(call) not in KEYED:
        raise Refusal(400, "keys are not available for this connection")
    return call.tenant.rows("connection_keys", call.values[0])


def _status(call: Call) -> bytes:
    """No body: the status is the answer."""
    nodes = call.tenant.rows("connection_nodes", call.values[0])
    if not nodes:
        raise not_found(f"{call.values[0]} is not connected to any node.")
    return b""


def _scim_mapping(call: Call) -> object:
    mapping = call.tenant.rows("connection_scim_default_mapping", call.values[0])
    if not mapping:
        raise not_found()
    return {"mapping": mapping}


def _directory_mapping(call: Call) -> object:
    if _strategy(call) != "google-apps":
        raise Refusal(400, "The connection strategy does not support inbound directory provisioning")
    _check_provisioned(call)
    return {"mapping": call.tenant.rows("connection_directory_default_mapping")}


def _synchronized_groups(call: Call) -> list[Row]:
    _check_provisioned(call)
    return call.tenant.rows("connection_synchronized_groups", call.values[0])


def _check_provisioned(call: Call) -> None:
    configured = call.tenant.rows("connection_directory_provisionings")
    if call.values[0] not in {row["connection_id"] for row in configured}:
        raise NO_PROVISIONING


ROUTES = (
    Route(
        "/connections/{id}/clients",
        ("read:connections",),
        "connection_clients",
        "clients",
        replace(CHECKPOINT, maximum=1000),
        parents=("connections",),
    ),
    Route("/connections/{id}/keys", ("read:connections_keys",), _keys, parents=("connections",)),
    Route("/connections/{id}/status", ("read:connections",), parents=("connections",), answer=_status),
    Route(
        "/connections-scim-configurations",
        ("read:scim_config",),
        "connection_scim_configurations",
        "scim_configurations",
        CHECKPOINT,
    ),
    Route(
        "/connections/{id}/scim-configuration/default-mapping",
        ("read:scim_config",),
        parents=("connections",),
        answer=_scim_mapping,
    ),
    Route(
        "/connections/{id}/scim-configuration/tokens",
        ("read:scim_token",),
        "connection_scim_tokens",
        parents=("connections",),
    ),
    Route(
        "/connections-directory-provisionings",
        PROVISIONING,
        "connection_directory_provisionings",
        "directory_provisionings",
        CHECKPOINT,
    ),
    Route(
        "/connections/{id}/directory-provisioning/default-mapping",
        PROVISIONING,
        parents=("connections",),
        answer=_directory_mapping,
    ),
    Route(
        "/connections/{id}/directory-provisioning/synchronized-groups",
        PROVISIONING,
        _synchronized_groups,
        "groups",
        CHECKPOINT,
        parents=("connections",),
        params=(Param("q"),),
    ),
    Route(
        "/connection-profiles",
        ("read:connection_profiles",),
        "connection_profiles",
        "connection_profiles",
        replace(CHECKPOINT, maximum=10, default=5),
    ),
    Route(
        "/connection-profiles/templates",
        ("read:connection_profiles",),
        "connection_profile_templates",
        "connection_profile_templates",
    ),
)
