"""Signing in with a private key, through a custom domain, through a proxy, and with a private certificate authority."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from auth0_simulator import Simulator
from testing.command import CommandResult, configured_catalog, run
from testing.keys import ec_key, modulus_of, pem_of, public_pem_of, rsa_key
from testing.network import proxy, tls_reverse_proxy
from testing.tenants import config_of

Catalog = list[dict[str, Any]]
#: Environment variables that the machine running the tests may have set.
NETWORK = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")


def key_config(sim: Simulator, **changes: Any) -> dict[str, Any]:
    """The config that signs in with a private key, whose public key the application has."""
    if not sim.tenant.application.credentials:
        sim.tenant.application.register(modulus_of(rsa_key()))
    credentials = {
        "auth_type": "oauth2_private_key_jwt",
        "audience": sim.audience,
        "client_id": sim.client_id,
        "private_key": pem_of(rsa_key()),
        **changes,
    }
    return {"base_url": sim.base_url, "credentials": credentials}


def outcome(check: CommandResult) -> tuple[str, str]:
    assert "Traceback" not in check.stdout + check.stderr
    assert "PRIVATE KEY" not in check.stderr
    status = check.of_type("CONNECTION_STATUS")[0]
    return status["status"], status.get("message") or ""


def environment(**variables: str) -> dict[str, str]:
    """The machine's environment with these network settings and no others."""
    others = {name: value for name, value in os.environ.items() if name.upper() not in NETWORK}
    return {**others, **variables}


@pytest.mark.parametrize("algorithm", ["RS256", "RS384", "PS256"])
def test_a_private_key_signs_in(sim: Simulator, algorithm: str) -> None:
    sim.tenant.application.register(modulus_of(rsa_key()), algorithm=algorithm, kid="my-key")
    config = key_config(sim, algorithm=algorithm, key_id="my-key")
    assert ("SUCCEEDED", "") == outcome(run("check", config=config))
    assert not any("client_secret" in request.form for request in sim.journal)


def test_a_sync_renews_its_token_with_a_new_assertion(sim: Simulator, catalog: Catalog) -> None:
    sim.settings.token_lifetime = 61
    config = key_config(sim, private_key=pem_of(rsa_key()).replace("\n", "\\n"))
    sync = run("read", config=config, catalog=configured_catalog(catalog, ["users", "organization_members"]))
    assert (0, 350) == (sync.code, len(sync.records["users"]))
    sim.revoke_tokens()
    again = run("read", config=config, catalog=configured_catalog(catalog, ["roles"]))
    assert again.records["roles"]
    assertions = [r.form["client_assertion"] for r in sim.journal if r.path == "/oauth/token"]
    assert len(assertions) == len(set(assertions)) >= 2


def test_a_wrong_local_clock_is_corrected_by_the_tenants(sim: Simulator) -> None:
    sim.clock.advance(7200)
    assert ("SUCCEEDED", "") == outcome(run("check", config=key_config(sim)))
    assert [401, 200] == [request.status for request in sim.journal if request.path == "/oauth/token"]


@pytest.mark.parametrize("command", ["check", "read"])
@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("not a key", "is no key in PEM form"),
        (public_pem_of(rsa_key()), "holds a public key"),
        (pem_of(rsa_key(), passphrase=b"word"), "is encrypted with a passphrase"),
        (pem_of(ec_key()), "is no RSA key"),
    ],
    ids=["text", "public", "encrypted", "EC"],
)
def test_an_unusable_key_is_reported_before_any_request(
    sim: Simulator, catalog: Catalog, command: str, key: str, expected: str
) -> None:
    files = {"catalog": configured_catalog(catalog, ["users"])} if command == "read" else {}
    done = run(command, config=key_config(sim, private_key=key), **files)
    message = outcome(done)[1] if command == "check" else done.errors[0]["message"]
    assert f"Private Key (`credentials.private_key`) {expected}" in message
    assert not any(line in done.stdout + done.stderr for line in key.splitlines()[1:-1])
    assert [] == sim.journal


