"""The canonical and the custom domain: one tenant, two issuers."""

import base64
import json
from urllib.parse import urlsplit

import pytest

from auth0_simulator import Simulator


@pytest.fixture(scope="module")
def tenant():
    with Simulator(users=5, custom_domain=True) as simulator:
        yield simulator


def token_of(call, tenant, base_url):
    form = {
        "grant_type": "client_credentials",
        "client_id": tenant.client_id,
        "client_secret": tenant.client_secret,
        "audience": tenant.audience,
    }
    answer = call("POST", f"{base_url}/oauth/token", form, {"content-type": "application/json"})
    return answer.json["access_token"]


def issuer_of(token):
    payload = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))["iss"]


@pytest.mark.parametrize("through", ["base_url", "custom_url"])
def test_a_token_is_good_on_the_domain_that_issued_it_alone(call, tenant, through):
    token = token_of(call, tenant, getattr(tenant, through))
    assert f"{getattr(tenant, through)}/" == issuer_of(token)
    headers = {"authorization": f"Bearer {token}"}
    statuses = {
        name: call("GET", f"{getattr(tenant, name)}/api/v2/roles", headers=headers).status
        for name in ("base_url", "custom_url")
    }
    assert {"base_url": 401, "custom_url": 401, through: 200} == statuses


def test_the_audience_is_the_canonical_domain_s_on_both(tenant):
    assert tenant.base_url != tenant.custom_url
    assert f"https://{tenant.domain}/api/v2/" == tenant.audience


def test_a_minted_token_is_the_canonical_domain_s(tenant):
    assert f"{tenant.base_url}/" == issuer_of(tenant.mint_token())


def test_the_host_that_is_asked_for_decides(call, tenant):
    """Not the socket: a proxy in front of the tenant passes the name on."""
    token = token_of(call, tenant, tenant.custom_url)
    headers = {"authorization": f"Bearer {token}", "host": urlsplit(tenant.custom_url).netloc}
    assert 200 == call("GET", f"{tenant.base_url}/api/v2/roles", headers=headers).status


def test_there_is_no_custom_domain_unless_asked_for(sim):
    assert "" == sim.custom_url
