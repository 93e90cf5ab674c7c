"""The client assertion of Private Key JWT: who the application is, signed with its private key.

https://auth0.com/docs/get-started/authentication-and-authorization-flow/authenticate-with-private-key-jwt
"""

import re
import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import jwt
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from source_auth0.components.problems import config_error

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ALGORITHM = "RS256"
#: Seconds that an assertion holds. Auth0 allows 300, and recommends as few as can be.
LIFETIME = 120
#: Bytes that Auth0 takes at most.
LONGEST = 2048
#: Bits of the keys that Auth0 registers.
SMALLEST_KEY, LARGEST_KEY = 2048, 4096
PEM = re.compile(r"-----BEGIN ([A-Z0-9 ]+)-----(.*?)-----END \1-----", re.DOTALL)
ESCAPED_LINE_BREAK = re.compile(r"(\\r)?\\n|\\r")
FIELD = "Private Key (`credentials.private_key`)"


def private_key_of(text: str) -> RSAPrivateKey:
    """The RSA key in a PEM text, however its line breaks survived the way from a file into a form.

    Raises a config error that says what the text is instead, without any of it.
    """
    label, body = _block(text)
    if "PUBLIC" in label or label == "CERTIFICATE":
        raise config_error(
            f"{FIELD} holds a public key. That one belongs into Auth0, under Applications › your application › "
            "Credentials; enter here the private key that was made together with it."
        )
    if "ENCRYPTED" in label or "ENCRYPTED" in body:
        raise config_error(
            f"{FIELD} is encrypted with a passphrase, and nobody could enter it during a sync. Enter the key without: "
            "`openssl pkey -in encrypted.pem -out private.pem`."
        )
    lines = re.findall(r".{1,64}", "".join(body.split()))
    pem = "\n".join([f"-----BEGIN {label}-----", *lines, f"-----END {label}-----"])
    try:
        key = load_pem_private_key(pem.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise config_error(
            f"{FIELD} is damaged or of an unknown kind. Copy the whole file, from `-----BEGIN PRIVATE KEY-----` to "
            "`-----END PRIVATE KEY-----`, the dashes included."
        ) from None
    return _fit_for_auth0(key)


def client_assertion(credentials: Mapping[str, Any], issuer: str, now: datetime) -> str:
    """A signed statement, good once and for two minutes, that this is the application `client_id`.

    `issuer` is the address that is asked for the token, with a slash at the end. Raises a config error for a key that
    cannot sign, and for names that make the assertion longer than Auth0 takes.
    """
    issued, client_id = int(now.timestamp()), credentials["client_id"]
    claims = {
        "iss": client_id,
        "sub": client_id,
        "aud": issuer,  # a single text: Auth0 has given up arrays and the token endpoint's own address
        "iat": issued,
        "exp": issued + LIFETIME,
        "jti": str(uuid.uuid4()),
    }
    key_id = credentials.get("key_id")
    assertion = jwt.encode(
        claims,
        private_key_of(credentials["private_key"]),
        algorithm=credentials.get("algorithm") or ALGORITHM,
        headers={"kid": key_id} if key_id else None,
    )
    if len(assertion) > LONGEST:
        raise config_error(
            f"The client assertion has {len(assertion)} bytes, and Auth0 takes {LONGEST}. Check the Client ID "
            "(`credentials.client_id`) and the Key ID (`credentials.key_id`): each has 64 characters at most."
        )
    return assertion


def _block(text: str) -> tuple[str, str]:
    """The label and the body of the first private key, else of the first PEM block there is."""
    blocks = PEM.findall(ESCAPED_LINE_BREAK.sub("\n", text))
    if not blocks:
        raise config_error(
            f"{FIELD} is no key in PEM form. Copy the whole file, from `-----BEGIN PRIVATE KEY-----` to "
            "`-----END PRIVATE KEY-----`."
        )
    label, body = next((block for block in blocks if "PRIVATE" in block[0]), blocks[0])
    return label, body


def _fit_for_auth0(key: object) -> RSAPrivateKey:
    if not isinstance(key, RSAPrivateKey):
        raise config_error(
            f"{FIELD} is no RSA key, and Auth0 takes no other. Make a pair and register its public key: "
            "`openssl genrsa -out private.pem 2048`."
        )
    if not SMALLEST_KEY <= key.key_size <= LARGEST_KEY:
        raise config_error(
            f"{FIELD} has {key.key_size} bits, and Auth0 takes {SMALLEST_KEY} to {LARGEST_KEY}. Make another pair and "
            "register its public key: `openssl genrsa -out private.pem 2048`."
        )
    return key
