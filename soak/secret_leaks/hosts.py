"""Hosts that no secret may reach, and a proxy that has a password."""

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
    """A host on this machine: its address, what it was sent, and what it answers; by default it asks for a token."""

    url: str = ""
    received: list[bytes] = field(default_factory=list)
    answer: bytes = UNAUTHORIZED + END

    def redirects_to(self, url: str, status: int = 302) -> None:
        """Lead on to another host from now on."""
        self.answer = f"HTTP/1.1 {status} Found\r\nLocation: {url}\r\n".encode() + END


@contextmanager
def recording_host(folder: Path | None = None) -> Iterator[RecordingHost]:
    """A host under another name than the tenant's, by TLS with the certificate in a folder or without."""
    known = RecordingHost()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    if folder:
        context.load_cert_chain(folder / "server.pem")

    class Listener(BaseRequestHandler):
        def handle(self) -> None:
            with suppress(OSError):
                if folder:
                    with context.wrap_socket(self.request, server_side=True) as inside:
                        known.received.append(inside.recv(RECEIVE_BYTES))
                        inside.sendall(known.answer)
                else:
                    known.received.append(self.request.recv(RECEIVE_BYTES))
                    self.request.sendall(known.answer)

    with loopback_server(Listener) as address:
        known.url = f"http{'s' if folder else ''}://localhost:{address.rpartition(':')[2]}"
        yield known


@contextmanager
def authenticating_proxy() -> Iterator[RecordingHost]:
    """A proxy that wants a password, which its `url` has; it keeps all that it can read."""
    known = RecordingHost()

    class Tunnel(BaseRequestHandler):
        def handle(self) -> None:
            head = self.request.recv(RECEIVE_BYTES)
            known.received.append(head)
            if PROXY_AUTHORIZATION not in head or not head.startswith(b"CONNECT "):
                self.request.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\n" + END)
                return
            self.request.sendall(b"HTTP/1.1 200 Connection Established\r\n\r\n")
            with suppress(OSError):
                relay(self.request, head.split(b" ")[1].decode())

    with loopback_server(Tunnel) as address:
        known.url = f"http://someone:{PROXY_PASSWORD}@{address}"
        yield known


@dataclass
class TrialNetwork:
    """What lies around a tenant: hosts by kind, the proxy, and the authority whom the machine trusts."""

    trusted: RecordingHost
    plain: RecordingHost
    beyond: RecordingHost
    proxy: RecordingHost
    authority: Path

    @property
    def hosts(self) -> dict[str, RecordingHost]:
        """Those that no token may reach."""
        return {"an https host": self.trusted, "an http host": self.plain, "a third host": self.beyond}

    def forget(self) -> None:
        """As if nobody had asked any of them anything."""
        for one in (*self.hosts.values(), self.proxy):
            one.received.clear()
            one.answer = RecordingHost.answer


@contextmanager
def trial_network(folder: Path) -> Iterator[TrialNetwork]:
    """All of them, as long as they are needed."""
    authority = certificate(folder)
    with ExitStack() as stack:
        trusted, plain, beyond = (stack.enter_context(recording_host(under)) for under in (folder, None, folder))
        yield TrialNetwork(trusted, plain, beyond, stack.enter_context(authenticating_proxy()), authority)
