"""What a missing scope, or a wrong secret, costs and says: a request and an error, however many parents there are."""

from collections.abc import Iterator
from typing import Any

import pytest

from auth0_simulator import Simulator
from testing.command import CommandResult, run
from testing.in_process import catalog_of
from testing.tenants import config_of

ORGANIZATIONS = 5000
MAX_OUTPUT_BYTES = 20_000
#: Stream to the scope of its own endpoint, the route of that, and whether Auth0's OpenAPI document confirms the scope.
STREAMS = {
    "organization_enabled_connections": (
        "read:organization_connections",
        "/organizations/{id}/enabled_connections",
        True,
    ),
    "organization_members": ("read:organization_members", "/organizations/{id}/members", True),
    "organization_clients": ("read:organization_clients", "/organizations/{id}/clients", False),
}
each_stream = pytest.mark.parametrize("stream", STREAMS)


@pytest.fixture(scope="module")
def large() -> Iterator[Simulator]:
    with Simulator(users=20, organizations=ORGANIZATIONS) as simulator:
        yield simulator


@pytest.fixture
def sim(large: Simulator) -> Iterator[Simulator]:
    """The tenant of many organizations, whose application has all scopes."""
    scopes = large.scopes
    large.clear_journal()
    yield large
    large.scopes, large.settings.opaque_tokens = scopes, False


def read(sim: Simulator, *names: str, **fields: Any) -> CommandResult:
    return run("read", config=config_of(sim, **fields), catalog=catalog_of(*names))


def requests_to(sim: Simulator, route: str) -> int:
    return sum(entry.template == route for entry in sim.journal)


def says_so_once(done: CommandResult, stream: str, sentence: str) -> None:
    """One error, no stack trace, the sentence in the closing line, and little output."""
    assert (1, [stream]) == (done.code, list(done.stream_errors))
    of_streams = [error for error in done.errors if error.get("stream_descriptor")]
    assert [True] == [sentence in error["message"] for error in of_streams]
    assert "INCOMPLETE" == done.statuses[stream][-1][0]
    assert "Traceback" not in done.stdout + done.stderr
    assert f"{stream}: {of_streams[0]['message']}" in done.errors[-1]["message"]
    assert len(done.stdout) < MAX_OUTPUT_BYTES


@each_stream
def test_a_missing_scope_costs_one_request_at_most(sim: Simulator, stream: str) -> None:
    scope, route, is_confirmed = STREAMS[stream]
    sim.scopes = sim.scopes - {scope}
    done = read(sim, stream)
    says_so_once(done, stream, f"the application lacks the scope `{scope}`")
    assert (0 if is_confirmed else 1) == requests_to(sim, route)


@each_stream
def test_without_a_claim_a_missing_scope_costs_one_request(sim: Simulator, stream: str) -> None:
    scope, route, _ = STREAMS[stream]
    sim.scopes, sim.settings.opaque_tokens = sim.scopes - {scope}, True
    done = read(sim, stream, num_workers=6)
    says_so_once(done, stream, f"the application lacks the scope `{scope}`")
    assert 1 == requests_to(sim, route)


def test_other_streams_are_complete_beside_one_that_lacks_its_scope(sim: Simulator) -> None:
    scope, _, _ = STREAMS["organization_members"]
    sim.scopes = sim.scopes - {scope}
    done = read(sim, "organizations", "organization_members", "roles")
    assert ["organization_members"] == list(done.stream_errors)
    for stream in ("organizations", "roles"):
        assert {row["id"] for row in sim.tenant.rows(stream)} == {row["id"] for row in done.records[stream]}
        assert "COMPLETE" == done.statuses[stream][-1][0]


def test_a_wrong_secret_is_sent_once(sim: Simulator) -> None:
    names = ["actions", "clients", "organization_members", "organizations", "roles", "user_roles", "users"]
    config = config_of(sim)
    config["credentials"]["client_secret"] = "a-wrong-secret-of-the-tenant"
    done = run("read", config=config, catalog=catalog_of(*names))
    assert 1 == sum(entry.path == "/oauth/token" for entry in sim.journal)
    of_streams = [error["stream_descriptor"]["name"] for error in done.errors if error.get("stream_descriptor")]
    assert names == sorted(of_streams)
    assert "Traceback" not in done.stdout
    sentence = next(iter(done.stream_errors.values()))
    assert done.errors[-1]["message"].count(sentence) == 1
