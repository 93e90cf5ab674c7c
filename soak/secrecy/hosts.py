"""Hosts that no secret may reach, and a proxy that has a password."""

import base64
import ssl
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from socketserver import BaseRequestHandler

from integration_tests.network import HEAD, certificate, relay, served

PROXY_PASSWORD = "Pr0xy-pa55word-of-this-machine"  # noqa: S105 - made up
PROXY_AUTHORIZATION = b"Proxy-Authorization: Basic " + base64.b64encode(f"someone:{PROXY_PASSWORD}".encode())
ASKS_FOR_IT = b'HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm="x"\r\nWWW-Authenticate: Bearer\r\n'
END = b"Content-Length: 0\r\nConnection: close\r\n\r\n"


@dataclass
class Host:
    """A host on this machine: its address, what it was sent, and what it answers; by default it asks for a token."""

    url: str = ""
    received: list[bytes] = field(default_factory=list)
    answer: bytes = ASKS_FOR_IT + END

    def redirects_to(self, url: str, status: int = 302) -> None:
        """Lead on to another host from now on."""
        self.answer = f"HTTP/1.1 {status} Found\r\nLocation: {url}\r\n".encode() + END


@contextmanager
def host(folder: Path | None = None) -> Iterator[Host]:
    """A host under another name than the tenant's, by TLS with the certificate in a folder or without."""
    known = Host()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    if folder:
        context.load_cert_chain(folder / "server.pem")

    class Listener(BaseRequestHandler):
        def handle(self) -> None:
            with suppress(OSError):
                if folder:
                    with context.wrap_socket(self.request, server_side=True) as inside:
                        known.received.append(inside.recv(HEAD))
                        inside.sendall(known.answer)
                else:
                    known.received.append(self.request.recv(HEAD))
                    self.request.sendall(known.answer)

    with served(Listener) as address:
        known.url = f"http{'s' if folder else ''}://localhost:{address.rpartition(':')[2]}"
        yield known


@contextmanager
def guarded_proxy() -> Iterator[Host]:
    """A proxy that wants a password, which its `url` has; it keeps all that it can read."""
    known = Host()

    class Tunnel(BaseRequestHandler):
        def handle(self) -> None:
            head = self.request.recv(HEAD)
            known.received.append(head)
            if PROXY_AUTHORIZATION not in head or not head.startswith(b"CONNECT "):
                self.request.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\n" + END)
                return
            self.request.sendall(b"HTTP/1.1 200 Connection Established\r\n\r\n")
            with suppress(OSError):
                relay(self.request, head.split(b" ")[1].decode())

    with served(Tunnel) as address:
        known.url = f"http://someone:{PROXY_PASSWORD}@{address}"
        yield known


@dataclass
class Surroundings:
    """What lies around a tenant: hosts by kind, the proxy, and the authority whom the machine trusts."""

    trusted: Host
    plain: Host
    beyond: Host
    proxy: Host
    authority: Path

    @property
    def hosts(self) -> dict[str, Host]:
        """Those that no token may reach."""
        return {"an https host": self.trusted, "an http host": self.plain, "a third host": self.beyond}

    def forget(self) -> None:
        """As if nobody had asked any of them anything."""
        for one in (*self.hosts.values(), self.proxy):
            one.received.clear()
            one.answer = Host.answer


@contextmanager
def surroundings(folder: Path) -> Iterator[Surroundings]:
    """All of them, as long as they are needed."""
    authority = certificate(folder)
    with ExitStack() as stack:
        trusted, plain, beyond = (stack.enter_context(host(under)) for under in (folder, None, folder))
        yield Surroundings(trusted, plain, beyond, stack.enter_context(guarded_proxy()), authority)
