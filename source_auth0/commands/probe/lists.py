"""What is not established of lists: where page numbers end, who takes checkpoints, whom `owner_id` selects."""

from collections.abc import Iterator

from source_auth0.commands.probe.client import Answer, ProbeClient
from source_auth0.commands.probe.findings import (
    Finding,
    Question,
    contradicted,
    decided,
    established,
    refusal,
    shown,
    unknown,
)
from source_auth0.records import PAGE_SIZE, Row

ROLES = frozenset({"read:roles"})
SYSTEM_OWNER = "auth0"
#: The first page by number that is wholly behind 1,000 rows.
BEYOND_BOUND = {"page": 10, "per_page": PAGE_SIZE}
#: The most of user attribute profiles that Auth0's own tools ask for.
SMALL_PAGE = 10
#: Organizations whose own roles are looked for.
MAX_ORGANIZATIONS = 2
PROVISIONING_LISTS = ("connections-scim-configurations", "connections-directory-provisionings")


def roles_by_checkpoint(client: ProbeClient) -> Finding:
    """Ask for one role by checkpoint."""
    page = client.get("roles", take=1)
    if found := refusal(page):
        return found
    holds = page.is_served and isinstance(page.body, dict) and "start" not in page.body
    kind = "" if not page.is_served or holds else ", a page by number"
    return decided(holds=holds, evidence=f"{shown(page)}{kind}", answers=[page])


def roles_by_owner(client: ProbeClient) -> Finding:
    """Ask for the roles that Auth0 manages, and hold them against the list without an owner."""
    owned = client.get("roles", owner_id=SYSTEM_OWNER, per_page=PAGE_SIZE, page=0)
    if found := refusal(owned):
        return found
    if not owned.is_served:
        return contradicted(shown(owned), owned)
    if any(row.get("owner_id") != SYSTEM_OWNER for row in owned.rows):
        return contradicted(f"{shown(owned)}, with roles of others")
    if owned.rows:
        return established(f"{shown(owned)}, with such roles alone")
    others = client.get("roles", per_page=PAGE_SIZE, page=0)
    if not others.rows:
        return unknown("the tenant has no roles")
    return established(f"{shown(owned)}, no roles, where the plain list has some")


def roles_page_bound(client: ProbeClient) -> Finding:
    """Ask for a page of roles behind the 1,000th."""
    return _page_bound(client.get("roles", **BEYOND_BOUND))


def grants_page_bound(client: ProbeClient) -> Finding:
    """Ask for a page of grants behind the 1,000th."""
    return _page_bound(client.get("grants", **BEYOND_BOUND))


def device_credentials_page_bound(client: ProbeClient) -> Finding:
    """Ask for a page of refresh tokens behind the 1,000th."""
    return _page_bound(client.get("device-credentials", type="refresh_token", **BEYOND_BOUND))


def _page_bound(page: Answer) -> Finding:
    if found := refusal(page):
        return found
    rows = (", with rows" if page.rows else ", without rows") if page.is_served else ""
    return decided(holds=not page.is_served, evidence=f"page 10 of 100 rows: {shown(page)}{rows}", answers=[page])


def role_users_of_organization_roles(client: ProbeClient) -> Finding:
    """Look for somebody with a role of an organization, and for them among the users of that role."""
    for role in _organization_roles(client):
        owner = str(role["owner_id"])
        path = client.path_of("organizations/{{ stream_slice.id }}/members", id=owner)
        members = client.get(path, fields="user_id,roles", include_fields="true", take=PAGE_SIZE)
        if found := refusal(members):
            return found
        holders = {
            row.get("user_id")
            for row in members.rows
            if isinstance(row.get("roles"), list) and any(each.get("id") == role["id"] for each in row["roles"])
        }
        if holders:
            listed = client.get(client.path_of("roles/{{ stream_slice.id }}/users", id=str(role["id"])), take=PAGE_SIZE)
            if found := refusal(listed):
                return found
            are_listed = bool(holders & {row.get("user_id") for row in listed.rows})
            return decided(
                holds=are_listed,
                evidence=f"{shown(listed)}, {'with' if are_listed else 'without'} a member who has the role",
                answers=[listed],
            )
    return unknown("no member of an organization has a role of its own")


