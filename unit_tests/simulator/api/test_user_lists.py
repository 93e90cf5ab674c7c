"""Lists of single users, and that they agree with the lists of all users."""

from urllib.parse import quote

import pytest

from auth0_simulator import Simulator

#: Path below a user, wrapper of its rows, and the scopes it requires.
LISTS = {
    "authentication-methods": ("authenticators", ["read:authentication_methods"]),
    "sessions": ("sessions", ["read:sessions"]),
    "refresh-tokens": ("tokens", ["read:refresh_tokens"]),
    "connected-accounts": ("connected_accounts", ["read:users"]),
    "enrollments": ("", ["read:users"]),
    "permissions": ("permissions", ["read:users"]),
    "roles": ("roles", ["read:users", "read:roles", "read:role_members"]),
    "organizations": ("organizations", ["read:organizations"]),
    "groups": ("groups", ["read:groups"]),
    "effective-roles": ("roles", ["read:user_effective_roles"]),
}
each_list = pytest.mark.parametrize("name", LISTS)


@pytest.fixture
def tenant(sim):
    return sim.tenant


@pytest.fixture
def first(tenant):
    """The user with long lists."""
    return tenant.users.at(0)


def path(user_id, name):
    return f"/users/{quote(user_id, safe='')}/{name}"


def rows(client, user_id, name, **query):
    """All rows of a list, by checkpoint."""
    wrapper = LISTS.get(name, (query.pop("wrapper", ""),))[0]
    return [row for page in client.pages(path(user_id, name), wrapper, **query) for row in page]


@each_list
def test_an_unknown_user_has_no_list(client, name):
    refused = client.get(path("auth0|nobody", name))
    assert (404, "inexistent_user") == (refused.status, refused.json["errorCode"])


@each_list
def test_a_list_needs_its_scopes(client, sim, first, name):
    wrapper, scopes = LISTS[name]
    client.token = sim.mint_token(scopes)
    answer = client.get(path(first, name)).json
    assert isinstance(answer[wrapper] if isinstance(answer, dict) else answer, list)
    client.token = sim.mint_token(["read:clients"])
    assert (403, "insufficient_scope") == (
        client.get(path(first, name)).status,
        client.get(path(first, name)).json["errorCode"],
    )


@each_list
def test_some_users_have_nothing_and_some_have_several_rows(tenant, client, name):
    """Few of the sixty users are in roles, organizations and groups."""
    wrapper = LISTS[name][0]
    sizes = set()
    for slot in range(60):
        answer = client.get(path(tenant.users.at(slot), name)).json
        sizes.add(len(answer[wrapper] if isinstance(answer, dict) else answer))
    assert 0 in sizes
    assert max(sizes) >= (1 if name in {"roles", "organizations", "groups"} else 3)


@pytest.mark.parametrize("name", ["sessions", "refresh-tokens"])
def test_the_first_user_has_more_than_a_page_holds(client, first, name):
    assert [100, 20] == [len(page) for page in client.pages(path(first, name), LISTS[name][0])]
    assert 120 == len({row["id"] for row in rows(client, first, name, take=7)})


def test_authentication_methods_come_by_number_with_a_total(client, first):
    pages = [
        client.get(path(first, "authentication-methods"), page=n, per_page=100, include_totals="true").json
        for n in (0, 1)
    ]
    assert [(100, 120), (20, 120)] == [(len(page["authenticators"]), page["total"]) for page in pages]
    assert 400 == client.get(path(first, "authentication-methods"), take=5).status


def test_connected_accounts_come_twenty_at_a_time(client, first):
    assert 400 == client.get(path(first, "connected-accounts"), take=21).status
    assert 10 == len(client.get(path(first, "connected-accounts")).json["connected_accounts"])
    assert 30 == len(rows(client, first, "connected-accounts", take=20))


def test_enrollments_are_a_bare_array(client, first):
    assert 5 == len(client.get(path(first, "enrollments")).json)


def test_blocks_may_name_no_connection(client, first):
    url = f"/user-blocks/{quote(first, safe='')}"
    found = client.get(url).json["blocked_for"]
    assert [True, False, True] == ["connection" in row for row in found]
    assert found == client.get(url, consider_brute_force_enablement="true").json["blocked_for"]
    assert 404 == client.get("/user-blocks/auth0%7Cnobody").status


def test_lists_can_be_changed(client, tenant, first):
    tenant.rows("user_sessions", first).clear()
    tenant.rows("user_permissions", first)[3:] = []
    assert [] == rows(client, first, "sessions")
    direct = [
        row for row in client.get(path(first, "permissions")).json if row["sources"][0]["source_type"] == "DIRECT"
    ]
    assert 3 == len(direct)


