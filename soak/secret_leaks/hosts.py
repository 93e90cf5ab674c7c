"""Hosts that no secret may reach, and a proxy that requires a password."""

import base64
import ssl
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from socketserver import BaseRequestHandler

from testing.network import RECEIVE_BYTES, certificate, loopback_server, relay

PROXY_PASSWORD = "Pr0xy-pa55word-of-this-machine"  # noqa: S105 - made up
PROXY_AUTHORIZATION = b"Proxy-Authorization: Basic " + base64.b64encode(f"someone:{PROXY_PASSWORD}".encode())
UNAUTHORIZED = b'HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm="x"\r\nWWW-Authenticate: Bearer\r\n'
END = b"Content-Length: 0\r\nConnection: close\r\n\r\n"


@dataclass
class RecordingHost:
    """A local host: its address, the requests it received, and its response, by default 401."""

    url: str = ""
    received: list[bytes] = field(default_factory=list)
    response: bytes = UNAUTHORIZED + END

    def redirects_to(self, url: str, status: int = 302) -> None:
        """Respond with a redirect to another host from now on."""
        self.response = f"HTTP/1.1 {status} Found\r\nLocation: {url}\r\n".encode() + END


@contextmanager
def recording_host(folder: Path | None = None) -> Iterator[RecordingHost]:
    """A host under another name than the tenant's; with a folder, it uses TLS and the certificate in it."""
    host = RecordingHost()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    if folder:
        context.load_cert_chain(folder / "server.pem")

    class Listener(BaseRequestHandler):
        def handle(self) -> None:
            with suppress(OSError):
                if folder:
                    with context.wrap_socket(self.request, server_side=True) as inside:
                        host.received.append(inside.recv(RECEIVE_BYTES))
                        inside.sendall(host.response)
                else:
                    host.received.append(self.request.recv(RECEIVE_BYTES))
                    self.request.sendall(host.response)

    with loopback_server(Listener) as address:
        host.url = f"http{'s' if folder else ''}://localhost:{address.rpartition(':')[2]}"
        yield host


@contextmanager
def authenticating_proxy() -> Iterator[RecordingHost]:
    """A proxy that requires a password, which its `url` contains; it records all it can read."""
    host = RecordingHost()

    class Tunnel(BaseRequestHandler):
        def handle(self) -> None:
            head = self.request.recv(RECEIVE_BYTES)
            host.received.append(head)
            if PROXY_AUTHORIZATION not in head or not head.startswith(b"CONNECT "):
                self.request.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\n" + END)
                return
            self.request.sendall(b"HTTP/1.1 200 Connection Established\r\n\r\n")
            with suppress(OSError):
                relay(self.request, head.split(b" ")[1].decode())

    with loopback_server(Tunnel) as address:
        host.url = f"http://someone:{PROXY_PASSWORD}@{address}"
        yield host


@dataclass
class TrialNetwork:
    """The hosts around a tenant, the proxy, and the certificate authority that the machine trusts."""

    trusted: RecordingHost
    plain: RecordingHost
    beyond: RecordingHost
    proxy: RecordingHost
    authority: Path

    @property
    def hosts(self) -> dict[str, RecordingHost]:
        """The hosts that no token may reach."""
        return {"an https host": self.trusted, "an http host": self.plain, "a third host": self.beyond}

    def reset(self) -> None:
        """Clear what the hosts recorded, and restore their responses."""
        for host in (*self.hosts.values(), self.proxy):
            host.received.clear()
            host.response = RecordingHost.response


@contextmanager
def trial_network(folder: Path) -> Iterator[TrialNetwork]:
    """Runs all of them."""
    authority = certificate(folder)
    with ExitStack() as stack:
        trusted, plain, beyond = (
            stack.enter_context(recording_host(tls_folder)) for tls_folder in (folder, None, folder)
        )
        yield TrialNetwork(trusted, plain, beyond, stack.enter_context(authenticating_proxy()), authority)
