"""Scopes of routes and of columns."""

import pytest

SECRETS = {"client_secret", "signing_keys"}


@pytest.fixture
def member(sim):
    """An organization's member who has a role there."""
    organization = sim.tenant.organizations[0]["id"]
    rows = sim.tenant.rows("organization_members", organization)
    return organization, next(row for row in rows if row["roles"])


def test_a_missing_scope_is_refused_by_name(client, sim):
    client.token = sim.mint_token(["read:users"])
    expected = {
        "statusCode": 403,
        "error": "Forbidden",
        "message": "Insufficient scope, expected any of: read:roles",
        "errorCode": "insufficient_scope",
    }
    assert expected == client.get("/roles").json


@pytest.mark.parametrize("scope", ["read:organizations", "read:organizations_summary"])
def test_any_one_of_the_scopes_opens_a_route(client, sim, scope):
    client.token = sim.mint_token([scope])
    assert 200 == client.get("/organizations").status


def test_role_users_need_all_of_their_scopes(client, sim):
    path = f"/roles/{sim.tenant.roles[0]['id']}/users"
    client.token = sim.mint_token(["read:users", "read:roles"])
    refused = client.get(path)
    assert 403 == refused.status
    assert refused.json["message"].startswith("Insufficient scope, expected all of: read:users, read:roles")
    client.token = sim.mint_token(["read:users", "read:roles", "read:role_members"])
    assert 200 == client.get(path).status


def test_an_application_s_secrets_need_a_scope_of_their_own(client, sim):
    client.token = sim.mint_token(["read:clients"])
    assert SECRETS.isdisjoint(client.get("/clients").json[0])
    client.token = sim.mint_token(["read:client_keys"])
    assert SECRETS <= set(client.get("/clients").json[0])


def test_asking_for_a_column_by_name_without_its_scope_is_refused(client, sim):
    client.token = sim.mint_token(["read:clients"])
    refused = client.get("/clients", fields="client_id,client_secret")
    assert 403 == refused.status
    assert refused.json["message"].startswith("Some fields cannot be read")
    left_out = client.get("/clients", fields="client_secret,signing_keys,encryption_key", include_fields="false")
    assert 200 == left_out.status


def test_a_summary_scope_shows_four_columns(client, sim):
    client.token = sim.mint_token(["read:client_summary"])
    assert {"client_id", "app_type", "name", "description"} == set(client.get("/clients").json[0])


def test_reads_that_return_a_secret_are_counted(client, sim):
    client.get("/clients", fields="client_secret,signing_keys,encryption_key", include_fields="false")
    client.get("/clients", fields="client_id,name")
    assert 0 == sim.tenant.secret_reads
    client.get("/clients")
    client.get("/resource-servers")
    client.get("/log-streams")
    assert 3 == sim.tenant.secret_reads


def test_options_of_connections_are_simply_absent_without_their_scope(client, sim):
    assert all("options" in row for row in client.get("/connections").json)
    client.token = sim.mint_token(["read:connections"])
    assert not any("options" in row for row in client.get("/connections", fields="id,options").json)


def test_tokens_of_identity_providers_need_their_scope(client, sim):
    assert b"access_token" in client.get("/users", per_page=100).body
    client.token = sim.mint_token(["read:users"])
    assert b"access_token" not in client.get("/users", per_page=100).body
    social = next(user_id for user_id in sim.tenant.users if user_id.startswith("google-oauth2|"))
    assert b"access_token" not in client.get(f"/users/{social.replace('|', '%7C')}").body


def test_members_show_their_roles_only_when_asked_and_permitted(client, sim, member):
    organization, row = member
    path = f"/organizations/{organization}/members"
    assert "roles" not in client.get(path).json[0]
    assert "roles" not in client.get(path, fields="email", include_fields="false").json[0]
    shown = [row for page in client.pages(path, "members", fields="user_id,roles") for row in page]
    names = {role["id"]: role["name"] for role in sim.tenant.roles}
    expected = {"user_id": row["user_id"], "roles": [{"id": key, "name": names[key]} for key in row["roles"]]}
    assert expected in shown
    client.token = sim.mint_token(["read:organization_members"])
    assert 200 == client.get(path).status
    assert 403 == client.get(path, fields="user_id,roles").status


def test_a_member_s_roles_are_whole_rows(client, sim, member):
    organization, row = member
    roles = client.get(f"/organizations/{organization}/members/{row['user_id'].replace('|', '%7C')}/roles").json
    assert [role for role in sim.tenant.roles if role["id"] in row["roles"]] == roles


def test_granted_scopes_are_those_of_tokens_to_come(client, sim):
    sim.scopes = ["read:roles"]
    try:
        client.token = client.request_token().json["access_token"]
        assert (200, 403) == (client.get("/roles").status, client.get("/users").status)
    finally:
        sim.scopes = sim.tenant.known_scopes


def test_the_number_of_active_users_has_a_scope_of_its_own(client, sim):
    assert 1250 == client.get("/stats/active-users").json
    client.token = sim.mint_token(["read:users", "read:logs"])
    refused = client.get("/stats/active-users")
    assert (403, "Insufficient scope, expected any of: read:stats") == (refused.status, refused.json["message"])