def test_generated_lists_are_not_stored(client, tenant, first):
    before = len(tenant._collections)
    for user_id in (first, tenant.users.at(1)):
        assert rows(client, user_id, "sessions") == rows(client, user_id, "sessions")
    assert len(tenant._collections) <= before + 1
    assert "clients" in {key[0] for key in tenant._collections}


@pytest.mark.parametrize(
    ("name", "parents", "children", "column"),
    [
        ("roles", "roles", "role_users", "user_id"),
        ("organizations", "organizations", "organization_members", "user_id"),
        ("groups", "groups", "group_members", "id"),
    ],
)
def test_a_users_list_and_everybodys_agree(client, tenant, name, parents, children, column):
    users = [tenant.users.at(slot) for slot in range(40)]
    expected = {
        (parent["id"], row[column])
        for parent in tenant.rows(parents)
        for row in tenant.rows(children, parent["id"])
        if row[column] in users
    }
    assert expected == {(row["id"], user) for user in users for row in client.get(path(user, name), per_page=100).json}
    assert expected


def test_a_user_who_takes_another_ones_place_is_seen(client, tenant):
    """The length of the list does not change."""
    role = tenant.roles[3]["id"]
    holders = tenant.rows("role_users", role)
    replaced = holders[0]["user_id"]
    assert role in [row["id"] for row in client.get(path(replaced, "roles")).json]
    other = next(user for user in tenant.users if user not in {row["user_id"] for row in holders})
    holders[:] = [*holders[1:], {"user_id": other}]
    assert role not in [row["id"] for row in client.get(path(replaced, "roles")).json]
    assert role in [row["id"] for row in client.get(path(other, "roles")).json]


def test_roles_in_effect_are_the_direct_ones_and_those_of_groups(client, tenant):
    user = tenant.rows("group_members", tenant.groups[0]["id"])[0]["id"]
    found = rows(client, user, "effective-roles")
    direct = {row["id"] for row in client.get(path(user, "roles")).json}
    assert direct == {row["id"] for row in found if "direct" in row["sources"]}
    through = [row["id"] for row in found if "groups" in row["sources"]]
    assert len(through) >= 6
    joined = {row["id"] for row in client.get(path(user, "groups")).json}
    for role in through:
        groups = rows(client, user, "effective-roles/sources/groups", wrapper="groups", role_id=role)
        assert groups
        assert {group["id"] for group in groups} <= joined
    sources = path(user, "effective-roles/sources/groups")
    assert (400, 404) == (client.get(sources).status, client.get(sources, role_id="rol_none").status)


def test_permissions_in_effect_are_the_direct_ones_and_those_of_roles(client, tenant, first):
    admin = next(role for role in tenant.roles if role["name"] == "Admin")
    tenant.rows("role_users", admin["id"]).append({"user_id": first})
    direct = tenant.rows("user_permissions", first)
    api = tenant.rows("role_permissions", admin["id"])[0]["resource_server_identifier"]
    found = rows(client, first, "effective-permissions", wrapper="permissions", resource_server_identifier=api, take=2)
    assert {
        row["permission_name"]
        for row in tenant.rows("role_permissions", admin["id"])
        if row["resource_server_identifier"] == api
    } == {row["permission_name"] for row in found if "roles" in row["sources"]}
    assert {row["permission_name"] for row in direct if row["resource_server_identifier"] == api} == {
        row["permission_name"] for row in found if "direct" in row["sources"]
    }
    through = next(row for row in found if "roles" in row["sources"])
    roles = rows(
        client,
        first,
        "effective-permissions/sources/effective-roles",
        wrapper="roles",
        resource_server_identifier=api,
        permission_name=through["permission_name"],
    )
    assert admin["id"] in [role["id"] for role in roles]


@pytest.mark.parametrize("name", ["effective-permissions", "effective-permissions/sources/effective-roles"])
def test_permissions_in_effect_are_those_at_one_api(client, tenant, first, name):
    assert 400 == client.get(path(first, name)).status
    query = {"resource_server_identifier": "https://nowhere.example.com/", "permission_name": "read:all"}
    query = query if "/" in name else {"resource_server_identifier": query["resource_server_identifier"]}
    assert 404 == client.get(path(first, name), **query).status


def test_a_user_who_came_later_has_lists_too():
    with Simulator(users=7, organizations=0) as sim:
        user = sim.tenant.create_user()
        assert len(sim.tenant.rows("user_sessions", user)) < 3
        assert [] == sim.tenant.parents_of("role_users", user)
