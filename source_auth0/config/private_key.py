"""Parses the private key of Private Key JWT from the text in the form."""

import re

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from source_auth0.errors import config_error

#: Bits of the RSA keys that Auth0 accepts.
MIN_KEY_BITS, MAX_KEY_BITS = 2048, 4096
PEM = re.compile(r"-----BEGIN ([A-Z0-9 ]+)-----(.*?)-----END \1-----", re.DOTALL)
ESCAPED_LINE_BREAK = re.compile(r"(\\r)?\\n|\\r")
FIELD = "Private Key (`credentials.private_key`)"


def parse_private_key(text: str) -> RSAPrivateKey:
    """The RSA key in a PEM text, whose line breaks may be lost or escaped.

    Raises a config error that describes what the text is instead, without quoting it.
    """
    label, body = _pem_block(text)
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
    return _validated_key(key)


def _pem_block(text: str) -> tuple[str, str]:
    """The label and the body of the first private key, else of the first PEM block; a config error without one."""
    blocks = PEM.findall(ESCAPED_LINE_BREAK.sub("\n", text))
    if not blocks:
        raise config_error(
            f"{FIELD} is no key in PEM form. Copy the whole file, from `-----BEGIN PRIVATE KEY-----` to "
            "`-----END PRIVATE KEY-----`."
        )
    label, body = next((block for block in blocks if "PRIVATE" in block[0]), blocks[0])
    return label, body


def _validated_key(key: object) -> RSAPrivateKey:
    if not isinstance(key, RSAPrivateKey):
        raise config_error(
            f"{FIELD} is no RSA key, and Auth0 takes no other. Make a pair and register its public key: "
            "`openssl genrsa -out private.pem 2048`."
        )
    if not MIN_KEY_BITS <= key.key_size <= MAX_KEY_BITS:
        raise config_error(
            f"{FIELD} has {key.key_size} bits, and Auth0 takes {MIN_KEY_BITS} to {MAX_KEY_BITS}. Make another pair and "
            "register its public key: `openssl genrsa -out private.pem 2048`."
        )
    return key
