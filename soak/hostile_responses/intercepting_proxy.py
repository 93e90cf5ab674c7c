"""Somebody between the connector and the simulated tenant, who sends what no tenant and no simulator would."""

import contextlib
import http.client
import socket
import socketserver
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

#: What a raw answer is: all of its bytes, or pieces of them as they are to be sent.
RawResponse = bytes | Iterable[bytes]
TOKEN_PATH = "/oauth/token"  # noqa: S105 - a path
MAX_HEADER_BYTES = 1 << 16


@dataclass
class UpstreamResponse:
    """What the tenant answered, and to what: the request's number counts those that are not for a token."""

    method: str
    target: str
    number: int
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b"{}"

    def raw(
        self, body: bytes | None = None, *, status: int | None = None, headers: Mapping[str, str] | None = None
    ) -> bytes:
        """The answer as bytes, perhaps with another body, status or further headers."""
        content = self.body if body is None else body
        told = {**self.headers, "content-length": str(len(content)), **(headers or {})}
        lines = [f"HTTP/1.1 {status or self.status} Whatever", *(f"{name}: {value}" for name, value in told.items())]
        return "\r\n".join([*lines, "connection: close", "", ""]).encode("latin-1", "replace") + content


RewriteResponse = Callable[[UpstreamResponse], RawResponse]


class InterceptingProxy:
    """Listens on loopback, hands requests on to a simulator, and sends what `rewrite` makes of the answers."""

    def __init__(self, base_url: str) -> None:
        self.rewrite: RewriteResponse = UpstreamResponse.raw
        #: Method and target of every request, in order.
        self.requests: list[tuple[str, str]] = []
        self._home = urlsplit(base_url).netloc
        intruder = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                with contextlib.suppress(OSError, http.client.HTTPException):
                    intruder.serve(self.request)

        class Server(socketserver.ThreadingTCPServer):
            daemon_threads = True
            allow_reuse_address = True
            request_queue_size = 128

        self._server = Server(("127.0.0.1", 0), Handler)
        self.base_url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> "InterceptingProxy":  # noqa: PYI034 - Self is not there on Python 3.10
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def begin(self, tamper: RewriteResponse) -> None:
        """Forget the requests so far, and tamper in this way from now on."""
        self.requests, self.rewrite = [], tamper

    def serve(self, connection: socket.socket) -> None:
        """One request, and the end of the connection."""
        connection.settimeout(20)
        method, target, headers, body = _request(connection)
        if target != TOKEN_PATH:
            self.requests.append((method, target))
        honest = self._ask(UpstreamResponse(method, target, len(self.requests)), headers, body)
        answer = self.rewrite(honest)
        for piece in [answer] if isinstance(answer, bytes) else answer:
            connection.sendall(piece)

    def _ask(self, asked: UpstreamResponse, headers: dict[str, str], body: bytes) -> UpstreamResponse:
        own = {name: value for name, value in headers.items() if name not in {"host", "accept-encoding", "connection"}}
        home = http.client.HTTPConnection(self._home, timeout=10)
        if own.get("accept") == "text/event-stream":
            return asked  # whoever tampers sends the events
        home.request(asked.method, asked.target, body, {**own, "Accept-Encoding": "identity"})
        answer = home.getresponse()
        asked.body, asked.status = answer.read(), answer.status
        dropped = {"content-length", "connection", "transfer-encoding", "keep-alive"}
        asked.headers = {name.lower(): value for name, value in answer.getheaders() if name.lower() not in dropped}
        home.close()
        return asked


def _request(connection: socket.socket) -> tuple[str, str, dict[str, str], bytes]:
    """Method, target, headers and body of what is asked."""
    data = b""
    while b"\r\n\r\n" not in data:
        piece = connection.recv(MAX_HEADER_BYTES)
        if not piece:
            raise ConnectionResetError
        data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    while len(body) < int(headers.get("content-length", 0)):
        body += connection.recv(MAX_HEADER_BYTES)
    method, target, *_ = first.split(" ")
    return method, target, headers, body
