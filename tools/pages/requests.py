"""What a full sync of a stream costs in requests, as formulas for its page."""

from typing import Any

#: Streams made of the log share its pages.
MADE_OF_LOG = "⌈e/100⌉ for `e` log events, shared by all streams made of the log; none if `logs` is synced too"
#: Requests by archetype: at the top, and for each parent.
REQUESTS = {
    "searched": ("1.08 · ⌈n/{size}⌉ + 40 at most", ""),
    "checkpointed": ("⌈n/{size}⌉", "⌈n/{size}⌉ for each {parent}"),
    "paged": ("⌈n/{size}⌉", "⌈n/{size}⌉ for each {parent}"),
    "paged_always": ("⌈n/{size}⌉", "⌈n/{size}⌉ for each {parent}"),
    "detailed": ("⌈n/{size}⌉ + n", "⌈n/{size}⌉ + n for each {parent}"),
    "members": ("", "⌈n/{size}⌉ + 1 for each {parent}"),
    "member_roles": ("", "none of its own: the pages of `organization_members`"),
    "owned_roles": ("⌈n/{size}⌉, and 1 for the roles that Auth0 manages", ""),
    "connection_settings": ("⌈n/{size}⌉; if the list is missing, 1 for each row of `connections`", ""),
    "full_list": ("⌈n/{size}⌉", "⌈n/{size}⌉ for each {parent}"),
    "role_members": ("", "none of its own: the pages of `organization_members`"),
    "role_groups": ("", "none of its own: the pages of `organization_group_roles`"),
    "unpaged": ("1", "1 for each {parent}"),
    "singleton": ("1", "1 for each {parent}"),
    "reachable": ("", "1 for each {parent}"),
    "log": ("⌈n/{size}⌉, and a few to find both ends of the log", ""),
    "log_changes": (MADE_OF_LOG, ""),
    "log_deletions": (MADE_OF_LOG, ""),
    "log_types": ("none", ""),
    "readings": ("none", ""),
    "streamed": ("1 for each time that Auth0 closes the connection, every few minutes", ""),
    "user_paged": ("⌈n/{size}⌉ for each user to read", ""),
    "user_checkpointed": ("⌈n/{size}⌉ for each user to read", ""),
    "user_unpaged": ("1 for each user to read", ""),
    "user_source_groups": ("1 for each user to read, and ⌈n/{size}⌉ for each role that comes through groups", ""),
    "user_by_api": ("⌈n/{size}⌉ for each user to read and each API", ""),
    "user_source_roles": (
        "1 for each user to read and each API, and ⌈n/{size}⌉ for each permission that comes through roles",
        "",
    ),
}
#: Lists that end with an empty page: Auth0 sends no total with them.
WITHOUT_TOTAL = {"organization_invitations"}


def archetype(stream: dict[str, Any]) -> str:
    """The archetype that a stream names."""
    return str(stream["retriever"]["$ref"].rpartition("/")[2])


def parents(stream: dict[str, Any], partitions: dict[str, Any]) -> list[str]:
    """What a stream is read for, in words: rows of other streams, elements of a list in one, names of a fixed set."""
    found: list[str] = []

    def visit(node: Any, *, some: bool = False) -> None:
        if isinstance(node, list):
            for value in node:
                visit(value, some=some)
        if not isinstance(node, dict):
            return
        reference, name = str(node.get("$ref", "")), str(node.get("class_name", ""))
        if reference.startswith("#/definitions/partitions/"):
            visit(partitions[reference.rpartition("/")[2]])
        elif reference.startswith("#/definitions/parents/"):
            found.append(f"row of `{reference.rpartition('/')[2]}`" + (" that can have any" if some else ""))
        elif node.get("type") == "ListPartitionRouter":
            found.extend([f"of {len(node['values'])} kinds"] if len(node["values"]) > 1 else [])
        elif name.endswith(".ParentElementsRouter"):
            found.append(f"of the tenant's `{node['elements_of']}`")
        else:
            for value in node.values():
                visit(value, some=some or name.endswith((".ParentFilterRouter", ".RoleRouter")))

    visit(stream["retriever"].get("partition_router"))
    return found


def requests(stream: dict[str, Any], above: list[str]) -> str:
    """What a full sync costs, as a formula."""
    top, below = REQUESTS[archetype(stream)]
    more = " + 1" if stream["name"] in WITHOUT_TOTAL else ""
    formula = (below if above else top).replace("}⌉ for", f"}}⌉{more} for")
    return formula.format(size=stream["$parameters"]["page_size"] or 100, parent=" and each ".join(above))
