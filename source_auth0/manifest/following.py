"""Streams that follow the changes of their parents, where the config says so: incremental, with a column `read_at`."""

from collections.abc import Mapping
from typing import Any

#: The option of the config; without it these streams are read whole by each sync, as they were before it existed.
OPTION = "follow_changes"
CURSOR_FIELD = "read_at"
#: Partition router to the parents that the log names: one of log_events/named_parents.py.
ROOTS = {
    **dict.fromkeys(
        (
            "organization",
            "in_organization",
            "in_organization_group",
            "in_organization_member",
            "in_organization_member_role",
        ),
        "organizations",
    ),
    "role": "roles",
    **dict.fromkeys(
        (
            "connection",
            "connection_with_keys",
            "ldap_connection",
            "scim_connection",
            "provisioned_connection",
            "google_connection",
        ),
        "connections",
    ),
    "client": "clients",
}
RETRIEVERS = "source_auth0.retrievers.followed_parents.retrievers"
READ_AT = {
    "type": "string",
    "format": "date-time",
    "airbyte_type": "timestamp_with_timezone",
    "description": "When the connector began to read this row's parent; all rows of one reading have the same time.",
}
Definition = dict[str, Any]


def is_on(config: Mapping[str, Any] | None) -> bool:
    """Whether a config, validated or not, has streams follow changes."""
    return config is not None and config.get(OPTION) is True


def root_of(definition: Definition) -> str | None:
    """The parents that a stream follows if it follows changes; None for any other stream."""
    router = definition["retriever"].get("partition_router", {})
    return ROOTS.get(router.get("$ref", "").removeprefix("#/definitions/partitions/"))


def following(definition: Definition, definitions: Mapping[str, Any]) -> Definition:
    """A stream as it is where it follows changes, if it can. `definitions` are those of the manifest."""
    if (root := root_of(definition)) is None:
        return definition
    retriever = definition["retriever"]
    archetype = definitions[retriever["$ref"].removeprefix("#/definitions/")]
    class_name = f"{RETRIEVERS}.Followed{archetype['class_name'].rpartition('.')[2]}"
    loader = definition["schema_loader"]
    schema = loader["schema"]
    properties = {**schema["properties"], CURSOR_FIELD: READ_AT}
    return {
        **definition,
        "retriever": {**retriever, "class_name": class_name, "root": root},
        "cursor_field": CURSOR_FIELD,
        "schema_loader": {**loader, "schema": {**schema, "properties": properties}},
    }
