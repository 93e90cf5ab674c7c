import logging
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from airbyte_cdk.utils.traced_exception import AirbyteTracedException
from requests_mock import Mocker

from source_auth0.api.tenant import Tenant
from source_auth0.errors import MissingScopeError
from source_auth0.retrievers.lists.connection_settings import ConnectionSettingsRetriever
from source_auth0.retrievers.lists.refused_parents import RefusedParents
from testing.fakes.management_api import API, MakeApi

URL = f"{API}/connections-scim-configurations"
STREAM, EACH = "connection_scim_configurations", "connections/{{ stream_partition.connection_id }}/scim-configuration"
Read = Callable[..., list[dict[str, Any]]]


def envelope(status: int, message: str, code: str = "") -> dict[str, Any]:
    body = {"statusCode": status, "error": "Error", "message": message, **({"errorCode": code} if code else {})}
    return {"status_code": status, "json": body}


def url_of(connection: str) -> str:
    return f"{API}/connections/{connection}/scim-configuration"


@pytest.fixture
def read(tenant: Tenant, make_api: MakeApi) -> Read:
    """Reads the settings of these connections."""

    def read(*connections: str, **changes: Any) -> list[dict[str, Any]]:
        partition = SimpleNamespace(read=lambda: iter([{"id": one} for one in connections]))
        parents = SimpleNamespace(stream=SimpleNamespace(generate_partitions=lambda: iter([partition])))
        scopes = ["read:scim_config"]
        api = make_api(name=STREAM, resource="connections-scim-configurations", required_scopes=scopes, **changes)
        options: dict[str, Any] = {"rows": "scim_configurations", "key_columns": ["connection_id"]}
        settings = ConnectionSettingsRetriever(tenant.config, STREAM, api, **options, connections=parents, each=EACH)  # type: ignore[arg-type]
        return list(settings.read_records({}))  # type: ignore[arg-type]

    return read


def test_a_release_with_the_list_is_asked_for_nothing_else(requests_mock: Mocker, read: Read):
    first, second = {"connection_id": "con_1"}, {"connection_id": "con_2"}
    requests_mock.get(URL, json={"scim_configurations": [first], "next": "x"})
    requests_mock.get(f"{URL}?from=x", json={"scim_configurations": [second]})
    assert [first, second] == read("con_1", "con_2")
    assert 2 == requests_mock.call_count


@pytest.mark.parametrize("status", [403, 404])
def test_each_connection_is_asked_where_the_list_is_missing(
    requests_mock: Mocker, read: Read, caplog: pytest.LogCaptureFixture, status: int
):
    """One without such settings, a 404, has no row."""
    requests_mock.get(URL, **envelope(status, "Not Found"))
    requests_mock.get(url_of("con_1"), json={"user_id_attribute": "externalId", "connection_id": "other"})
    requests_mock.get(url_of("con_2"), **envelope(404, "Not Found"))
    requests_mock.get(url_of("con_3"), json={"user_id_attribute": "id"})
    with caplog.at_level(logging.INFO):
        found = read("con_1", "con_2", "con_3")
    assert [
        {"user_id_attribute": "externalId", "connection_id": "con_1"},
        {"user_id_attribute": "id", "connection_id": "con_3"},
    ] == found
    said = "`connection_scim_configurations` is read for each connection, since the list of all is missing here."
    assert said in caplog.messages


def test_a_refusal_of_another_kind_is_an_error(requests_mock: Mocker, read: Read):
    requests_mock.get(URL, **envelope(400, "no"))
    with pytest.raises(AirbyteTracedException, match=STREAM):
        read("con_1")
    assert {"/api/v2/connections-scim-configurations"} == {each.path for each in requests_mock.request_history}


def test_a_list_that_ends_amid_its_pages_is_an_error(requests_mock: Mocker, read: Read):
    """The rows that came would come again."""
    requests_mock.get(URL, json={"scim_configurations": [{"connection_id": "con_1"}], "next": "x"})
    requests_mock.get(f"{URL}?from=x", **envelope(403, "no"))
    with pytest.raises(AirbyteTracedException, match=STREAM):
        read("con_1")
    assert {"/api/v2/connections-scim-configurations"} == {each.path for each in requests_mock.request_history}


def test_a_missing_scope_is_an_error_as_ever(requests_mock: Mocker, read: Read):
    requests_mock.get(
        URL, **envelope(403, "Insufficient scope, expected any of: read:scim_config", "insufficient_scope")
    )
    with pytest.raises(MissingScopeError):
        read("con_1")


def test_settings_that_are_no_object_are_an_error(requests_mock: Mocker, read: Read):
    requests_mock.get(URL, **envelope(404, "Not Found"))
    requests_mock.get(url_of("con_1"), json=[1])
    with pytest.raises(AirbyteTracedException, match=f"Auth0 answered `{STREAM}` with a list, not an object"):
        read("con_1")


def test_a_connection_that_is_refused_costs_no_other(requests_mock: Mocker, read: Read, tenant: Tenant):
    requests_mock.get(URL, **envelope(404, "Not Found"))
    requests_mock.get(url_of("con_1"), **envelope(422, "odd"))
    requests_mock.get(url_of("con_2"), json={"a": 1})
    assert [{"a": 1, "connection_id": "con_2"}] == read("con_1", "con_2")
    assert ["con_1"] == list(RefusedParents.of(tenant, STREAM).refused)


def test_without_connections_there_is_nothing_to_ask(requests_mock: Mocker, tenant: Tenant, make_api: MakeApi):
    requests_mock.get(URL, **envelope(404, "Not Found"))
    api = make_api(name=STREAM, resource="connections-scim-configurations")
    settings = ConnectionSettingsRetriever(tenant.config, STREAM, api, rows="scim_configurations", each=EACH)
    assert [] == list(settings.read_records({}))
