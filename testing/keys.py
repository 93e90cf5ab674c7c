"""Private and public keys for tests, each generated once per process, when it is first asked for."""

from functools import cache
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

PEM = serialization.Encoding.PEM
PKCS8, PKCS1 = serialization.PrivateFormat.PKCS8, serialization.PrivateFormat.TraditionalOpenSSL
SPKI, PUBLIC_PKCS1 = serialization.PublicFormat.SubjectPublicKeyInfo, serialization.PublicFormat.PKCS1
OPENSSH = serialization.PrivateFormat.OpenSSH


@cache
def rsa_key(bits: int = 2048, number: int = 0) -> rsa.RSAPrivateKey:  # noqa: ARG001 - tells cached keys apart
    """An RSA key; each `number` has a key of its own."""
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


@cache
def ec_key() -> ec.EllipticCurvePrivateKey:
    """A key on the curve P-256."""
    return ec.generate_private_key(ec.SECP256R1())


@cache
def ed25519_key() -> ed25519.Ed25519PrivateKey:
    """An Ed25519 key."""
    return ed25519.Ed25519PrivateKey.generate()


def pem_of(key: Any, form: serialization.PrivateFormat = PKCS8, passphrase: bytes | None = None) -> str:
    """A private key in PEM, encrypted if there is a passphrase."""
    encryption = serialization.BestAvailableEncryption(passphrase) if passphrase else serialization.NoEncryption()
    return str(key.private_bytes(PEM, form, encryption).decode())


def public_pem_of(key: Any, form: serialization.PublicFormat = SPKI) -> str:
    """The public part of a key in PEM."""
    return str(key.public_key().public_bytes(PEM, form).decode())


def modulus_of(key: rsa.RSAPrivateKey) -> int:
    """The modulus of an RSA key."""
    return key.public_key().public_numbers().n
