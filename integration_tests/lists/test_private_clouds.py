"""A private cloud's release lacks routes: streams of those are empty, with a warning, and nothing else is."""

from collections.abc import Iterator
from typing import Any

import pytest

from auth0_simulator import Fault, Simulator

#: Streams that are read by such a route, and those of no other mark.
ROUTES = {
    "actions": "/actions/actions",
    "attack_protection_breached_password_detection": "/attack-protection/breached-password-detection",
    "attack_protection_brute_force_protection": "/attack-protection/brute-force-protection",
    "attack_protection_suspicious_ip_throttling": "/attack-protection/suspicious-ip-throttling",
    "organizations": "/organizations",
}
CHILDREN = ("action_versions", "organization_members")


@pytest.fixture
def sim() -> Iterator[Simulator]:
    """A tenant of a private cloud; what is on loopback may be anything."""
    with Simulator(users=30, organizations=3) as simulator:
        simulator.tenant.audience = "https://login.private-cloud.example/api/v2/"
        simulator.settings.release.missing_routes = tuple(ROUTES.values())
        yield simulator


def warnings(done: Any, stream: str) -> list[str]:
    return [line for line in done.log if line.startswith(f"`{stream}` is empty")]


@pytest.mark.parametrize("answer", ["envelope", "invalid_uri", "html", "empty"])
def test_streams_of_missing_routes_are_empty_and_others_complete(sim, read, requests, answer: str):
    sim.settings.release.missing_route_answer = answer
    done = read(*ROUTES, *CHILDREN, "roles", "clients")
    assert (0, {}) == (done.code, done.stream_errors)
    for stream, route in ROUTES.items():
        assert 1 == len(warnings(done, stream)), stream
        assert "this tenant's release of Auth0 does not have it" in warnings(done, stream)[0]
        assert (None, 2) == (done.records.get(stream), requests()[route])
    for stream, key in {"roles": "id", "clients": "client_id"}.items():
        assert {row[key] for row in sim.tenant.rows(stream)} == {row[key] for row in done.records[stream]}
    assert [] == [child for child in CHILDREN if child in done.records]


@pytest.mark.parametrize("scopes", [None, {"read:actions"}])
def test_a_stream_that_is_alone_has_another_route_asked(sim, read, requests, scopes: set[str] | None):
    sim.scopes = sim.scopes if scopes is None else frozenset(scopes)
    done = read("actions")
    assert (0, 1) == (done.code, len(warnings(done, "actions")))
    assert (2, 1) == (requests()["/actions/actions"], requests()["/clients"])


def test_a_host_without_any_route_is_no_release(sim, read):
    """As behind a wrong Base URL."""
    for route in ("/actions/actions", "/roles", "/clients"):
        sim.faults.add(Fault("status", status=404, template=route, when="always"))
    done = read("actions", "roles")
    assert {"actions", "roles"} == set(done.stream_errors)
    assert "Check that the Base URL is the tenant's domain" in done.stream_errors["actions"]


def test_a_404_that_passes_is_no_missing_route(sim, read):
    sim.settings.release.missing_routes = ()
    sim.faults.add(Fault("status", status=404, template="/actions/actions", when="once"))
    done = read("actions")
    assert {row["id"] for row in sim.tenant.rows("actions")} == {row["id"] for row in done.records["actions"]}


def test_the_public_cloud_lacks_no_route(sim, read):
    """Known by the audience, also where the tenant is read through its custom domain."""
    sim.tenant.audience = "https://acme.eu.auth0.com/api/v2/"
    sim.settings.release.missing_routes += ("/rules",)
    done = read("actions", "roles", "rules")
    assert ["actions"] == list(done.stream_errors)
    assert {row["id"] for row in sim.tenant.rows("roles")} == {row["id"] for row in done.records["roles"]}
    assert 1 == len(warnings(done, "rules"))