def _organization_roles(client: ProbeClient) -> Iterator[Row]:
    """Roles of organizations: those that the plain list mixes in, else those of the first organizations."""
    mixed_in = [
        row
        for row in client.get("roles", per_page=PAGE_SIZE, page=0).rows
        if row.get("owner_id") not in {None, SYSTEM_OWNER}
    ]
    yield from mixed_in[:MAX_ORGANIZATIONS]
    if not mixed_in:
        for organization in client.get("organizations", take=MAX_ORGANIZATIONS).rows:
            own = client.get("roles", type="organization", owner_id=organization["id"], per_page=PAGE_SIZE, page=0)
            yield from [row for row in own.rows if row.get("owner_id") == organization["id"]][:1]


def attribute_profiles_page_size(client: ProbeClient) -> Finding:
    """Ask for 100 user attribute profiles, then for ten."""
    large = client.get("user-attribute-profiles", take=PAGE_SIZE)
    if found := refusal(large):
        return found
    if large.is_served:
        return contradicted(f"`take` {PAGE_SIZE}: {shown(large)}")
    small = client.get("user-attribute-profiles", take=SMALL_PAGE)
    evidence = f"`take` {PAGE_SIZE}: {shown(large)}; {SMALL_PAGE}: {shown(small)}"
    return (established if small.is_served else unknown)(evidence, large, small)


def scim_list(client: ProbeClient) -> Finding:
    """Ask for one row of the list of SCIM settings."""
    return _is_there(client.get(PROVISIONING_LISTS[0], take=1))


def directory_list(client: ProbeClient) -> Finding:
    """Ask for one row of the list of directory settings."""
    return _is_there(client.get(PROVISIONING_LISTS[1], take=1))


def _is_there(page: Answer) -> Finding:
    return refusal(page) or decided(holds=page.is_served, evidence=shown(page), answers=[page])


def checkpoint_beside_page(client: ProbeClient) -> Finding:
    """Ask for organizations by checkpoint and by page number at once."""
    page = client.get("organizations", take=1, page=0, per_page=1)
    if found := refusal(page):
        return found
    holds = page.is_served and isinstance(page.body, dict) and "start" not in page.body
    kind = "" if not page.is_served else ", a page by checkpoint" if holds else ", a page by number"
    return decided(holds=holds, evidence=f"{shown(page)}{kind}", answers=[page])


CONNECTIONS = frozenset({"read:connections"})
QUESTIONS = (
    Question("roles_by_checkpoint", "`GET /roles` takes `take`.", roles_by_checkpoint, ROLES),
    Question("roles_by_owner", "`GET /roles` knows `owner_id=auth0`.", roles_by_owner, ROLES),
    Question("roles_page_bound", "Page numbers of roles end at 1,000 rows.", roles_page_bound, ROLES),
    Question(
        "grants_page_bound", "Page numbers of grants end at 1,000 rows.", grants_page_bound, frozenset({"read:grants"})
    ),
    Question(
        "device_credentials_page_bound",
        "Page numbers of device credentials are refused beyond 1,000 rows.",
        device_credentials_page_bound,
        frozenset({"read:device_credentials"}),
    ),
    Question(
        "role_users_of_organization_roles",
        "`GET /roles/{id}/users` lists who has a role of an organization.",
        role_users_of_organization_roles,
        ROLES | {"read:users", "read:role_members", "read:organizations", "read:organization_members"},
    ),
    Question(
        "attribute_profiles_page_size",
        "User attribute profiles take 10 rows a page, and not 100.",
        attribute_profiles_page_size,
        frozenset({"read:user_attribute_profiles"}),
    ),
    Question("scim_list", "The SCIM settings of all connections are one list.", scim_list, CONNECTIONS),
    Question("directory_list", "The directory settings of all connections are one list.", directory_list, CONNECTIONS),
    Question(
        "checkpoint_beside_page",
        "Page numbers beside `take` are ignored.",
        checkpoint_beside_page,
        frozenset({"read:organizations"}),
    ),
)
