import logging
from collections.abc import Callable
from typing import Any

import pytest
from airbyte_cdk.models import FailureType
from airbyte_cdk.sources.types import StreamSlice
from airbyte_cdk.utils.traced_exception import AirbyteTracedException
from requests_mock import ANY, Mocker

from source_auth0.api.client import ManagementApiRequester
from source_auth0.api.tenant import Tenant
from source_auth0.retrievers.lists.lists import ListRetriever
from source_auth0.retrievers.lists.objects import DetailRetriever, ReachabilityRetriever, SingletonRetriever
from testing.fakes.clock import FakeClock
from testing.fakes.management_api import API

URL = f"{API}/things"
GONE = {"status_code": 404, "json": {"message": "It does not exist."}}


@pytest.fixture
def read(make_api: Callable[..., ManagementApiRequester], tenant: Tenant) -> Callable[..., list[dict[str, Any]]]:
    """Reads a made-up `things` of a kind, of the whole tenant or below a role."""

    def read(kind: type[ListRetriever], parent: dict[str, Any] | None = None, **changes: Any) -> list[dict[str, Any]]:
        resource = "things/{{ stream_partition.role_id }}" if parent else "things"
        arguments = {"config": tenant.config, "name": "things", "requester": make_api(resource=resource), **changes}
        part = StreamSlice(partition=parent, cursor_slice={}) if parent else None
        return list(kind(**arguments).read_records({}, part))

    return read


def test_the_tenants_domain_is_the_key_of_a_single_object(requests_mock: Mocker, read):
    requests_mock.get(URL, json={"friendly_name": "Acme"})
    assert [{"tenant_domain": "acme.us.auth0.com", "friendly_name": "Acme"}] == read(SingletonRetriever)
    assert {} == requests_mock.last_request.qs


def test_a_response_cannot_override_the_key(requests_mock: Mocker, read):
    requests_mock.get(URL, json={"tenant_domain": "other.us.auth0.com"})
    assert [{"tenant_domain": "acme.us.auth0.com"}] == read(SingletonRetriever)


def test_the_parents_key_is_that_of_a_single_object_below_it(requests_mock: Mocker, read):
    requests_mock.get(f"{URL}/rol_1", json={"friendly_name": "Acme"})
    assert [{"role_id": "rol_1", "friendly_name": "Acme"}] == read(SingletonRetriever, {"role_id": "rol_1"})


@pytest.mark.parametrize(
    "response", [{"status_code": 404, "json": {"errorCode": "inexistent_email_provider"}}, {"status_code": 402}]
)
def test_an_unconfigured_object_has_no_row(requests_mock: Mocker, read, response: dict[str, Any]):
    requests_mock.get(URL, **response)
    assert [] == read(SingletonRetriever)


@pytest.mark.parametrize("body", [[], [{}], "text", 5, True])
def test_a_single_object_of_another_shape_is_an_error(requests_mock: Mocker, read, body: Any):
    requests_mock.get(URL, json=body)
    with pytest.raises(AirbyteTracedException, match=f"with a {type(body).__name__}, not an object") as caught:
        read(SingletonRetriever)
    assert FailureType.system_error == caught.value.failure_type


@pytest.mark.parametrize("body", [{"a": 1}, {}, [], ["a"], 0, 17, "text", False])
def test_a_body_without_columns_of_its_own_becomes_one_column(requests_mock: Mocker, read, body: Any):
    requests_mock.get(URL, json=body)
    assert [{"tenant_domain": "acme.us.auth0.com", "texts": body}] == read(SingletonRetriever, column="texts")


def test_each_row_of_a_summary_list_is_completed_by_a_request(requests_mock: Mocker, read, tenant: Tenant):
    """Columns of the row's own resource win, and those only in the list stay. To Auth0 it is one endpoint."""
    requests_mock.get(URL, [{"json": {"things": [{"id": "a|1", "n": 1, "s": "kept"}, {"id": "b"}], "total": 2}}])
    requests_mock.get(f"{URL}/a%7C1", json={"id": "a|1", "n": 2, "secret": "whole"})
    requests_mock.get(f"{URL}/b", json={"id": "b", "n": 3})
    found = read(DetailRetriever, rows="things", detail="things/{{ stream_partition.id }}")
    assert [{"id": "a|1", "n": 2, "s": "kept", "secret": "whole"}, {"id": "b", "n": 3}] == found
    assert ["page", "per_page", "include_totals"] == list(requests_mock.request_history[0].qs)
    assert [{}, {}] == [request.qs for request in requests_mock.request_history[1:]]
    assert "GET /things/{}" in tenant.budget.buckets


def test_a_detail_may_be_addressed_by_the_parent_too(requests_mock: Mocker, read):
    requests_mock.get(f"{URL}/rol_1", json={"things": [{"id": "a"}], "total": 1})
    requests_mock.get(f"{URL}/rol_1/a", json={"n": 1})
    detail = "things/{{ stream_partition.role_id }}/{{ stream_partition.id }}"
    assert [{"id": "a", "n": 1, "role_id": "rol_1"}] == read(
        DetailRetriever, {"role_id": "rol_1"}, rows="things", detail=detail
    )


@pytest.mark.parametrize("body", [["no object"], [], {}, "text"])
def test_a_detail_that_is_no_object_is_an_error_and_no_summary(requests_mock: Mocker, read, body: Any):
    requests_mock.get(URL, json={"things": [{"id": "a", "n": 1}], "total": 1})
    requests_mock.get(f"{URL}/a", json=body)
    with pytest.raises(AirbyteTracedException, match="answered a detail of `things` with no object"):
        read(DetailRetriever, rows="things", detail="things/{{ stream_partition.id }}")


def test_a_row_whose_own_resource_is_gone_stays_as_the_list_has_it(requests_mock: Mocker, read):
    requests_mock.get(URL, json={"things": [{"id": "a", "n": 1}], "total": 1})
    requests_mock.get(f"{URL}/a", **GONE)
    assert [{"id": "a", "n": 1}] == read(DetailRetriever, rows="things", detail="things/{{ stream_partition.id }}")


def test_a_row_whose_own_resource_is_refused_fails_the_stream(requests_mock: Mocker, read):
    requests_mock.get(URL, json={"things": [{"id": "a"}], "total": 1})
    requests_mock.get(f"{URL}/a", status_code=403, json={"message": "Insufficient scope, expected any of: read:more"})
    with pytest.raises(AirbyteTracedException, match="read:more"):
        read(DetailRetriever, rows="things", detail="things/{{ stream_partition.id }}")


@pytest.mark.parametrize(
    ("response", "online"),
    [({"status_code": 200, "text": "OK"}, True), ({"status_code": 200, "text": ""}, True), (GONE, False)],
)
def test_the_status_tells_whether_the_server_is_reachable(
    requests_mock: Mocker, read, response: dict[str, Any], online: bool, caplog: pytest.LogCaptureFixture
):
    """A 404 is an expected response here, without a warning."""
    requests_mock.get(ANY, **response)
    assert [{"online": online, "role_id": "rol_1"}] == read(ReachabilityRetriever, {"role_id": "rol_1"})
    assert [{"is_up": online, "role_id": "rol_1"}] == read(ReachabilityRetriever, {"role_id": "rol_1"}, column="is_up")
    assert [] == [record for record in caplog.records if record.levelno >= logging.WARNING]


def test_a_server_error_is_not_taken_for_unreachable(requests_mock: Mocker, read, clock: FakeClock):
    requests_mock.get(ANY, status_code=503)
    with pytest.raises(AirbyteTracedException, match="status 503"):
        read(ReachabilityRetriever, {"role_id": "rol_1"})
