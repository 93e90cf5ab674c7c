import textwrap
from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

import jwt
import pytest
from airbyte_cdk.models import FailureType
from airbyte_cdk.utils.traced_exception import AirbyteTracedException

from source_auth0.api.auth.client_assertion import client_assertion
from source_auth0.config.private_key import parse_private_key
from testing.keys import (
    OPENSSH,
    PKCS1,
    PKCS8,
    PUBLIC_PKCS1,
    ec_key,
    ed25519_key,
    modulus_of,
    pem_of,
    public_pem_of,
    rsa_key,
)

NOW = datetime(2026, 11, 23, 12, 0, 0, 999_999, tzinfo=timezone.utc)
ISSUER = "https://login.acme.com/"
CERTIFICATE = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----"


def body_of(pem: str) -> str:
    return "".join(pem.splitlines()[1:-1])


def error_message(work: Callable[[], Any]) -> str:
    with pytest.raises(AirbyteTracedException) as caught:
        work()
    assert FailureType.config_error == caught.value.failure_type
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None or caught.value.__suppress_context__
    return str(caught.value.message)


def signed(**changes: Any) -> str:
    credentials = {"client_id": "made-up-client-id", "private_key": pem_of(rsa_key()), **changes}
    return client_assertion(credentials, ISSUER, NOW)


@pytest.mark.parametrize("form", [PKCS8, PKCS1])
@pytest.mark.parametrize(
    "typed",
    [
        lambda pem: pem,
        lambda pem: pem.rstrip("\n"),
        lambda pem: f"  \n{pem}\n\t",
        lambda pem: pem.replace("\n", "\r\n"),
        lambda pem: pem.replace("\n", "\r"),
        lambda pem: pem.replace("\n", "\\n"),
        lambda pem: pem.replace("\n", "\\r\\n"),
        lambda pem: pem.replace("\n", " "),
        lambda pem: pem.replace("\n", ""),
        lambda pem: f'"{pem}"',
        lambda pem: textwrap.indent(pem, "    "),
        lambda pem: f"\ufeff{pem}",
        lambda pem: f"Bag Attributes\n    friendlyName: airbyte\n{pem}",
        lambda pem: public_pem_of(rsa_key()) + pem,
        lambda pem: pem + CERTIFICATE,
    ],
    ids=range(15),
)
def test_a_key_is_read_however_it_was_pasted(form: Any, typed: Callable[[str], str]):
    """With line breaks lost, escaped or of another system, and with indents, quotes or text around it."""
    assert modulus_of(rsa_key()) == modulus_of(parse_private_key(typed(pem_of(rsa_key(), form))))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "is no key in PEM form"),
        ("my key", "is no key in PEM form"),
        (body_of(pem_of(rsa_key())), "is no key in PEM form"),
        (pem_of(rsa_key()).replace("END", "EN"), "is no key in PEM form"),
        (pem_of(rsa_key())[:500], "is no key in PEM form"),
        (public_pem_of(rsa_key()), "holds a public key"),
        (public_pem_of(rsa_key(), PUBLIC_PKCS1), "holds a public key"),
        (CERTIFICATE, "holds a public key"),
        (pem_of(rsa_key(), PKCS8, b"word"), "is encrypted with a passphrase"),
        (pem_of(rsa_key(), PKCS1, b"word"), "is encrypted with a passphrase"),
        (pem_of(rsa_key(), OPENSSH), "is damaged or of an unknown kind"),
        (pem_of(rsa_key()).replace(pem_of(rsa_key()).splitlines()[5], ""), "is damaged or of an unknown kind"),
        ("-----BEGIN PRIVATE KEY----------END PRIVATE KEY-----", "is damaged or of an unknown kind"),
        ("-----BEGIN PRIVATE KEY-----\nnö\n-----END PRIVATE KEY-----", "is damaged or of an unknown kind"),
        (pem_of(ec_key()), "is no RSA key, and Auth0 takes no other"),
        (pem_of(ec_key(), PKCS1), "is no RSA key, and Auth0 takes no other"),
        (pem_of(ed25519_key()), "is no RSA key, and Auth0 takes no other"),
        (pem_of(rsa_key(1024)), "has 1024 bits, and Auth0 takes 2048 to 4096"),
    ],
    ids=range(18),
)
def test_the_error_for_an_unusable_key_quotes_none_of_it(text: str, expected: str):
    message = error_message(lambda: parse_private_key(text))
    assert message.startswith(f"Private Key (`credentials.private_key`) {expected}")
    assert not any(line in message for line in text.splitlines() if line and not line.startswith("-----"))


def test_an_assertion_has_the_claims_that_auth0_requires():
    token = signed()
    claims = jwt.decode(token, options={"verify_signature": False})
    jti = claims.pop("jti")
    assert 0 < len(jti) <= 64
    issued = int(NOW.timestamp())
    name = "made-up-client-id"
    assert {"iss": name, "sub": name, "aud": ISSUER, "iat": issued, "exp": issued + 120} == claims
    assert {"alg": "RS256", "typ": "JWT"} == jwt.get_unverified_header(token)
    assert len(token) <= 2048


def test_each_assertion_has_its_own_id():
    ids = {jwt.decode(signed(), options={"verify_signature": False})["jti"] for _ in range(5)}
    assert 5 == len(ids)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, {"alg": "RS256"}),
        ({"algorithm": None}, {"alg": "RS256"}),
        ({"algorithm": "RS384"}, {"alg": "RS384"}),
        ({"algorithm": "PS256"}, {"alg": "PS256"}),
        ({"key_id": ""}, {"alg": "RS256"}),
        ({"key_id": "my-key"}, {"alg": "RS256", "kid": "my-key"}),
    ],
)
def test_an_assertion_is_signed_as_the_key_was_registered(options: dict[str, Any], expected: dict[str, str]):
    token = signed(**options)
    assert expected | {"typ": "JWT"} == jwt.get_unverified_header(token)
    algorithm, key = expected["alg"], rsa_key().public_key()
    assert jwt.decode(
        token, key, algorithms=[algorithm], audience=ISSUER, options={"verify_exp": False, "verify_iat": False}
    )


def test_an_assertion_with_the_longest_ids_and_the_largest_key_fits():
    token = signed(client_id="c" * 64, key_id="k" * 64, private_key=pem_of(rsa_key(4096)))
    assert len(token) <= 2048


def test_an_assertion_above_auth0s_size_limit_is_refused():
    assert 2048 == len(signed(client_id="c" * 16, key_id="k" * 1080))
    message = error_message(lambda: signed(client_id="c" * 16, key_id="k" * 1081))
    assert message.startswith("The client assertion has 2050 bytes, and Auth0 takes 2048.")
    assert message.endswith("each has 64 characters at most.")
