"""Unknown paths, methods, parameters and ids are rejected with Auth0's error envelope."""

import pytest

NOT_FOUND = {"statusCode": 404, "error": "Not Found", "message": "Not Found"}


@pytest.mark.parametrize("path", ["/nope", "/user", "/users/a/b/c", "/organizations/x/nope", "/", "/tenants"])
def test_an_unknown_path_is_not_found(client, path):
    assert NOT_FOUND == client.get(path).json


def test_paths_outside_the_api_are_not_found(client, sim):
    for path in ("/", "/api/v1/users", "/api/v2", "/oauth", "/users"):
        assert NOT_FOUND == client.call("GET", sim.base_url + path).json


def test_another_method_is_not_allowed(client, sim):
    url = f"{sim.base_url}/api/v2/users"
    for method in ("POST", "PATCH", "PUT", "DELETE"):
        answer = client.call(method, url)
        assert (405, 405, "Method Not Allowed") == (answer.status, answer.json["statusCode"], answer.json["error"])
    assert 405 == client.call("HEAD", url).status
    assert 405 == client.call("GET", f"{sim.base_url}/oauth/token").status


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/users", {"limit": 5}),
        ("/users", {"from_": "x"}),
        ("/users", {"take": 5}),
        ("/users", {"connection": "x"}),
        ("/clients", {"perPage": 5}),
        ("/log-streams", {"page": 0}),
        ("/tenants/settings", {"page": 0}),
        ("/resource-servers", {"fields": "id"}),
        ("/organizations", {"fields": "id"}),
    ],
)
def test_an_unknown_parameter_is_refused(client, path, query):
    answer = client.get(path, **query)
    name = next(iter(query)).rstrip("_")
    expected = f"Query validation error: 'Additional properties not allowed: {name}'."
    assert (400, expected) == (answer.status, answer.json["message"])


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/users", {"per_page": "ten"}),
        ("/users", {"per_page": -1}),
        ("/users", {"page": "1.5"}),
        ("/users", {"include_totals": "yes"}),
        ("/users", {"page": ["1", "2"]}),
        ("/users", {"search_engine": "v4"}),
        ("/roles", {"page": -1}),
        ("/organizations", {"sort": "id:1"}),
        ("/organizations", {"page": 1001}),
    ],
)
def test_a_value_of_another_kind_is_refused(client, path, query):
    answer = client.get(path, **query)
    assert (400, "invalid_query_string") == (answer.status, answer.json["errorCode"])


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("/organizations/org_none", "No organization found by that id or name"),
        ("/organizations/org_none/members", "No organization found by that id or name"),
        ("/organizations/org_none/members/auth0%7Cx/roles", "No organization found by that id or name"),
        ("/roles/rol_none", "The role does not exist."),
        ("/roles/rol_none/users", "The role does not exist."),
        ("/roles/rol_none/permissions", "The role does not exist."),
        ("/clients/none", "The client does not exist"),
        ("/connections/con_none", "The connection does not exist"),
    ],
)
def test_an_unknown_id_is_not_found(client, path, message):
    answer = client.get(path)
    assert (404, message) == (answer.status, answer.json["message"])


def test_a_user_who_is_no_member_has_no_roles_there(client, sim):
    organization = sim.tenant.organizations[2]["id"]
    user_id = next(iter(sim.tenant.users)).replace("|", "%7C")
    assert 404 == client.get(f"/organizations/{organization}/members/{user_id}/roles").status
    assert 404 == client.get(f"/organizations/{organization}/members/auth0%7Cnobody/roles").status


def test_filters_filter(client, sim):
    assert {False} == {row["global"] for row in client.get("/clients", is_global="false", per_page=100).json}
    assert {"spa", "native"} == {row["app_type"] for row in client.get("/clients", app_type="spa,native").json}
    assert {"samlp", "okta"} == {row["strategy"] for row in client.get("/connections", strategy=["samlp", "okta"]).json}
    grant = sim.tenant.client_grants[0]
    rows = client.get("/client-grants", client_id=grant["client_id"], audience=grant["audience"]).json
    assert [grant] == rows
    names = [row["name"] for row in client.get("/organizations", sort="name:-1").json]
    assert sorted(names, reverse=True) == names


def test_the_journal_keeps_every_request_in_order(client, sim):
    client.get("/roles", page=0)
    client.get("/nope")
    client.get("/roles/rol_none")
    client.request_token(scope="read:roles")
    entries = [(entry.method, entry.path, entry.template, entry.status) for entry in sim.journal]
    assert [
        ("GET", "/api/v2/roles", "/roles", 200),
        ("GET", "/api/v2/nope", "", 404),
        ("GET", "/api/v2/roles/rol_none", "/roles/{id}", 404),
        ("POST", "/oauth/token", "/oauth/token", 200),
    ] == entries
    assert {"page": "0"} == sim.journal[0].query
    assert "read:roles" == sim.journal[3].body["scope"]
