"""Private Key JWT at the token endpoint: each of Auth0's rules, kept and violated."""

import json
import time
import uuid

import pytest
from jwt import PyJWS

from auth0_simulator.oauth.client_assertions import CLIENT_ASSERTION_TYPE
from testing.keys import modulus_of, rsa_key

OURS, ANOTHER = rsa_key(), rsa_key(number=1)


@pytest.fixture
def assertion(sim):
    """Makes a valid assertion with a test's changes; None leaves a claim out."""
    sim.tenant.application.register(modulus_of(OURS))

    def make(key=OURS, algorithm="RS256", kid=None, **changes):
        now = int(sim.clock.epoch())
        claims = {
            "iss": sim.client_id,
            "sub": sim.client_id,
            "aud": f"{sim.base_url}/",
            "iat": now,
            "exp": now + 300,
            "jti": str(uuid.uuid4()),
            **changes,
        }
        kept = {name: value for name, value in claims.items() if value is not None}
        # PyJWS signs any claims, including those that PyJWT would reject.
        return PyJWS().encode(json.dumps(kept).encode(), key, algorithm, headers={"kid": kid} if kid else None)

    return make


@pytest.fixture
def ask(client):
    """Requests a token with a client assertion in place of the secret."""

    def ask(text, **form):
        return client.request_token(
            **{"client_secret": None, "client_assertion_type": CLIENT_ASSERTION_TYPE, "client_assertion": text, **form}
        )

    return ask


def test_an_assertion_takes_the_place_of_the_secret(client, ask, assertion):
    answer = ask(assertion())
    assert 200 == answer.status
    client.token = answer.json["access_token"]
    assert 200 == client.get("/roles").status


def test_the_client_id_may_be_left_to_the_assertion(ask, assertion):
    assert 200 == ask(assertion(), client_id=None).status


@pytest.mark.parametrize(
    "changes",
    [{}, {"iat": None}, {"nbf": 0}, {"jti": "j" * 64}],
)
def test_optional_claims_may_differ(ask, assertion, changes):
    assert 200 == ask(assertion(**changes)).status


def test_a_clock_may_be_a_little_fast(ask, assertion):
    assert 200 == ask(assertion(iat=time.time() + 5, exp=time.time() + 300)).status


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"aud": None}, "'aud'"),
        ({"aud": "https://elsewhere.auth0.com/"}, "'aud'"),
        ({"iss": "another"}, "'iss'"),
        ({"sub": None}, "'iss' and 'sub'"),
        ({"exp": None}, "'exp' must be a number"),
        ({"exp": "soon"}, "'exp' must be a number"),
        ({"exp": True}, "'exp' must be a number"),
        ({"exp": 1}, "'exp' has passed"),
        ({"exp": time.time() + 3600}, "no more than 5 minutes"),
        ({"iat": time.time() + 3600, "exp": time.time() + 3700}, "must not be in the future"),
        ({"nbf": time.time() + 3600}, "must not be in the future"),
        ({"iat": "now"}, "'iat' must be a number"),
        ({"jti": None}, "'jti'"),
        ({"jti": ""}, "'jti'"),
        ({"jti": 5}, "'jti'"),
        ({"jti": "j" * 65}, "'jti'"),
        ({"extra": "x" * 2000}, "longer than 2048 bytes"),
        ({"key": ANOTHER}, "signature"),
        ({"algorithm": "RS384"}, "'alg'"),
        ({"algorithm": "PS256"}, "'alg'"),
        ({"algorithm": "RS512"}, "'alg'"),
        ({"algorithm": "none", "key": None}, "'alg'"),
        ({"kid": "unknown"}, "'kid'"),
    ],
)
def test_an_invalid_assertion_is_refused(ask, assertion, changes, why):
    answer = ask(assertion(**changes))
    assert (401, "invalid_client") == (answer.status, answer.json["error"])
    assert why in answer.json["error_description"]


def test_the_audience_is_the_issuer_and_nothing_like_it(ask, assertion, sim):
    for audience in (sim.base_url, [f"{sim.base_url}/"], f"{sim.base_url}/oauth/token", f"https://{sim.domain}/"):
        assert "'aud'" in ask(assertion(aud=audience)).json["error_description"]


def test_an_assertion_is_good_once(ask, assertion):
    text = assertion()
    assert [200, 401] == [ask(text).status, ask(text).status]


def test_an_id_may_come_again_once_its_assertion_has_passed(ask, assertion, sim):
    assert 200 == ask(assertion(jti="one")).status
    sim.clock.advance(301)
    assert 200 == ask(assertion(jti="one")).status


@pytest.mark.parametrize("text", ["", "a", "a.b", "a.b.c", "e30.e30.", "W10.W10.e30", "bnVsbA.e30.e30", "ä.ö.ü"])
def test_what_is_no_assertion_is_refused(ask, assertion, text):
    assert 401 == ask(text).status


def test_a_damaged_signature_is_refused(ask, assertion):
    whole = assertion()
    head, _, signature = whole.rpartition(".")
    for damaged in ("", signature[:-4], signature + "AAAA", "_" * len(signature)):
        assert "signature" in ask(f"{head}.{damaged}").json["error_description"]
    assert 200 == ask(whole).status


@pytest.mark.parametrize(
    "form",
    [
        {"client_assertion_type": None},
        {"client_assertion_type": "jwt"},
        {"client_secret": "as well"},
        {"client_id": "another"},
        {"client_assertion": None},
    ],
)
def test_a_request_that_is_not_private_key_jwt_alone_is_refused(ask, assertion, form):
    assert 401 == ask(assertion(), **form).status


def test_a_secret_is_worth_nothing_once_a_key_is_registered(client, assertion):
    answer = client.request_token()
    assert (401, "access_denied", "Unauthorized") == (
        answer.status,
        answer.json["error"],
        answer.json["error_description"],
    )


@pytest.mark.parametrize("algorithm", ["RS256", "RS384", "PS256"])
@pytest.mark.parametrize("bits", [2048, 2049, 3072])
def test_each_algorithm_is_verified_for_keys_of_any_size(ask, sim, assertion, algorithm, bits):
    """PSS pads to one bit less than the modulus, hence to a byte less for a modulus of 2049 bits."""
    key = rsa_key(bits)
    sim.tenant.application.credentials.clear()
    sim.tenant.application.register(modulus_of(key), algorithm=algorithm, kid="my-key")
    assert 200 == ask(assertion(key, algorithm)).status
    assert 200 == ask(assertion(key, algorithm, kid="my-key")).status
    assert 401 == ask(assertion(OURS, algorithm)).status
    text = assertion(key, algorithm)
    assert 401 == ask(text[:-8] + "AAAAAAAA").status


def test_an_application_holds_two_keys_so_that_one_can_follow_the_other(ask, sim, assertion):
    sim.tenant.application.register(modulus_of(ANOTHER), kid="next")
    assert [200, 200] == [ask(assertion(key)).status for key in (OURS, ANOTHER)]
    assert 401 == ask(assertion(OURS, kid="next")).status
    with pytest.raises(ValueError, match="two keys at most"):
        sim.tenant.application.register(modulus_of(OURS))


@pytest.mark.parametrize("how", [{"modulus": modulus_of(rsa_key(1024))}, {"modulus": 5}, {"algorithm": "ES256"}])
def test_a_key_that_auth0_would_not_register_is_refused(sim, how):
    with pytest.raises(ValueError, match=r"2048 to 4096 bits|known are RS256, RS384, PS256"):
        sim.tenant.application.register(**{"modulus": modulus_of(OURS), **how})
