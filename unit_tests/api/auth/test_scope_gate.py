import threading
from typing import Any

import pytest
from airbyte_cdk.sources.types import StreamSlice
from requests_mock import ANY, Mocker

from source_auth0.api.client import ManagementApiRequester
from source_auth0.errors import MissingScopeError
from testing.fakes.management_api import API, FakeAuthenticator, MakeApi
from testing.threads import in_threads

REFUSED = {"status_code": 403, "json": {"message": "Insufficient scope, expected any of: read:members"}}
ROWS = {"json": [{"id": 1}]}
PATH = "organizations/{{ stream_partition.org_id }}/members"
WORKERS = 8


@pytest.fixture
def members(make_api: MakeApi) -> Any:
    """Makes the requester of a stream below organizations; the token has these scopes."""

    def make(*granted: str, told: bool = True, **more: Any) -> ManagementApiRequester:
        scopes = ["read:organizations", "read:members"]
        return make_api(
            resource=PATH,
            required_scopes=scopes,
            authenticator=FakeAuthenticator(frozenset(granted) if told else None),
            **more,
        )

    return make


def read_all(requester: ManagementApiRequester, parents: int = 200) -> list[Any]:
    """What each parent came to: rows, or the error."""

    def read(number: int) -> Any:
        try:
            partition = {"org_id": f"org_{number}"}
            return requester.get(StreamSlice(partition=partition, cursor_slice={}), {})
        except MissingScopeError as error:
            return error.message

    found: list[Any] = []
    for begin in range(0, parents, WORKERS):
        found += in_threads(WORKERS, lambda offset, begin=begin: read(begin + offset))
    return found


def in_flight(requester: ManagementApiRequester) -> list[int]:
    """The list gets, at each request, how many are being answered; requests take a while."""
    found, lock, now, send = list[int](), threading.Lock(), [0], requester._retry

    def request(*arguments: Any) -> Any:
        with lock:
            now[0] += 1
            found.append(now[0])
        try:
            threading.Event().wait(0.01)
            return send(*arguments)
        finally:
            with lock:
                now[0] -= 1

    requester._retry = request  # type: ignore[method-assign]
    return found


def test_a_scope_that_the_token_lacks_is_not_asked_for(requests_mock: Mocker, members: Any):
    found = read_all(members("read:organizations"))
    assert 0 == requests_mock.call_count
    assert {str(MissingScopeError("things", ("read:members",), was_asked=False))} == set(found)
    assert "would refuse" in found[0]


def test_a_scope_that_auth0_documents_otherwise_is_asked_for_once_alone(requests_mock: Mocker, members: Any):
    requests_mock.get(ANY, **REFUSED)
    requester = members("read:organizations", scope_unconfirmed=True)
    in_flight_then = in_flight(requester)
    found = read_all(requester)
    assert ([1], 1) == (in_flight_then, requests_mock.call_count)
    assert {str(MissingScopeError("things", ("read:members",)))} == set(found)


def test_an_answer_to_the_request_sent_alone_lets_all_others_go(requests_mock: Mocker, members: Any):
    requests_mock.get(ANY, **ROWS)
    requester = members("read:organizations", scope_unconfirmed=True)
    in_flight_then = in_flight(requester)
    assert [[{"id": 1}]] * 200 == read_all(requester)
    assert (200, 1) == (requests_mock.call_count, in_flight_then[0])
    assert max(in_flight_then) > 1


def test_without_a_claim_one_request_is_sent_alone(requests_mock: Mocker, members: Any):
    requests_mock.get(ANY, **REFUSED)
    requester = members(told=False)
    in_flight_then = in_flight(requester)
    found = read_all(requester)
    assert ([1], 1) == (in_flight_then, requests_mock.call_count)
    assert {str(MissingScopeError("things", ("read:members",)))} == set(found)


def test_a_refusal_although_the_token_has_the_scope_ends_the_stream(requests_mock: Mocker, members: Any):
    """A token may be older than the grant, or Auth0 may have changed what an endpoint takes."""
    requests_mock.get(ANY, **REFUSED)
    found = read_all(members("read:organizations", "read:members"))
    assert requests_mock.call_count <= WORKERS
    assert {str(MissingScopeError("things", ("read:members",)))} == set(found)


def test_a_refusal_for_a_scope_that_the_stream_can_do_without_does_not_end_it(requests_mock: Mocker, members: Any):
    refused = {"status_code": 403, "json": {"message": "Insufficient scope, expected any of: read:member_roles"}}
    requests_mock.get(ANY, **refused)
    read_all(members(told=False), 24)
    assert 24 == requests_mock.call_count


def test_other_paths_of_a_stream_are_none_of_its_gates_business(requests_mock: Mocker, members: Any):
    requests_mock.get(f"{API}/connections", **ROWS)
    assert [{"id": 1}] == members("read:organizations").get_path("connections", {})
