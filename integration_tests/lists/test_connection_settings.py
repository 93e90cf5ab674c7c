"""SCIM and directory provisioning where the lists of all connections' settings are there, missing or refused."""

import pytest

from auth0_simulator import Fault

SCIM, DIRECTORY = "connection_scim_configurations", "connection_directory_provisionings"
CHILDREN = ("connection_scim_tokens", "connection_synchronized_groups")
ROUTES = ("/connections/{id}/scim-configuration", "/connections/{id}/directory-provisioning")


def rows(found):
    return sorted((row["connection_id"], row["strategy"], row["created_at"], str(row["mapping"])) for row in found)


@pytest.mark.parametrize("collections", ["present", "missing", "disabled"])
def test_all_settings_arrive_with_or_without_their_list(sim, read, requests, collections: str):
    sim.settings.release.provisioning_collections = collections
    done = read(SCIM, DIRECTORY, *CHILDREN)
    assert (0, []) == (done.code, [line for line in done.log if "is empty" in line])
    for name in (SCIM, DIRECTORY):
        assert sim.tenant.rows(name)
        assert rows(sim.tenant.rows(name)) == rows(done.records[name])
    tokens = {
        (row["connection_id"], token["token_id"])
        for row in sim.tenant.connection_scim_configurations
        for token in sim.tenant.rows("connection_scim_tokens", row["connection_id"])
    }
    assert tokens == {(row["connection_id"], row["token_id"]) for row in done.records["connection_scim_tokens"]}
    asked = 0 if collections == "present" else len(sim.tenant.connections)
    assert [asked, asked] == [requests()[route] for route in ROUTES]


def test_a_missing_scope_is_an_error_and_no_reason_to_ask_each_connection(sim, read, requests):
    sim.scopes = sim.scopes - {"read:scim_config"}
    done = read(SCIM)
    assert "lacks the scope `read:scim_config`" in done.stream_errors[SCIM]
    assert 0 == requests()[ROUTES[0]]


def test_a_list_that_ends_half_way_is_an_error(sim, read, requests):
    pages = len(sim.tenant.connection_scim_configurations) > 100
    if not pages:
        first = sim.tenant.connection_scim_configurations[0]
        sim.tenant.connection_scim_configurations += [{**first, "connection_id": f"con_x{n}"} for n in range(120)]
    sim.faults.add(Fault("status", status=404, template="/connections-scim-configurations", when="after:1"))
    done = read(SCIM)
    assert 1 == done.code
    assert 0 == requests()[ROUTES[0]]


def test_a_tenant_without_the_feature_is_told_from_a_connection_without_it(sim, read, requests):
    sim.settings.release.provisioning_collections = "disabled"
    message = "/connections/{id}/directory-provisioning"
    sim.faults.add(Fault("status", status=402, template=message, when="always"))
    done = read(DIRECTORY)
    assert (0, None) == (done.code, done.records.get(DIRECTORY))
    assert any("is empty: the tenant lacks the feature" in line for line in done.log)
    # The first 20 connections are asked, each twice: a refusal may be about one connection alone.
    assert 40 == requests()[ROUTES[1]]
