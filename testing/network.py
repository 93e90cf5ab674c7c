"""What may lie between the connector and a tenant: a TLS reverse proxy with a private authority, and an HTTP proxy."""

import select
import socket
import socketserver
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta, timezone
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

LOOPBACK = "127.0.0.1"
RECEIVE_BYTES = 65_536


@contextmanager
def loopback_server(handler: type[socketserver.BaseRequestHandler]) -> Iterator[str]:
    """A TCP server on loopback; yields `host:port`."""
    with socketserver.ThreadingTCPServer((LOOPBACK, 0), handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        yield f"{LOOPBACK}:{server.server_address[1]}"
        server.shutdown()
        thread.join()


@contextmanager
def tls_reverse_proxy(base_url: str, folder: Path, flaw: str = "") -> Iterator[tuple[str, Path]]:
    """A tenant behind TLS; yields its https address, and the path of the authority's certificate.

    flaw: what is wrong with the server's certificate, as for `certificate`.
    """
    authority = certificate(folder, flaw)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem")

    class Front(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            # A client that does not trust the certificate hangs up.
            with suppress(OSError), context.wrap_socket(self.request, server_side=True) as inside:
                relay(inside, urlsplit(base_url).netloc)

    with loopback_server(Front) as address:
        yield f"https://{address}", authority


@contextmanager
def proxy(*, refuses: bool = False) -> Iterator[tuple[str, list[str]]]:
    """An HTTP proxy for tunnels; yields its address, and the list of the tunnels that it was asked for.

    refuses: whether it asks for a password instead of opening them.
    """
    asked: list[str] = []

    class Tunnel(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            method, target, _ = self.request.recv(RECEIVE_BYTES).decode().split("\r\n")[0].split(" ")
            asked.append(f"{method} {target}")
            if refuses:
                self.request.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n")
                return
            self.request.sendall(b"HTTP/1.1 200 Connection Established\r\n\r\n")
            with suppress(OSError):
                relay(self.request, target)

    with loopback_server(Tunnel) as address:
        yield f"http://{address}", asked


def relay(near: socket.socket, address: str) -> None:
    """Pass bytes between a socket and an address, in both directions, until one side closes."""
    host, _, port = address.rpartition(":")
    with socket.create_connection((host, int(port))) as far:
        while True:
            pending = isinstance(near, ssl.SSLSocket) and near.pending()
            ready = [near] if pending else select.select([near, far], [], [])[0]
            for one in ready:
                data = one.recv(RECEIVE_BYTES)
                if not data:
                    return
                (far if one is near else near).sendall(data)


def certificate(folder: Path, flaw: str = "") -> Path:
    """Write `server.pem` (key and certificate) and `authority.pem`, which signed it; returns the path of the latter.

    The certificate is for `127.0.0.1` and `localhost`. flaw: "expired", "another name" (it is for another host), or
    "another authority" (`authority.pem` is not the one that signed it).
    """
    key, server_key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "An authority of the tests")])
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, LOOPBACK)])
    now = datetime.now(timezone.utc)
    unsigned = x509.CertificateBuilder().issuer_name(issuer)
    unsigned = unsigned.not_valid_before(now - timedelta(days=2))
    end = now + timedelta(days=-1 if flaw == "expired" else 1)

    def signed(name: x509.Name, owner: ec.EllipticCurvePrivateKey, extension: x509.ExtensionType) -> bytes:
        built = unsigned.not_valid_after(end if owner is server_key else now + timedelta(days=1))
        built = built.subject_name(name).public_key(owner.public_key()).serial_number(x509.random_serial_number())
        with_subject_id = built.add_extension(extension, critical=True).add_extension(
            x509.SubjectKeyIdentifier.from_public_key(owner.public_key()), critical=False
        )
        with_authority_id = with_subject_id.add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False
        )
        return with_authority_id.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)

    here = [x509.IPAddress(ip_address(LOOPBACK)), x509.DNSName("localhost")]
    address = x509.SubjectAlternativeName([x509.DNSName("other.example")] if flaw == "another name" else here)
    private = server_key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "server.pem").write_bytes(private + signed(subject, server_key, address))
    authority = folder / "authority.pem"
    if flaw == "another authority":
        key = ec.generate_private_key(ec.SECP256R1())
    authority.write_bytes(signed(issuer, key, x509.BasicConstraints(ca=True, path_length=0)))
    return authority
