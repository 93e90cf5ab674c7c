"""A certificate for loopback, signed by itself: for clients that refuse plain HTTP."""

from __future__ import annotations

import ssl
from datetime import datetime, timedelta, timezone
from ipaddress import IPv4Address
from pathlib import Path
from tempfile import TemporaryDirectory

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

LIFETIME = timedelta(days=30)


class LoopbackCertificate:
    """A key and its certificate for 127.0.0.1 and localhost, in a folder of their own until they are removed.

    path: the file with the certificate, to be trusted by clients: `REQUESTS_CA_BUNDLE`, `NODE_EXTRA_CA_CERTS`.
    """

    def __init__(self) -> None:
        self._folder = TemporaryDirectory(prefix="auth0-simulator-")
        self.path = Path(self._folder.name) / "certificate.pem"
        key_path = Path(self._folder.name) / "key.pem"
        key = ec.generate_private_key(ec.SECP256R1())
        key_path.touch(mode=0o600)
        key_path.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        self.path.write_bytes(_certificate(key).public_bytes(serialization.Encoding.PEM))
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(self.path, key_path)

    def remove(self) -> None:
        """Remove the files."""
        self._folder.cleanup()


def _certificate(key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Simulated Auth0 tenant")])
    public, now = key.public_key(), datetime.now(timezone.utc)
    others = "content_commitment key_encipherment data_encipherment key_agreement encipher_only decipher_only"
    usage = dict.fromkeys(others.split(), False)
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + LIFETIME)
    )
    hosts = x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(IPv4Address("127.0.0.1"))])
    key_id = x509.SubjectKeyIdentifier.from_public_key(public)
    for extension, critical in (
        (x509.BasicConstraints(ca=True, path_length=0), True),
        (x509.KeyUsage(digital_signature=True, key_cert_sign=True, crl_sign=True, **usage), True),
        (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False),
        (hosts, False),
        (key_id, False),
        (x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(key_id), False),
    ):
        builder = builder.add_extension(extension, critical=critical)
    return builder.sign(key, hashes.SHA256())
