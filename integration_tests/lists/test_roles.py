"""Roles of the tenant, of its organizations and of Auth0, by checkpoint and by page number; the streams below them."""

from typing import Any

import pytest

from auth0_simulator import Fault, Simulator
from testing.command import CommandResult

CHILDREN = ("role_users", "role_permissions", "role_groups")


def add_roles(sim: Simulator, count: int) -> None:
    """Roles of organizations and of Auth0's own beside the eleven of the tenant, up to so many."""
    organizations = [row["id"] for row in sim.tenant.organizations]
    missing = count - len(sim.tenant.roles)
    own = [{"id": f"rol_auth0{number}", "name": f"System {number}", "owner_id": "auth0"} for number in range(3)]
    sim.tenant.roles += [{**row, "type": "tenant", "description": ""} for row in own]
    sim.tenant.roles += [
        {
            "id": f"rol_org{number}",
            "name": f"Role {number}",
            "description": "",
            "type": "organization",
            "owner_id": organizations[number % len(organizations)],
        }
        for number in range(missing - len(own))
    ]


def columns(rows: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    names = ("id", "name", "description", "type", "owner_id")
    return sorted(tuple(str(row.get(name)) for name in names) for row in rows)


def paths(sim: Simulator, template: str) -> set[str]:
    return {entry.path for entry in sim.journal if entry.template == template}


def errors(done: CommandResult) -> str:
    return " ".join(error["message"] for error in done.errors)


@pytest.mark.parametrize(
    "release",
    [{}, {"role_page_cap": 1000}, {"role_checkpoints": False}],
    ids=["by checkpoint", "page numbers capped", "by page number"],
)
def test_all_of_1250_roles_arrive_with_their_owners(sim, read, release: dict[str, Any]):
    add_roles(sim, 1250)
    vars(sim.settings.release).update(release)
    done = read("roles")
    assert (0, 1250) == (done.code, len(done.records["roles"]))
    assert columns(sim.tenant.roles) == columns(done.records["roles"])


def test_1250_roles_behind_capped_page_numbers_alone_fail_by_name(sim, read):
    add_roles(sim, 1250)
    sim.settings.release.role_checkpoints, sim.settings.release.role_page_cap = False, 1000
    done = read("roles")
    assert 1 == done.code
    assert "`roles` has more rows than Auth0 lets anyone page through by number" in errors(done)


@pytest.mark.parametrize("owners", ["refused", "ignored"])
@pytest.mark.parametrize("has_checkpoints", [True, False])
def test_a_tenant_without_other_owners_costs_one_request_more(sim, read, requests, owners: str, has_checkpoints: bool):
    sim.settings.release.role_owners, sim.settings.release.role_checkpoints = owners, has_checkpoints
    done = read("roles", "role_users")
    assert columns(sim.tenant.roles) == columns(done.records["roles"])
    assert (0, []) == (done.code, [line for line in done.log if "is empty" in line])
    # The list, and Auth0's own; where checkpoints are refused, that refusal too.
    assert 2 + (not has_checkpoints) == requests()["/roles"]
    assert {f"/api/v2/roles/{row['id']}/users" for row in sim.tenant.roles} == paths(sim, "/roles/{id}/users")


def test_auth0s_own_roles_may_be_refused_by_the_plan(sim, read):
    sim.faults.add(Fault("status", status=403, template="/roles", when="always", where={"owner_id": "auth0"}))
    done = read("roles")
    assert (0, columns(sim.tenant.roles)) == (done.code, columns(done.records["roles"]))


def test_auth0s_own_roles_that_break_off_fail_the_stream(sim, read):
    sim.tenant.roles += [{"id": f"rol_auth0{n}", "name": f"{n}", "owner_id": "auth0"} for n in range(130)]
    sim.faults.add(Fault("status", status=400, template="/roles", when="nth:2", where={"owner_id": "auth0"}))
    done = read("roles")
    assert 1 == done.code
    assert "`roles with owner_id=auth0`" in errors(done)


@pytest.mark.parametrize("with_organizations", [False, True])
def test_streams_below_roles_leave_out_those_of_organizations_unless_wanted(sim, read, with_organizations: bool):
    add_roles(sim, 30)
    done = read(*CHILDREN, **({"organization_roles": True} if with_organizations else {}))
    assert 0 == done.code, errors(done)
    wanted = [
        row["id"] for row in sim.tenant.roles if with_organizations or not row.get("owner_id", "").startswith("org_")
    ]
    assert 30 if with_organizations else 14 == len(wanted)
    assert {"rol_auth00"} <= set(wanted)
    expected = sorted((role, user["user_id"]) for role in wanted for user in sim.tenant.rows("role_users", role))
    assert expected == sorted((row["role_id"], row["user_id"]) for row in done.records["role_users"])
    for of in ("users", "permissions", "groups"):
        assert {f"/api/v2/roles/{role}/{of}" for role in wanted} == paths(sim, f"/roles/{{id}}/{of}")


def test_roles_of_members_do_not_fail_with_the_list_of_roles(sim, read):
    described = read("organization_member_roles").records["organization_member_roles"]
    sim.faults.add(Fault("status", status=400, template="/roles", when="always"))
    done = read("organization_member_roles", "roles")
    without = [{name: value for name, value in row.items() if name != "description"} for row in described]
    rows = done.records["organization_member_roles"]
    assert described
    assert all(row["description"] for row in described)
    assert sorted(map(str, without)) == sorted(map(str, rows))
    assert ["roles"] == list(done.stream_errors)
