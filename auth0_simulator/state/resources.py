"""The key column of each collection, and the 404 body for an id that it does not contain.

The bodies were recorded; a collection without child routes and without an item route needs no entry here.
"""

from __future__ import annotations

from auth0_simulator.wire.errors import ApiError, not_found

NOT_FOUND = {
    "action_modules": not_found("No module exists with the specified ID."),
    "actions": not_found("That action does not exist."),
    "client_grants": not_found("The grant does not exist."),
    "clients": not_found("The client does not exist", "inexistent_client"),
    "connections": not_found("The connection does not exist", "inexistent_connection"),
    "event_streams": not_found("The requested stream does not exist."),
    "flow_vault_connections": not_found("Connection not found"),
    "flows": not_found("Flow not found"),
    "forms": not_found("Form not found"),
    "groups": not_found("Group not found."),
    "organizations": not_found("No organization found by that id or name"),
    "resource_servers": not_found("The resource server does not exist", "inexistent_resource_server"),
    "roles": not_found("The role does not exist."),
    "users": not_found("The user does not exist.", "inexistent_user"),
}
KEY_COLUMNS = {"clients": "client_id", "users": "user_id"}


def key_column(collection: str) -> str:
    """The column with a row's id."""
    return KEY_COLUMNS.get(collection, "id")


def resource_not_found(collection: str) -> ApiError:
    """The 404 for an id that the collection does not contain."""
    return NOT_FOUND.get(collection) or not_found()