def test_an_unregistered_key_is_reported(sim: Simulator) -> None:
    key = pem_of(rsa_key(number=1))
    done = run("check", config=key_config(sim, private_key=key))
    status, message = outcome(done)
    assert "FAILED" == status
    assert "refused the Client ID or the Private Key" in message
    assert not any(line in done.stdout + done.stderr for line in key.splitlines())


def test_a_secret_is_refused_where_the_application_has_a_key(sim: Simulator, config: dict[str, Any]) -> None:
    key_config(sim)
    assert "refused the Client ID or the Client Secret" in outcome(run("check", config=config))[1]


@pytest.fixture
def sim_with_custom_domain() -> Iterator[Simulator]:
    with Simulator(users=20, organizations=1, custom_domain=True) as simulator:
        yield simulator


@pytest.mark.parametrize("address", ["base_url", "custom_url"])
@pytest.mark.parametrize("make_config", [config_of, key_config])
def test_token_and_calls_go_through_one_domain(
    sim_with_custom_domain: Simulator, catalog: Catalog, address: str, make_config: Any
) -> None:
    """The tenant refuses a token that its other domain issued, and an assertion for the other."""
    config = {**make_config(sim_with_custom_domain), "base_url": getattr(sim_with_custom_domain, address)}
    assert ("SUCCEEDED", "") == outcome(run("check", config=config))
    sync = run("read", config=config, catalog=configured_catalog(catalog, ["users", "organization_members"]))
    assert (0, 20) == (sync.code, len(sync.records["users"]))
    assert {200} == {request.status for request in sim_with_custom_domain.journal}


def test_a_token_of_the_other_domain_is_reported(sim_with_custom_domain: Simulator) -> None:
    credentials = {"auth_type": "oauth2_access_token", "access_token": sim_with_custom_domain.mint_token()}
    config = {"base_url": sim_with_custom_domain.custom_url, "credentials": credentials}
    status, message = outcome(run("check", config=config))
    assert "FAILED" == status
    assert "issued by this very tenant, through this very domain" in message


def test_a_certificate_of_a_private_authority_needs_requests_ca_bundle(sim: Simulator, tmp_path: Path) -> None:
    with tls_reverse_proxy(sim.base_url, tmp_path) as (base_url, authority):
        config = {**config_of(sim), "base_url": base_url}
        status, message = outcome(run("check", config=config, env=environment()))
        assert "FAILED" == status
        assert "could not be verified" in message
        assert "REQUESTS_CA_BUNDLE" in message
        assert [] == sim.journal
        trusting = environment(REQUESTS_CA_BUNDLE=str(authority))
        assert ("SUCCEEDED", "") == outcome(run("check", config=config, env=trusting))


@pytest.mark.parametrize(("exempt", "tunnelled"), [("", True), ("127.0.0.1", False)])
def test_a_proxy_is_used_except_for_exempt_hosts(
    sim: Simulator, catalog: Catalog, tmp_path: Path, exempt: str, tunnelled: bool
) -> None:
    with tls_reverse_proxy(sim.base_url, tmp_path) as (base_url, authority), proxy() as (address, proxied):
        config = {**config_of(sim), "base_url": base_url}
        env = environment(HTTPS_PROXY=address, NO_PROXY=exempt, REQUESTS_CA_BUNDLE=str(authority))
        sync = run("read", config=config, catalog=configured_catalog(catalog, ["users"]), env=env)
    assert (0, 350) == (sync.code, len(sync.records["users"]))
    assert ({f"CONNECT {base_url.removeprefix('https://')}"} if tunnelled else set()) == set(proxied)


def test_a_refusing_proxy_is_reported(sim: Simulator) -> None:
    config = {**config_of(sim), "base_url": "https://tenant.example.com"}
    with proxy(refuses=True) as (address, proxied):
        status, message = outcome(run("check", config=config, env=environment(HTTPS_PROXY=address)))
    assert "FAILED" == status
    assert "The proxy on the way to tenant.example.com refused the connection" in message
    assert {"CONNECT tenant.example.com:443"} == set(proxied)
