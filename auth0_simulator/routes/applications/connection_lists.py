"""Lists of a connection: applications, keys, status, provisioning; and connection profiles."""

from __future__ import annotations

from dataclasses import replace

from auth0_simulator.api.paging import CHECKPOINT
from auth0_simulator.api.parameters import QueryParameter
from auth0_simulator.api.route import ApiCall, Route
from auth0_simulator.control.release import ReleaseSettings
from auth0_simulator.wire.errors import ApiError, not_found
from auth0_simulator.wire.rows import Row

KEYED = frozenset({"okta", "oidc", "samlp"})
PROVISIONING = ("read:directory_provisionings",)
NO_PROVISIONING = not_found("Directory provisioning configuration not found")


def _strategy(call: ApiCall) -> str:
    connection = call.tenant.find("connections", call.path_values[0])
    return str(connection["strategy"]) if connection else ""


def _keys(call: ApiCall) -> list[Row]:
    if _strategy(call) not in KEYED:
        raise ApiError(400, "keys are not available for this connection")
    return call.tenant.rows("connection_keys", call.path_values[0])


def _status(call: ApiCall) -> bytes:
    """An empty body: the HTTP status is the information."""
    nodes = call.tenant.rows("connection_nodes", call.path_values[0])
    if not nodes:
        raise not_found(f"{call.path_values[0]} is not connected to any node.")
    return b""


def _scim_mapping(call: ApiCall) -> object:
    mapping = call.tenant.rows("connection_scim_default_mapping", call.path_values[0])
    if not mapping:
        raise not_found()
    return {"mapping": mapping}


def _directory_mapping(call: ApiCall) -> object:
    if _strategy(call) != "google-apps":
        raise ApiError(400, "The connection strategy does not support inbound directory provisioning")
    _check_provisioned(call)
    return {"mapping": call.tenant.rows("connection_directory_default_mapping")}


def _synchronized_groups(call: ApiCall) -> list[Row]:
    _check_provisioned(call)
    return call.tenant.rows("connection_synchronized_groups", call.path_values[0])


def _check_provisioned(call: ApiCall) -> None:
    configured = call.tenant.rows("connection_directory_provisionings")
    if call.path_values[0] not in {row["connection_id"] for row in configured}:
        raise NO_PROVISIONING


def _scim_configuration(call: ApiCall) -> object:
    return _of_connection(call, "connection_scim_configurations", not_found())


def _directory_provisioning(call: ApiCall) -> object:
    return _of_connection(call, "connection_directory_provisionings", NO_PROVISIONING)


def _of_connection(call: ApiCall, collection: str, missing: ApiError) -> Row:
    rows = call.tenant.rows(collection)
    row = next((row for row in rows if row["connection_id"] == call.path_values[0]), None)
    if row is None:
        raise missing
    return row


def _of_release(route: Route, release: ReleaseSettings) -> Route:
    """The list of all connections' settings, which has not been recorded yet but as refused."""
    if release.provisioning_collections == "missing":
        raise not_found()
    if release.provisioning_collections == "disabled":
        raise ApiError(403, "The inbound directory provisioning feature is not enabled for this tenant")
    return route


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
    Route("/connections/{id}/status", ("read:connections",), parents=("connections",), handler=_status),
    Route(
        "/connections-scim-configurations",
        ("read:scim_config",),
        "connection_scim_configurations",
        "scim_configurations",
        CHECKPOINT,
        variant=_of_release,
    ),
    Route(
        "/connections/{id}/scim-configuration",
        ("read:scim_config",),
        parents=("connections",),
        handler=_scim_configuration,
    ),
    Route(
        "/connections/{id}/scim-configuration/default-mapping",
        ("read:scim_config",),
        parents=("connections",),
        handler=_scim_mapping,
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
        variant=_of_release,
    ),
    Route(
        "/connections/{id}/directory-provisioning",
        PROVISIONING,
        parents=("connections",),
        handler=_directory_provisioning,
    ),
    Route(
        "/connections/{id}/directory-provisioning/default-mapping",
        PROVISIONING,
        parents=("connections",),
        handler=_directory_mapping,
    ),
    Route(
        "/connections/{id}/directory-provisioning/synchronized-groups",
        PROVISIONING,
        _synchronized_groups,
        "groups",
        CHECKPOINT,
        parents=("connections",),
        params=(QueryParameter("q"),),
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
