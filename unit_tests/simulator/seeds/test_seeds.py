"""The same seed makes the same tenant, and every route has rows."""

from datetime import datetime, timezone

import pytest

from auth0_simulator import Simulator
from auth0_simulator.routes.registry import ROUTES
from auth0_simulator.seeds.registry import SEEDS

NOW = datetime(2026, 9, 9, 9, tzinfo=timezone.utc)
LISTS = ("/clients", "/connections", "/organizations", "/roles", "/resource-servers", "/client-grants", "/log-streams")


def all_responses(client):
    bodies = [client.get(path).body for path in (*LISTS, "/tenants/settings", "/users")]
    bodies += [client.search("created_at:[* TO *]", sort="updated_at:-1", per_page=100, page=3).body]
    for organization in client.simulator.tenant.organizations:
        bodies.append(client.get(f"/organizations/{organization['id']}/members", per_page=100).body)
    for role in client.simulator.tenant.roles:
        bodies += [client.get(f"/roles/{role['id']}/{of}").body for of in ("users", "permissions")]
    return bodies


def test_the_same_seed_makes_the_same_tenant(connect):
    with Simulator(users=600, seed=5, now=NOW) as first, Simulator(users=600, seed=5, now=NOW) as second:
        assert all_responses(connect(first)) == all_responses(connect(second))
        assert (first.client_id, first.client_secret) == (second.client_id, second.client_secret)


def test_another_seed_makes_another_tenant(connect):
    with Simulator(users=60, seed=5, now=NOW) as first, Simulator(users=60, seed=6, now=NOW) as second:
        ids = [set(simulator.tenant.users) for simulator in (first, second)]
        assert ids[0].isdisjoint(ids[1])
        assert first.client_id != second.client_id


def test_rows_do_not_depend_on_the_order_in_which_they_are_asked_for(connect):
    with Simulator(users=60, now=NOW) as first, Simulator(users=60, now=NOW) as second:
        forward = {name: first.tenant.rows(name) for name in SEEDS if not SEEDS[name].parents}
        backward = {name: second.tenant.rows(name) for name in reversed(SEEDS) if not SEEDS[name].parents}
        assert forward == backward


def test_a_reset_brings_everything_back(client, sim):
    before = all_responses(client)
    sim.tenant.simulate_activity(logins=20, creates=5, deletes=5)
    sim.tenant.organizations.clear()
    sim.tenant.application.grant_types.clear()
    assert before != all_responses(client)
    sim.reset()
    assert [] == sim.journal
    assert before == all_responses(client)


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.path)
def test_every_route_that_names_a_collection_has_a_seed(route):
    assert callable(route.rows) or route.handler is not None or route.rows in SEEDS


def test_every_list_has_rows(client):
    assert all(client.get(path).json for path in LISTS)


def test_secrets_can_be_recognized_by_their_prefix(client):
    for path in ("/clients", "/connections", "/resource-servers", "/log-streams"):
        assert b"SECRET-" in client.get(path).body


def test_a_tenant_may_be_empty(connect):
    with Simulator(users=0, organizations=0) as sim:
        client = connect(sim)
        assert ([], []) == (client.get("/users").json, client.get("/organizations").json)
        assert {"organizations": []} == client.get("/organizations", take=1).json
        assert [] == client.get(f"/roles/{sim.tenant.roles[0]['id']}/users").json


def test_references_name_rows_that_there_are(sim):
    tenant = sim.tenant
    actions = {row["id"] for row in tenant.actions}
    assert {row["action_id"] for row in tenant.token_exchange_profiles} <= actions
    for action in tenant.actions:
        versions = {row["id"] for row in tenant.rows("action_versions", action["id"])}
        assert {action["deployed_version"]["id"]} <= versions if "deployed_version" in action else versions == set()
    for module in tenant.action_modules:
        versions = {row["id"] for row in tenant.rows("action_module_versions", module["id"])}
        assert {row["module_version_id"] for row in tenant.rows("action_module_actions", module["id"])} <= versions
    streams = {row["id"] for row in tenant.event_streams}
    assert {event["a0stream"] for _, event in sim.events.entries} <= streams
