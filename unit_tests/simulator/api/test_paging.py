"""Offset and checkpoint pagination: limits and response bodies."""

import pytest

from auth0_simulator import Simulator

MEMBERS = "/organizations/{}/members"


@pytest.fixture
def organization(sim):
    """The largest organization: more than 1,000 members."""
    return sim.tenant.organizations[0]["id"]


@pytest.fixture
def role(sim):
    """The role with most users: more than 1,000."""
    return sim.tenant.roles[0]["id"]


@pytest.mark.parametrize("path", ["/users", "/roles", "/clients", "/connections", "/client-grants", "/organizations"])
def test_a_list_is_a_bare_array_of_fifty_unless_asked_otherwise(client, path):
    rows = client.get(path).json
    assert isinstance(rows, list)
    assert len(client.get(path, per_page=100).json[:50]) == len(rows)


@pytest.mark.parametrize(
    ("path", "wrapper", "keys"),
    [
        ("/users", "users", {"start", "limit", "length", "total"}),
        ("/clients", "clients", {"start", "limit", "total"}),
        ("/roles", "roles", {"start", "limit", "total"}),
        ("/organizations", "organizations", {"start", "limit", "total"}),
        ("/connections", "connections", {"start", "limit", "total"}),
        ("/resource-servers", "resource_servers", {"start", "limit", "total"}),
        ("/client-grants", "client_grants", {"start", "limit", "total"}),
    ],
)
def test_include_totals_wraps_the_rows(client, path, wrapper, keys):
    body = client.get(path, include_totals="true", page=1, per_page=3).json
    assert {wrapper} | keys == set(body)
    assert (3, 3) == (body["start"], body["limit"])
    assert len(body[wrapper]) == min(3, body["total"] - 3)


def test_a_page_larger_than_a_hundred_is_refused(client):
    expected = {
        "statusCode": 400,
        "error": "Bad Request",
        "message": "Query validation error: 'Value 1000 is greater than maximum 100' on property per_page "
        "(Number of results per page. Defaults to 50).",
        "errorCode": "invalid_query_string",
    }
    assert expected == client.get("/roles", per_page=1000).json
    assert 400 == client.get("/organizations", take=101).status
    assert 400 == client.get("/organizations", per_page=0).status


def test_users_end_where_a_page_would_start_at_the_thousandth(client):
    assert 100 == len(client.get("/users", page=9, per_page=100).json)
    assert 60 == len(client.get("/users", page=16, per_page=60).json)
    refused = client.get("/users", page=10, per_page=100)
    assert (400, "invalid_paging") == (refused.status, refused.json["errorCode"])
    assert refused.json["message"].startswith("You can only page through the first 1000 records.")


def test_other_capped_lists_end_where_a_page_would_pass_the_thousandth(client, organization, role):
    for path in (MEMBERS.format(organization), f"/roles/{role}/users"):
        assert 100 == len(client.get(path, page=9, per_page=100).json)
        refused = client.get(path, page=10, per_page=100)
        assert (400, "invalid_paging") == (refused.status, refused.json["errorCode"])
        assert 400 == client.get(path, page=16, per_page=60).status


def test_the_cap_holds_even_where_there_are_fewer_rows(client):
    assert 400 == client.get("/connections", page=10, per_page=100).status
    assert 200 == client.get("/client-grants", page=10, per_page=100).status


def test_checkpoints_lead_through_everything_once(client, sim, organization, role):
    members = [row["user_id"] for page in client.pages(MEMBERS.format(organization), "members") for row in page]
    assert [row["user_id"] for row in sim.tenant.rows("organization_members", organization)] == members
    holders = [row["user_id"] for page in client.pages(f"/roles/{role}/users", "users") for row in page]
    assert 1250 == len(set(holders)) == len(holders)


def test_a_page_of_members_may_be_short_and_still_have_a_next(client, organization):
    sizes = [len(page) for page in client.pages(MEMBERS.format(organization), "members")]
    assert 0 == sizes[-1]
    assert any(0 < size < 100 for size in sizes[:-2])


def test_other_checkpoint_lists_have_no_next_on_the_page_with_the_last_row(client):
    sizes = [len(page) for page in client.pages("/client-grants", "client_grants", take=48)]
    assert sizes[-1] > 0
    assert "next" not in client.get("/organizations", take=12).json


def test_a_checkpoint_is_good_for_its_own_list_and_for_a_day(client, sim, organization):
    path = MEMBERS.format(organization)
    cursor = client.get(path, take=10).json["next"]
    assert 200 == client.get(path, from_=cursor).status
    assert 400 == client.get("/organizations", from_=cursor).status
    assert 400 == client.get(path, from_="garbled").status
    assert 400 == client.get(path, from_=cursor[:-3]).status
    client.token = sim.mint_token(lifetime=10**6)
    sim.clock.advance(86_401)
    assert 400 == client.get(path, from_=cursor).status


def test_a_checkpoint_survives_rows_that_come_and_go(client, sim):
    rows = sim.tenant.organizations
    cursor = client.get("/organizations", take=5).json["next"]
    expected = rows[5]["id"]
    del rows[0]
    assert expected == client.get("/organizations", take=1, from_=cursor).json["organizations"][0]["id"]


def test_the_two_kinds_of_paging_are_not_to_be_mixed(client):
    assert 400 == client.get("/organizations", take=5, page=0).status
    assert 400 == client.get("/organizations", take=5, per_page=5).status
    assert 200 == client.get("/organizations", take=5, include_totals="true").status


def test_offset_lists_know_no_checkpoint(client):
    assert 400 == client.get("/grants", take=5).status
    assert 400 == client.get("/resource-servers", from_="x").status


def test_a_tenant_may_answer_smaller_pages_than_asked_for(connect):
    with Simulator(users=120, page_limit=50) as sim:
        client = connect(sim)
        body = client.get("/users", per_page=100, include_totals="true").json
        assert (50, 50, 120) == (body["limit"], body["length"], body["total"])
        assert 20 == len(client.get("/users", per_page=100, page=2).json)


def test_totals_may_stop_at_a_thousand(connect):
    with Simulator(users=1200, total_cap=1000) as sim:
        assert 1000 == connect(sim).get("/users", include_totals="true").json["total"]
    with Simulator(users=1200) as sim:
        assert 1200 == connect(sim).get("/users", include_totals="true").json["total"]
