"""Child lists of organizations, groups, applications and connections with special behaviour."""

import pytest

from auth0_simulator import Simulator


@pytest.fixture
def tenant(sim):
    return sim.tenant


def connection_of(tenant, strategy):
    return next(row["id"] for row in tenant.connections if row["strategy"] == strategy)


def test_keys_are_there_for_some_strategies_only(client, tenant):
    assert 2 == len(client.get(f"/connections/{connection_of(tenant, 'samlp')}/keys").json)
    refused = client.get(f"/connections/{connection_of(tenant, 'sms')}/keys")
    assert (400, "keys are not available for this connection") == (refused.status, refused.json["message"])


def test_the_status_of_a_directory_is_its_answer(client, tenant):
    directories = [row["id"] for row in tenant.connections if row["strategy"] == "ad"]
    answers = [client.get(f"/connections/{directory}/status") for directory in directories]
    assert {200, 404} == {answer.status for answer in answers}
    assert {b""} == {answer.body for answer in answers if answer.status == 200}
    assert all("not connected to any node" in answer.json["message"] for answer in answers if answer.status == 404)


def test_mappings_are_proposed_where_there_is_provisioning(client, tenant):
    okta, google, sms = (connection_of(tenant, strategy) for strategy in ("okta", "google-apps", "sms"))
    assert client.get(f"/connections/{okta}/scim-configuration/default-mapping").json["mapping"]
    assert 404 == client.get(f"/connections/{sms}/scim-configuration/default-mapping").status
    assert client.get(f"/connections/{google}/directory-provisioning/default-mapping").json["mapping"]
    assert 400 == client.get(f"/connections/{okta}/directory-provisioning/default-mapping").status


def test_groups_are_synchronized_where_a_directory_is_read(client, tenant):
    google = connection_of(tenant, "google-apps")
    path = f"/connections/{google}/directory-provisioning/synchronized-groups"
    assert client.get(path).json["groups"]
    tenant.connection_directory_provisionings.clear()
    refused = client.get(path)
    assert (404, "Directory provisioning configuration not found") == (refused.status, refused.json["message"])


def test_profiles_come_ten_at_a_time(client):
    assert 5 == len(client.get("/connection-profiles").json["connection_profiles"])
    assert 10 == len(client.get("/connection-profiles", take=10).json["connection_profiles"])
    assert 400 == client.get("/connection-profiles", take=11).status


def test_an_application_s_connections_need_two_scopes(client, sim, tenant):
    path = f"/clients/{tenant.clients[2]['client_id']}/connections"
    client.token = sim.mint_token(["read:connections"])
    refused = client.get(path)
    assert (403, "insufficient_scope") == (refused.status, refused.json["errorCode"])
    for scope in ("read:clients", "read:client_summary"):
        client.token = sim.mint_token(["read:connections", scope])
        assert not any("options" in row for row in client.get(path).json["connections"])


def test_a_client_and_a_connection_agree_on_each_other(client, tenant):
    pairs = {
        (row["client_id"], connection["id"])
        for connection in tenant.connections
        for row in client.get(f"/connections/{connection['id']}/clients", take=1000).json["clients"]
    }
    found = {
        (row["client_id"], connection["id"])
        for row in tenant.clients
        for connection in tenant.rows("client_connections", row["client_id"])
    }
    assert pairs == found


def test_device_credentials_without_a_type_leave_rotating_tokens_out_and_ignore_pages(client):
    rows = client.get("/device-credentials", per_page=1).json
    assert {"public_key", "refresh_token"} == {row["type"] for row in rows}
    paged = client.get("/device-credentials", type="rotating_refresh_token", per_page=10, include_totals="true").json
    assert (10, 120) == (len(paged["device_credentials"]), paged["total"])
    user = rows[0]["user_id"]
    assert all(user == row["user_id"] for row in client.get("/device-credentials", user_id=user).json)
    assert 400 == client.get("/device-credentials", type="public_key", page=10, per_page=100).status


def test_invitations_have_no_total_and_can_be_read_without_their_links(client, tenant):
    path = f"/organizations/{tenant.organizations[0]['id']}/invitations"
    assert {"invitations", "start", "limit"} == set(client.get(path, include_totals="true").json)
    before = tenant.secret_reads
    rows = client.get(path, fields="invitation_url,ticket_id", include_fields="false").json
    assert before == tenant.secret_reads
    assert b"SECRET-" in client.get(path).body
    assert all(not {"invitation_url", "ticket_id"} & set(row) for row in rows)


def test_roles_of_a_group_are_asked_for_in_its_own_organization(client, tenant):
    first, other = (row["id"] for row in tenant.organizations[:2])
    inside = {row["id"] for row in tenant.rows("organization_groups", other)}
    outside = next(row["id"] for row in tenant.groups if row["id"] not in inside)
    assert client.get(f"/organizations/{first}/groups/{tenant.groups[0]['id']}/roles").json["roles"]
    refused = client.get(f"/organizations/{other}/groups/{outside}/roles")
    assert (404, "Group not found.") == (refused.status, refused.json["message"])


def test_groups_are_found_by_name_and_by_their_id_elsewhere(client):
    assert ["Department 7"] == [row["name"] for row in client.get("/groups", search="department 7").json][:1]
    assert ["ext-7"] == [row["external_id"] for row in client.get("/groups", search="ext-7").json]


def test_roles_through_groups_agree_with_the_groups_they_come_from(client, tenant):
    organization = tenant.organizations[0]["id"]
    rows = tenant.rows("organization_member_effective_roles", organization)
    member = next(row for row in rows if row["groups"])
    path = f"/organizations/{organization}/members/{member['user_id'].replace('|', '%7C')}/effective-roles"
    through = [row["id"] for row in client.get(path).json["roles"] if "groups" in row["sources"]]
    assert set(member["groups"]) == set(through)
    assert client.get(f"{path}/sources/groups", role_id=through[0]).json["groups"]
    assert 400 == client.get(f"{path}/sources/groups").status
    assert 404 == client.get(f"{path}/sources/groups", role_id="rol_none").status
    non_member = next(user for user in tenant.users if user not in {row["user_id"] for row in rows})
    assert (
        404
        == client.get(f"/organizations/{organization}/members/{non_member.replace('|', '%7C')}/effective-roles").status
    )


def test_roles_of_an_organization_show_their_members_and_groups(client, tenant):
    organization = tenant.organizations[0]["id"]
    for role in tenant.roles:
        path = f"/organizations/{organization}/roles/{role['id']}"
        holders = [row for row in tenant.rows("organization_members", organization) if role["id"] in row["roles"]]
        assert bool(holders) == bool(client.get(f"{path}/members").json["members"])
        groups = client.get(f"{path}/groups").json["groups"]
        assert all(organization == row["organization_id"] for row in groups)


def test_lists_outlive_the_deletion_of_a_user() -> None:
    """Rows of a deleted user are removed; a `user_id` that is a mapping is no user's id."""
    with Simulator(users=20, organizations=2) as sim:
        sim.tenant.delete_user(next(iter(sim.tenant.users)))
        assert all(isinstance(sim.tenant.rows("user_attribute_profiles"), list) for _ in range(2))
        assert any(isinstance(row.get("user_id"), dict) for row in sim.tenant.rows("user_attribute_profiles"))
