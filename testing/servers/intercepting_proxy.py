"""A proxy between the connector and the simulated tenant that can replace every response, down to the raw bytes."""

import contextlib
import http.client
import socket
import socketserver
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

#: A raw response: all of its bytes, or chunks in the order they are sent.
RawResponse = bytes | Iterable[bytes]
TOKEN_PATH = "/oauth/token"  # noqa: S105 - a path
MAX_HEADER_BYTES = 1 << 16


@dataclass
class UpstreamResponse:
    """A request and the tenant's response to it; `number` counts the requests other than those for a token."""

    method: str
    target: str
    number: int
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b"{}"

    def raw(
        self, body: bytes | None = None, *, status: int | None = None, headers: Mapping[str, str] | None = None
    ) -> bytes:
        """The response as bytes, optionally with another body or status, or more headers."""
        content = self.body if body is None else body
        all_headers = {**self.headers, "content-length": str(len(content)), **(headers or {})}
        lines = [
            f"HTTP/1.1 {status or self.status} Whatever",
            *(f"{name}: {value}" for name, value in all_headers.items()),
        ]
        return "\r\n".join([*lines, "connection: close", "", ""]).encode("latin-1", "replace") + content


RewriteResponse = Callable[[UpstreamResponse], RawResponse]


class InterceptingProxy:
    """Listens on loopback, forwards requests to a simulator, and sends what `rewrite` returns for each response."""

    def __init__(self, base_url: str) -> None:
        self.rewrite: RewriteResponse = UpstreamResponse.raw
        #: Method and target of every request, in order.
        self.requests: list[tuple[str, str]] = []
        self._upstream_address = urlsplit(base_url).netloc
        proxy = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                with contextlib.suppress(OSError, http.client.HTTPException):
                    proxy.serve(self.request)

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

    def begin(self, rewrite: RewriteResponse) -> None:
        """Clear the recorded requests, and rewrite responses this way from now on."""
        self.requests, self.rewrite = [], rewrite

    def serve(self, connection: socket.socket) -> None:
        """Serve one request; the connection is closed afterwards."""
        connection.settimeout(20)
        method, target, headers, body = _request(connection)
        if target != TOKEN_PATH:
            self.requests.append((method, target))
        upstream_response = self._forward(UpstreamResponse(method, target, len(self.requests)), headers, body)
        response = self.rewrite(upstream_response)
        for chunk in [response] if isinstance(response, bytes) else response:
            connection.sendall(chunk)

    def _forward(self, response: UpstreamResponse, headers: dict[str, str], body: bytes) -> UpstreamResponse:
        forwarded_headers = {
            name: value for name, value in headers.items() if name not in {"host", "accept-encoding", "connection"}
        }
        upstream = http.client.HTTPConnection(self._upstream_address, timeout=10)
        if forwarded_headers.get("accept") == "text/event-stream":
            return response  # `rewrite` supplies the events
        upstream.request(response.method, response.target, body, {**forwarded_headers, "Accept-Encoding": "identity"})
        received = upstream.getresponse()
        response.body, response.status = received.read(), received.status
        dropped = {"content-length", "connection", "transfer-encoding", "keep-alive"}
        response.headers = {name.lower(): value for name, value in received.getheaders() if name.lower() not in dropped}
        upstream.close()
        return response


def _request(connection: socket.socket) -> tuple[str, str, dict[str, str], bytes]:
    """The method, target, headers and body of a request."""
    data = b""
    while b"\r\n\r\n" not in data:
        chunk = connection.recv(MAX_HEADER_BYTES)
        if not chunk:
            raise ConnectionResetError
        data += chunk
    head, _, body = data.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    while len(body) < int(headers.get("content-length", 0)):
        body += connection.recv(MAX_HEADER_BYTES)
    method, target, *_ = first.split(" ")
    return method, target, headers, body
