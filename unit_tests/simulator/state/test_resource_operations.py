"""Operations on what belongs to organizations, roles, connections and applications."""

import pytest

from auth0_simulator.resource_operations import MEMBERSHIPS


def last_event(sim):
    return sim.tenant.log.rows()[-1]


def parents_of(sim, name):
    root = {"role": "roles", "connection": "connections", "client": "clients"}.get(name.split("_")[0], "organizations")
    row = sim.tenant.rows(root)[0]
    parents = [row["client_id" if root == "clients" else "id"]]
    if name == "organization_group_roles":
        parents.append(sim.tenant.rows("organization_groups", *parents)[0]["id"])
    return parents


@pytest.mark.parametrize("name", MEMBERSHIPS)
def test_a_row_comes_and_goes_with_its_events(sim, name):
    parents, key = parents_of(sim, name), MEMBERSHIPS[name].key
    row = {key: "new", "resource_server_identifier": "https://api.example.com"}
    for change in ("add_row", "remove_row"):
        what = {"row": row} if change == "add_row" else {"key": "new"}
        getattr(sim.tenant, change)(name, *parents, **what, late=60)
        event = last_event(sim)
        request = event["details"]["request"]
        assert "sapi" == event["type"]
        # A role that is taken from a user, alone, is named by the body and not by the path.
        assert parents[0] in f"{request['path']} {request['body']}"
        assert (change == "add_row") == ("new" in [each[key] for each in sim.tenant.rows(name, *parents)])
        assert event["date"] < sim.clock.now().isoformat()


@pytest.mark.parametrize("name", ["organizations", "roles", "connections", "clients"])
def test_parents_are_created_and_deleted_and_found_by_their_ids(client, sim, name):
    key = "client_id" if name == "clients" else "id"
    row = {**sim.tenant.rows(name)[1], key: "new"}
    sim.tenant.delete_parent(name, sim.tenant.rows(name)[1][key])
    assert "delete" == last_event(sim)["details"]["request"]["method"]
    sim.tenant.create_parent(name, row)
    assert "new" == last_event(sim)["details"]["response"]["body"][key]
    assert row == sim.tenant.find(name, "new")
    before = last_event(sim)
    sim.tenant.delete_parent(name, "new", recorded="none")
    assert None is sim.tenant.find(name, "new")
    assert before == last_event(sim)
