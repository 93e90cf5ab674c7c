"""After syncs with changes between them, the marts equal what the tenant holds, row for row."""

import random
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from auth0_simulator import Simulator
from testing.in_process import INCREMENTAL, SyncResult, sync
from testing.tenants import config_of
from testing.warehouse.project import WITHOUT_DBT, Destination, Warehouse

pytestmark = [pytest.mark.slow, pytest.mark.skipif(bool(WITHOUT_DBT), reason=WITHOUT_DBT)]
STREAMS = (
    "users",
    "user_deletions",
    "user_roles",
    "changes",
    "organizations",
    "organization_members",
    "organization_member_roles",
    "roles",
    "role_permissions",
)
MODELS = ("+auth0__users", "+auth0__org_access", "+auth0__privileged_access_review")


def in_order(rows: Iterable[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """In the order that a warehouse gives its rows in here."""
    return sorted(rows, key=repr)


class Tenant:
    """A simulated tenant whose roles and members change, with the log events that Auth0 writes of it.

    with_readings: whether `readings` is synced. Without it, whoever loses a role signs in: else nothing shows the last.
    """

    def __init__(self, sim: Simulator, *, with_readings: bool = True) -> None:
        self.sim, self._random = sim, random.Random(5)
        self.with_readings = with_readings

    @property
    def streams(self) -> list[str]:
        return [*STREAMS, *(["readings"] if self.with_readings else [])]

    @property
    def roles(self) -> list[str]:
        return [row["id"] for row in self.sim.tenant.rows("roles")]

    def people(self, role: str) -> list[dict[str, Any]]:
        return self.sim.tenant.rows("role_users", role)

    def change(self) -> None:
        """Somebody gets a role, somebody loses one, somebody leaves an organization; users come, go and sign in."""
        tenant = self.sim.tenant
        given, taken = self._random.sample([role for role in self.roles if self.people(role)], 2)
        held = {row["user_id"] for row in self.people(given)}
        new = self._random.choice(sorted(set(tenant.users) - held))
        self.people(given).append({"user_id": new, "email": "new@example.com", "name": "New", "picture": ""})
        tenant.log_api_write("post", f"/roles/{given}/users", body={"users": [new]}, status=200)
        gone = self.people(taken).pop()["user_id"]
        tenant.log_api_write("delete", f"/users/{gone}/roles", body={"roles": [taken]}, status=204)
        if not self.with_readings:
            tenant.login(gone)
        sizes = {row["id"]: len(tenant.rows("organization_members", row["id"])) for row in tenant.rows("organizations")}
        organization = self._random.choice([key for key, size in sizes.items() if size])
        left = tenant.rows("organization_members", organization).pop()["user_id"]
        tenant.log_api_write("delete", f"/organizations/{organization}/members", body={"members": [left]}, status=204)
        tenant.simulate_activity(logins=3, creates=2, deletes=2)

    def change_without_a_word(self) -> None:
        """As above, and the log has nothing of it: its events were lost, or are older than what Auth0 keeps."""
        tenant = self.sim.tenant
        given, taken = self._random.sample([role for role in self.roles if self.people(role)], 2)
        new = self._random.choice(sorted(set(tenant.users) - {row["user_id"] for row in self.people(given)}))
        self.people(given).append({"user_id": new, "email": "new@example.com", "name": "New", "picture": ""})
        self.people(taken).pop()
        members = [tenant.rows("organization_members", row["id"]) for row in tenant.rows("organizations")]
        self._random.choice([found for found in members if found]).pop()
        tenant.users.create(email="silent@example.com")
        tenant.users.login(self._random.choice(sorted(tenant.users)))
        tenant.delete_user(self._random.choice(sorted(tenant.users)), events="none")

    def users(self) -> list[tuple[Any, ...]]:
        held = [row["user_id"] for role in self.roles for row in self.people(role)]
        joined = [row["user_id"] for _, row in self._members()]
        found = map(self.sim.tenant.users.get, self.sim.tenant.users)
        return in_order(
            (user, row.get("email"), held.count(user), joined.count(user), "last_login" not in row)
            for user, row in ((row["user_id"], row) for row in found)
        )

    def access(self) -> list[tuple[Any, ...]]:
        return in_order(
            (organization, row["user_id"], role)
            for organization, row in self._members()
            for role in row["roles"] or [""]
        )

    def privileged(self) -> list[tuple[Any, ...]]:
        wanted = {role for role in self.roles if self._is_privileged(role)}
        in_tenant = [(row["user_id"], role, "") for role in wanted for row in self.people(role)]
        in_organizations = [(user, role, organization) for organization, user, role in self.access()]
        return in_order(in_tenant + [row for row in in_organizations if row[1] in wanted])

    def _is_privileged(self, role: str) -> bool:
        name = next(row["name"] for row in self.sim.tenant.rows("roles") if row["id"] == role).lower()
        permissions = [row["permission_name"] for row in self.sim.tenant.rows("role_permissions", role)]
        return (
            "admin" in name
            or "owner" in name
            or any(text.startswith(("delete:", "manage:", "admin:")) for text in permissions)
        )

    def _members(self) -> Iterator[tuple[str, dict[str, Any]]]:
        for organization in self.sim.tenant.rows("organizations"):
            for row in self.sim.tenant.rows("organization_members", organization["id"]):
                yield organization["id"], row


@pytest.fixture(params=[True, False], ids=["readings", "no_readings"])
def tenant(request: pytest.FixtureRequest) -> Iterator[Tenant]:
    with Simulator(users=90, organizations=4, log_events=100, log_days=1) as sim:
        yield Tenant(sim, with_readings=request.param)


def five_syncs(tenant: Tenant, change: Callable[[], None]) -> Iterator[tuple[SyncResult, Destination]]:
    """The last of them a full refresh, with changes between them."""
    destination, state = Destination(), None
    for number in range(1, 6):
        last = number == 5
        synced = sync(config_of(tenant.sim), *tenant.streams, state=state, full_refresh=last)
        assert None is synced.error
        destination.take({name: synced.records[name] for name in tenant.streams}, [] if last else INCREMENTAL)
        state = synced.state
        yield synced, destination
        change()
        tenant.sim.clock.advance(3600)


def test_the_marts_are_the_tenant_after_four_syncs_and_after_a_full_refresh(tenant: Tenant, tmp_path: Path):
    warehouse = Warehouse(tmp_path, today=f"{tenant.sim.clock.now():%Y-%m-%d}")
    for number, (_, destination) in enumerate(five_syncs(tenant, tenant.change), start=1):
        if number >= 4:
            assert_the_marts_are(tenant, warehouse, destination)


def test_a_full_refresh_brings_what_the_log_does_not_name(tenant: Tenant, tmp_path: Path):
    """Which the fourth sync did not notice."""
    warehouse = Warehouse(tmp_path, today=f"{tenant.sim.clock.now():%Y-%m-%d}")
    for number, (_, destination) in enumerate(five_syncs(tenant, tenant.change_without_a_word), start=1):
        if number == 4:
            held = {row["user_id"] for row in destination.rows["users"]}
            assert held - set(tenant.sim.tenant.users)
        if number == 5:
            assert_the_marts_are(tenant, warehouse, destination)


def assert_the_marts_are(tenant: Tenant, warehouse: Warehouse, destination: Destination) -> None:
    """Build the models of what landed, and compare them with what the tenant holds."""
    warehouse.land(destination.rows)
    warehouse.build(*MODELS, command="run")
    columns = ("user_id", "email", "roles", "organizations", "has_never_logged_in")
    assert tenant.users() == warehouse.rows("auth0__users", *columns)
    assert tenant.access() == warehouse.rows("auth0__org_access", "organization_id", "user_id", "role_id")
    review = warehouse.rows("auth0__privileged_access_review", "user_id", "role_id", "organization_id")
    assert tenant.privileged() == review
