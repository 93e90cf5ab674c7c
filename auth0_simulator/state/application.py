"""The application that signs in: its client id and secret, or the public keys registered for it."""

from __future__ import annotations

from dataclasses import dataclass, field

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

ALLOWED_KEY_BITS = range(2048, 4097)
MAX_CREDENTIALS = 2
SHA256, SHA384 = hashes.SHA256(), hashes.SHA384()
#: Padding and hash of each signing algorithm that Auth0 accepts. JWA demands for PS256 a salt as long as the hash.
ALGORITHMS: dict[str, tuple[padding.AsymmetricPadding, hashes.HashAlgorithm]] = {
    "RS256": (padding.PKCS1v15(), SHA256),
    "RS384": (padding.PKCS1v15(), SHA384),
    "PS256": (padding.PSS(padding.MGF1(SHA256), SHA256.digest_size), SHA256),
}


@dataclass(frozen=True)
class PublicKeyCredential:
    """A registered public RSA key, the algorithm chosen for it, and the key id that Auth0 assigned."""

    modulus: int
    exponent: int = 65537
    algorithm: str = "RS256"
    kid: str = ""

    def __post_init__(self) -> None:
        if self.algorithm not in ALGORITHMS:
            raise ValueError(f"no algorithm is called {self.algorithm!r}; known are {', '.join(ALGORITHMS)}")
        if self.modulus.bit_length() not in ALLOWED_KEY_BITS:
            raise ValueError(f"a key has 2048 to 4096 bits, not {self.modulus.bit_length()}")

    def verifies(self, signed: bytes, signature: bytes) -> bool:
        """Whether the signature was made with the private key that belongs to this one."""
        key = rsa.RSAPublicNumbers(self.exponent, self.modulus).public_key()
        try:
            key.verify(signature, signed, *ALGORITHMS[self.algorithm])
        except InvalidSignature:
            return False
        return True


@dataclass
class Application:
    """The application that signs in; a test changes it to make Auth0 reject the sign-in."""

    client_id: str
    client_secret: str
    grant_types: list[str] = field(default_factory=lambda: ["client_credentials"])
    has_client_grant: bool = True
    credentials: list[PublicKeyCredential] = field(default_factory=list)

    def register(self, modulus: int, exponent: int = 65537, algorithm: str = "RS256", kid: str = "") -> None:
        """Register a public RSA key; from then on the application authenticates with Private Key JWT only."""
        if len(self.credentials) == MAX_CREDENTIALS:
            raise ValueError("an application has two keys at most")
        self.credentials.append(PublicKeyCredential(modulus, exponent, algorithm, kid))
