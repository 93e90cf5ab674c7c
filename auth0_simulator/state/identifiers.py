"""Identifiers that look like Auth0's, computed from (seed, index) and back, so that a million users need no table."""

from __future__ import annotations

import hashlib

ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
#: Without the characters that are easily mistaken for one another, as in many of Auth0's ids.
BASE58 = "".join(char for char in ALPHABET if char not in "0OIl")
BITS_32 = 0xFFFFFFFF
# Any odd factor makes the multiplication modulo 2**32 invertible; Knuth's spreads consecutive numbers best.
FACTOR = 2654435761
INVERSE = pow(FACTOR, -1, 1 << 32)


def digest(seed: int, *parts: object, size: int = 32) -> bytes:
    """A hash of the seed and the parts."""
    text = ":".join(str(part) for part in (seed, *parts))
    return hashlib.blake2b(text.encode(), digest_size=size).digest()


def opaque_id(seed: int, *parts: object, length: int = 16, alphabet: str = ALPHABET) -> str:
    """A pseudo-random string of letters and digits, such as Auth0 uses in ids and secrets."""
    return "".join(alphabet[byte % len(alphabet)] for byte in digest(seed, *parts, size=min(length, 64)))


def scramble(seed: int, index: int) -> int:
    """A distinct 32-bit number for each index, in no meaningful order."""
    return ((index ^ (seed & BITS_32)) * FACTOR) & BITS_32


def unscramble(seed: int, number: int) -> int:
    """The index that `scramble` made the number from."""
    return ((number * INVERSE) & BITS_32) ^ (seed & BITS_32)
