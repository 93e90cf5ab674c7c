from collections.abc import Callable
from typing import Any

import pytest
from requests_mock import Mocker

from source_auth0.api.client import ManagementApiRequester
from source_auth0.api.tenant import Tenant
from source_auth0.retrievers.lists.roles import RolesRetriever
from testing.fakes.management_api import API

URL = f"{API}/roles"


@pytest.fixture
def read(tenant: Tenant, make_api: Callable[..., ManagementApiRequester], requests_mock: Mocker) -> Callable[..., Any]:
    """Reads roles of a tenant with these of its own and these of Auth0."""

    def read(own: list[Any], system: list[Any]) -> list[dict[str, Any]]:
        requests_mock.get(URL, json={"roles": own})
        requests_mock.get(f"{URL}?owner_id=auth0", json={"roles": system})
        api = make_api(name="roles", resource="roles")
        return list(RolesRetriever(tenant.config, "roles", api, rows="roles", key_columns=["id"]).read_records({}))

    return read


@pytest.mark.parametrize(("owner", "expected"), [({}, "auth0"), (None, "auth0"), ("", "auth0"), ("auth0", "auth0")])
def test_roles_that_auth0_manages_are_its_own(read: Callable[..., Any], owner: Any, expected: str):
    row = {"id": "rol_s"} if owner == {} else {"id": "rol_s", "owner_id": owner}
    assert [{"id": "rol_1"}, {"id": "rol_s", "owner_id": expected}] == read([{"id": "rol_1"}], [row])


@pytest.mark.parametrize("odd", [0, False, 7, [], ["auth0"], {}, {"id": "auth0"}])
def test_an_owner_of_an_odd_type_is_kept(read: Callable[..., Any], odd: Any):
    assert [{"id": "rol_s", "owner_id": odd}] == read([], [{"id": "rol_s", "owner_id": odd}])


@pytest.mark.parametrize("odd", [0, 7, [], ["auth0"], {}])
def test_a_role_of_an_odd_owner_in_both_lists_hides_no_other(read: Callable[..., Any], odd: Any):
    both = {"id": "rol_1", "owner_id": odd}
    assert [both, {"id": "rol_s", "owner_id": "auth0"}] == read([both], [both, {"id": "rol_s", "owner_id": "auth0"}])


@pytest.mark.parametrize("owner", [None, "", "org_1"])
def test_a_release_that_ignores_the_parameter_sends_no_role_twice(read: Callable[..., Any], owner: Any):
    own = [{"id": "rol_1", "owner_id": owner}, {"id": "rol_2"}]
    assert own == read(own, own)
