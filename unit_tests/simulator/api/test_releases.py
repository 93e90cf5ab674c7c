"""What releases differ in: paging and owners of roles, lists beyond 1,000 rows, settings of connections."""

from collections.abc import Iterator

import pytest

from auth0_simulator import Simulator


@pytest.fixture
def sim() -> Iterator[Simulator]:
    with Simulator(users=30) as simulator:
        yield simulator


@pytest.fixture
def release(sim):
    return sim.settings.release


@pytest.fixture
def mixed_roles(sim) -> list[str]:
    """The ids of a role of an organization and of one of Auth0's own, beside those of the tenant."""
    organization = sim.tenant.organizations[0]["id"]
    sim.tenant.roles += [
        {"id": "rol_org", "name": "Of one", "type": "organization", "owner_id": organization},
        {"id": "rol_auth0", "name": "Auth0's", "type": "tenant", "owner_id": "auth0"},
    ]
    return [organization]


def ids(answer):
    return {row["id"] for row in answer.json["roles"]}


def test_roles_of_organizations_are_mixed_in_and_auth0s_own_are_not(client, mixed_roles):
    everything = ids(client.get("/roles", take=100))
    assert "rol_org" in everything
    assert "rol_auth0" not in everything
    assert everything - {"rol_org"} == ids(client.get("/roles", take=100, type="tenant"))
    assert {"rol_org"} == ids(client.get("/roles", take=100, type="organization", owner_id=mixed_roles[0]))
    assert {"rol_auth0"} == ids(client.get("/roles", take=100, owner_id="auth0"))
    assert 400 == client.get("/roles", type="organization").status


def test_owners_of_roles_are_refused_or_ignored_where_unknown(client, release, mixed_roles):
    assert mixed_roles
    release.role_owners = "refused"
    refused = client.get("/roles", owner_id="auth0")
    assert (400, "Query validation error: 'Additional properties not allowed: owner_id'.") == (
        refused.status,
        refused.json["message"],
    )
    release.role_owners = "ignored"
    assert ids(client.get("/roles", take=100)) == ids(client.get("/roles", take=100, owner_id="auth0"))


def test_roles_may_lack_checkpoints_and_end_their_page_numbers(client, release):
    release.role_checkpoints, release.role_page_cap = False, 10
    assert "Additional properties not allowed: take" in client.get("/roles", take=10).json["message"]
    assert 10 == len(client.get("/roles", per_page=10).json)
    assert "invalid_paging" == client.get("/roles", per_page=10, page=1).json["errorCode"]


def test_credentials_beyond_a_thousand_are_refused_or_cut(client, sim, release):
    row = {"type": "public_key", "user_id": "auth0|1", "client_id": "one", "device_name": "", "device_id": ""}
    sim.tenant.device_credentials[:] = [{**row, "id": f"dcr_{number}"} for number in range(1_100)]
    query = {"type": "public_key", "per_page": 100, "include_totals": "true"}
    assert 1_100 == client.get("/device-credentials", **query).json["total"]
    assert "invalid_paging" == client.get("/device-credentials", page=10, **query).json["errorCode"]
    release.full_credentials = "cut"
    last = client.get("/device-credentials", page=10, **query).json
    assert (1_000, []) == (last["total"], last["device_credentials"])


def test_page_numbers_of_grants_may_end(client, release):
    assert 100 == len(client.get("/grants", per_page=100, page=1).json)
    release.grant_page_cap = 100
    assert 400 == client.get("/grants", per_page=100, page=1).status


def test_settings_of_connections_are_had_together_or_one_by_one(client, sim, release):
    tenant = sim.tenant
    for collection, wrapper, path in (
        ("connection_scim_configurations", "scim_configurations", "scim-configuration"),
        ("connection_directory_provisionings", "directory_provisionings", "directory-provisioning"),
    ):
        resource = "/" + collection.replace("connection_", "connections-").replace("_", "-")
        release.provisioning_collections = "present"
        first = client.get(resource).json[wrapper][0]
        assert first == client.get(f"/connections/{first['connection_id']}/{path}").json
        database = next(row["id"] for row in tenant.connections if row["strategy"] == "auth0")
        assert 404 == client.get(f"/connections/{database}/{path}").status
        release.provisioning_collections = "missing"
        assert 404 == client.get(resource).status
        release.provisioning_collections = "disabled"
        assert 403 == client.get(resource).status


def test_the_control_plane_changes_the_release(client):
    changed = client.control("PATCH", "/settings", {"release": {"role_checkpoints": False}}).json
    assert (False, "present") == tuple(
        changed["release"][name] for name in ("role_checkpoints", "provisioning_collections")
    )
    assert 400 == client.get("/roles", take=10).status
    assert 400 == client.control("PATCH", "/settings", {"release": {"roles": 1}}).status


@pytest.mark.parametrize("form", ["next", "nextPageToken", "bare"])
def test_deliveries_come_in_the_form_of_the_release(client, sim, release, form):
    release.delivery_pages = form
    stream = sim.tenant.event_streams[0]["id"]
    rows = sim.tenant.rows("event_stream_deliveries", stream)
    page = client.get(f"/event-streams/{stream}/deliveries", take=2).json
    if form == "bare":
        assert rows == page
        return
    assert (rows[:2], {"deliveries", form}) == (page["deliveries"], set(page))
    assert rows[2:4] == client.get(f"/event-streams/{stream}/deliveries", take=2, from_=page[form]).json["deliveries"]


@pytest.mark.parametrize(
    ("answer", "body"),
    [
        ("envelope", b'"message":"Not Found"'),
        ("invalid_uri", b'"errorCode":"invalid_uri"'),
        ("html", b"<h1>404 Not Found</h1>"),
        ("empty", b""),
    ],
)
def test_a_route_that_a_release_lacks_is_a_404(client, release, answer: str, body: bytes):
    release.missing_routes, release.missing_route_answer = ("/actions/actions",), answer
    found = client.get("/actions/actions")
    assert 404 == found.status
    assert body in found.body.replace(b'": ', b'":')
    assert 200 == client.get("/roles").status
