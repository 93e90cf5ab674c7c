"""Which column is the key of a collection, and how Auth0 says that it has no such row.

The bodies are recorded ones; a collection that is nobody's parent and has no item route need not be here.
"""

from __future__ import annotations

from auth0_simulator.errors import Refusal, not_found

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
    """The column that holds a row's id."""
    return KEY_COLUMNS.get(collection, "id")


def missing(collection: str) -> Refusal:
    """The 404 for an id that the collection lacks."""
    return NOT_FOUND.get(collection) or not_found()
