"""Which column is the key of a collection, and how Auth0 says that it has no such row.

The bodies are recorded ones; a collection that is nobody's parent and has no item route need not be here.
"""

from __future__ import annotations

from auth0_simulator.errors import Refusal, not_found

NOT_FOUND = {
    "clients": not_found("The client does not exist", "inexistent_client"),
    "connections": not_found("The connection does not exist", "inexistent_connection"),
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
