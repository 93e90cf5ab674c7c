"""Keys for the tests: made when they are asked for, each kind once."""

from functools import cache
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

PEM = serialization.Encoding.PEM
PKCS8, PKCS1 = serialization.PrivateFormat.PKCS8, serialization.PrivateFormat.TraditionalOpenSSL
SPKI, PUBLIC_PKCS1 = serialization.PublicFormat.SubjectPublicKeyInfo, serialization.PublicFormat.PKCS1
OPENSSH = serialization.PrivateFormat.OpenSSH


@cache
def rsa_key(bits: int = 2048, number: int = 0) -> rsa.RSAPrivateKey:
    """An RSA key; another `number` is another key."""
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


@cache
def ec_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


@cache
def ed25519_key() -> ed25519.Ed25519PrivateKey:
    return ed25519.Ed25519PrivateKey.generate()


def pem_of(key: Any, form: serialization.PrivateFormat = PKCS8, passphrase: bytes | None = None) -> str:
    """A private key as OpenSSL writes it into a file."""
    encryption = serialization.BestAvailableEncryption(passphrase) if passphrase else serialization.NoEncryption()
    return str(key.private_bytes(PEM, form, encryption).decode())


def public_pem_of(key: Any, form: serialization.PublicFormat = SPKI) -> str:
    return str(key.public_key().public_bytes(PEM, form).decode())


def modulus_of(key: rsa.RSAPrivateKey) -> int:
    return key.public_key().public_numbers().n
