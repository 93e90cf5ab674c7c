"""A front between the connector and a tenant whose answers drip on the routes that a test names."""

import contextlib
import socket
import socketserver
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from testing.network import LOOPBACK, RECEIVE_BYTES
from testing.servers.dripping_servers import BODY, CHUNKED, HEADER, TLS_RECORD

MAX_HEAD_BYTES = 1 << 16
EVENT_STREAM = b"text/event-stream"


@dataclass(frozen=True)
class Drip:
    """A way not to end: what is sent at once, then a byte now and then; or half of the connection is closed."""

    name: str
    head: bytes
    hangs_up: int | None = None

    def send(
        self, connection: socket.socket, interval: float, over: threading.Event, *, as_events: bool = False
    ) -> None:
        """Send to a client until it hangs up, or `over` is set."""
        kind = EVENT_STREAM if as_events else b"application/json"
        connection.sendall(self.head.replace(b"\r\n", b"\r\nContent-Type: " + kind + b"\r\n", 1))
        if self.hangs_up is not None:
            connection.shutdown(self.hangs_up)
        while not over.wait(interval):
            if self.hangs_up is None:
                connection.sendall(b"0")


#: The ways in which the answer to one request can drip.
ANSWER_DRIPS = [
    Drip("a header", HEADER),
    Drip("a body", BODY),
    Drip("the size of a chunk", CHUNKED),
    Drip("the body of an error", BODY.replace(b"200 OK", b"503 Service Unavailable")),
    Drip("half an answer, and half of the connection closed", BODY + b"[", hangs_up=socket.SHUT_WR),
]
HANDSHAKE = Drip("a TLS handshake", TLS_RECORD)


@dataclass
class DrippingFront:
    """Passes requests on to a tenant, but lets the answers drip for which `drip_of` gives a way.

    drip_of: the drip for a method and a path without its query; None to pass on. It is asked with "" and "" for each
    TLS connection. interval: seconds between two bytes. tls: with it, the front speaks TLS.
    """

    upstream: str
    interval: float
    drip_of: Callable[[str, str], Drip | None] = lambda _method, _path: None
    tls: ssl.SSLContext | None = None
    base_url: str = ""
    _over: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def listening(self) -> Iterator["DrippingFront"]:
        """Listen on loopback within the block; `base_url` is where."""
        front = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                with contextlib.suppress(OSError):
                    front.serve(self.request)

        class Server(socketserver.ThreadingTCPServer):
            daemon_threads = True
            request_queue_size = 128
            block_on_close = False

        with Server((LOOPBACK, 0), Handler) as server:
            threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
            self.base_url = f"{'https' if self.tls else 'http'}://{LOOPBACK}:{server.server_address[1]}"
            try:
                yield self
            finally:
                self._over.set()
                server.shutdown()

    def serve(self, connection: socket.socket) -> None:
        """Serve one request of a connection."""
        if self.tls is None:
            self._answer(connection)
        elif drip := self.drip_of("", ""):
            drip.send(connection, self.interval, self._over)
        else:
            with self.tls.wrap_socket(connection, server_side=True) as inside:
                self._answer(inside)

    def _answer(self, connection: socket.socket) -> None:
        head, body = _request(connection)
        method, target, _ = head.split(b"\r\n", 1)[0].decode("latin-1").split(" ", 2)
        if drip := self.drip_of(method, urlsplit(target).path):
            drip.send(connection, self.interval, self._over, as_events=EVENT_STREAM in head)
            return
        with socket.create_connection((LOOPBACK, urlsplit(self.upstream).port or 80)) as upstream:
            upstream.sendall(_closing(head) + b"\r\n\r\n" + body)
            while data := upstream.recv(RECEIVE_BYTES):
                connection.sendall(data)


def _request(connection: socket.socket) -> tuple[bytes, bytes]:
    """The head of a request without its last line break, and its body."""
    data = b""
    while b"\r\n\r\n" not in data:
        if not (received := connection.recv(MAX_HEAD_BYTES)):
            raise ConnectionResetError
        data += received
    head, _, body = data.partition(b"\r\n\r\n")
    lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    while lengths and len(body) < int(lengths[0].partition(b":")[2]):
        body += connection.recv(MAX_HEAD_BYTES)
    return head, body


def _closing(head: bytes) -> bytes:
    """A request's head that has the server close the connection, whose end is then that of its answer."""
    kept = [line for line in head.split(b"\r\n") if not line.lower().startswith(b"connection:")]
    return b"\r\n".join([*kept, b"Connection: close"])
