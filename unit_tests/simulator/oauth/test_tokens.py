"""The token endpoint, and the validation of access tokens."""

import base64
import json
from urllib.parse import urlencode

import pytest


def claims(token: str) -> dict:
    payload = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))


def test_client_credentials_yield_a_token_with_every_granted_scope(client, sim):
    answer = client.request_token()
    assert (200, 86_400, "Bearer") == (answer.status, answer.json["expires_in"], answer.json["token_type"])
    assert sim.scopes == set(answer.json["scope"].split())
    token = claims(answer.json["access_token"])
    expected = {"iss", "sub", "aud", "iat", "exp", "azp", "scope", "gty", "jti"}
    assert expected == set(token)
    assert (f"{sim.client_id}@clients", sim.audience, 86_400) == (
        token["sub"],
        token["aud"],
        token["exp"] - token["iat"],
    )
    client.token = answer.json["access_token"]
    assert 200 == client.get("/roles").status


def test_credentials_may_come_as_a_form_or_in_the_basic_scheme(client, sim):
    url = f"{sim.base_url}/oauth/token"
    form = {"grant_type": "client_credentials", "audience": sim.audience}
    own = {"client_id": sim.client_id, "client_secret": sim.client_secret}
    kind = {"content-type": "application/x-www-form-urlencoded"}
    assert 200 == client.call("POST", url, urlencode({**form, **own}).encode(), kind).status
    basic = base64.b64encode(f"{sim.client_id}:{sim.client_secret}".encode()).decode()
    headers = {**kind, "authorization": f"Basic {basic}"}
    assert 200 == client.call("POST", url, urlencode(form).encode(), headers).status


@pytest.mark.parametrize(
    ("form", "status", "error", "description"),
    [
        ({"client_secret": "wrong"}, 401, "access_denied", "Unauthorized"),
        ({"client_id": "wrong"}, 401, "access_denied", "Unauthorized"),
        ({"audience": "https://x/"}, 403, "access_denied", "Service not found: https://x/"),
        ({"audience": None}, 403, "access_denied", "Non-global clients are not allowed access to APIv1"),
        ({"scope": "read:roles x:y"}, 403, "access_denied", "Client has not been granted scopes: x:y"),
        ({"grant_type": "password"}, 403, "unauthorized_client", "Grant type 'password' not allowed for the client."),
    ],
)
def test_every_refusal_has_auth0_s_own_words(client, form, status, error, description):
    answer = client.request_token(**form)
    assert (status, error, description) == (answer.status, answer.json["error"], answer.json["error_description"])


def test_an_audience_without_its_slash_is_another_audience(client, sim):
    assert 403 == client.request_token(audience=sim.audience.rstrip("/")).status


def test_an_application_without_a_grant_or_grant_type_is_refused(client, sim):
    sim.tenant.application.has_client_grant = False
    assert "client-grant" in client.request_token().json["error_description"]
    sim.tenant.application.grant_types = []
    answer = client.request_token()
    assert (403, "unauthorized_client") == (answer.status, answer.json["error"])
    assert "https://auth0.com/docs/clients/client-grant-types" == answer.json["error_uri"]


def test_fewer_scopes_may_be_asked_for(client):
    assert "read:roles" == client.request_token(scope="read:roles").json["scope"]


@pytest.mark.parametrize(
    ("header", "status", "message"),
    [
        (None, 401, "Missing authentication"),
        ("Bearer", 400, "Bad HTTP authentication header format"),
        ("Token abc", 400, "Bad HTTP authentication header format"),
        ("Bearer abc", 401, "Invalid token"),
        ("Bearer a.b.c", 401, "Invalid token"),
    ],
)
def test_an_invalid_authorization_header_is_refused(client, header, status, message):
    client.token = None
    answer = client.get("/roles", headers={"authorization": header} if header else None)
    assert (status, message) == (answer.status, answer.json["message"])


def test_tokens_end_with_their_lifetime_by_the_tenant_s_clock(client, sim):
    client.token = sim.mint_token(lifetime=60)
    assert 200 == client.get("/roles").status
    sim.clock.advance(61)
    answer = client.get("/roles")
    expected = "Expired token received for JSON Web Token validation"
    assert (401, expected, {"error": expected}) == (answer.status, answer.json["message"], answer.json["attributes"])


def test_a_token_for_another_api_is_refused(client, sim):
    client.token = sim.mint_token(audience="https://orders.example.com/")
    answer = client.get("/roles")
    assert (401, "Bad audience: https://orders.example.com/") == (answer.status, answer.json["message"])


def test_revoked_tokens_are_invalid_and_new_ones_are_not(client, sim):
    sim.revoke_tokens()
    assert (401, "Invalid token") == (client.get("/roles").status, client.get("/roles").json["message"])
    client.token = sim.mint_token()
    assert 200 == client.get("/roles").status


@pytest.fixture
def opaque(sim):
    sim.settings.opaque_tokens = True
    yield
    sim.settings.opaque_tokens = False


@pytest.mark.usefixtures("opaque")
def test_an_opaque_token_tells_no_scopes_and_is_good(client):
    body = client.request_token().json
    assert {"access_token", "expires_in", "token_type"} == set(body)
    assert 0 == body["access_token"].count(".")
    client.token = body["access_token"]
    assert 200 == client.get("/roles").status
    client.token = body["access_token"][:-8]
    assert 401 == client.get("/roles").status
