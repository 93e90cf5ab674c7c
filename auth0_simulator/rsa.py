"""RSA signatures, verified with nothing but integers: PKCS #1 v1.5 and PSS (RFC 8017, sections 8.1.2 and 8.2.2)."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass

#: How each hash is named inside a PKCS #1 v1.5 signature.
PREFIXES = {
    "sha256": bytes.fromhex("3031300d060960864801650304020105000420"),
    "sha384": bytes.fromhex("3041300d060960864801650304020205000430"),
}
TRAILER = 0xBC


@dataclass(frozen=True)
class PublicKey:
    """Modulus and exponent."""

    modulus: int
    exponent: int

    @property
    def size(self) -> int:
        """Bytes of a signature."""
        return (self.modulus.bit_length() + 7) // 8

    def open(self, signature: bytes) -> bytes | None:
        """The padded hash inside a signature; None for what cannot be one."""
        number = int.from_bytes(signature, "big")
        if len(signature) != self.size or number >= self.modulus:
            return None
        return pow(number, self.exponent, self.modulus).to_bytes(self.size, "big")


def verifies_pkcs1(key: PublicKey, hash_name: str, signed: bytes, signature: bytes) -> bool:
    """Whether the key's owner signed this text (RSASSA-PKCS1-v1_5)."""
    told = PREFIXES[hash_name] + hashlib.new(hash_name, signed).digest()
    padding = b"\xff" * (key.size - len(told) - 3)
    opened = key.open(signature)
    return opened is not None and hmac.compare_digest(b"\x00\x01" + padding + b"\x00" + told, opened)


def verifies_pss(key: PublicKey, hash_name: str, signed: bytes, signature: bytes) -> bool:
    """Whether the key's owner signed this text (RSASSA-PSS, with a salt as long as the hash, as JWA demands)."""
    opened = key.open(signature)
    if opened is None or opened[-1] != TRAILER:
        return False
    length = hashlib.new(hash_name).digest_size
    bits = key.modulus.bit_length() - 1
    encoded = opened[-((bits + 7) // 8) :]
    masked, told = encoded[: -length - 1], encoded[-length - 1 : -1]
    block = int.from_bytes(masked, "big") ^ int.from_bytes(_mask(told, len(masked), hash_name), "big")
    block &= (1 << (bits - 8 * (length + 1))) - 1
    salted = block.to_bytes(len(masked), "big")
    filler, salt = salted[:-length], salted[-length:]
    expected = hashlib.new(hash_name, bytes(8) + hashlib.new(hash_name, signed).digest() + salt).digest()
    well_padded = int.from_bytes(filler, "big") == 1
    return well_padded and hmac.compare_digest(expected, told)


def _mask(seed: bytes, length: int, hash_name: str) -> bytes:
    """MGF1."""
    size = hashlib.new(hash_name).digest_size
    blocks = (hashlib.new(hash_name, seed + n.to_bytes(4, "big")).digest() for n in range(-(-length // size)))
    return b"".join(blocks)[:length]


Verifier = Callable[[PublicKey, str, bytes, bytes], bool]
#: What Auth0 knows: how each algorithm of an assertion is verified.
ALGORITHMS: dict[str, tuple[Verifier, str]] = {
    "RS256": (verifies_pkcs1, "sha256"),
    "RS384": (verifies_pkcs1, "sha384"),
    "PS256": (verifies_pss, "sha256"),
}
