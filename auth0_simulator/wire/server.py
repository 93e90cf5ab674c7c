"""An HTTP/1.1 server on asyncio: keep-alive connections, and latency by timers, so that many requests wait at once."""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
from functools import partial
from typing import Protocol, cast

from auth0_simulator.wire.chunked_response import ChunkedResponseWriter
from auth0_simulator.wire.messages import HttpRequest, HttpResponse, MalformedRequestError, parse_request

LOOPBACK = "127.0.0.1"
BACKLOG = 1024
#: Seconds between two checks whether the write buffer is empty.
DRAIN_POLL_SECONDS = 0.001
NO_LINGER = struct.pack("ii", 1, 0)


class RequestHandler(Protocol):
    """Handles the requests of a server: the dispatcher, the download host or the control plane."""

    def latency(self) -> float:
        """Seconds to wait before a response."""

    def handle(self, request: HttpRequest) -> HttpResponse:
        """The response to a request."""


class HttpConnection(asyncio.Protocol):
    """A client's connection: one request at a time; pipelined requests wait in the buffer."""

    def __init__(self, handler: RequestHandler, open_connections: set[HttpConnection]) -> None:
        self._handler = handler
        self._open = open_connections
        self._buffer = b""
        self._busy = False
        self._transport: asyncio.Transport | None = None
        self._chunked_writer: ChunkedResponseWriter | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client connected."""
        self._transport = cast("asyncio.Transport", transport)
        self._open.add(self)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        """The connection was closed, by either side."""
        if self._chunked_writer:
            self._chunked_writer.cancel()
        self._transport = self._chunked_writer = None
        self._open.discard(self)

    def pause_writing(self) -> None:
        """The write buffer is full: the client reads too slowly."""
        if self._chunked_writer:
            self._chunked_writer.pause()

    def resume_writing(self) -> None:
        """The write buffer has drained."""
        if self._chunked_writer:
            self._chunked_writer.resume()

    def abort(self) -> None:
        """Close the connection at once."""
        if self._transport:
            self._transport.abort()

    def data_received(self, data: bytes) -> None:
        """More bytes of a request."""
        self._buffer += data
        if not self._busy:
            self._next()

    def _next(self) -> None:
        try:
            parsed = parse_request(self._buffer)
        except MalformedRequestError as error:
            self._send(HttpResponse(400, str(error).encode(), "text/plain"), keep_alive=False, head_only=False)
            return
        if parsed is None:
            return
        request, length = parsed
        self._buffer = self._buffer[length:]
        self._busy = True
        latency = self._handler.latency()
        if latency > 0:
            asyncio.get_running_loop().call_later(latency, self._respond, request)
        else:
            self._respond(request)

    def _respond(self, request: HttpRequest) -> None:
        if self._transport is None:
            return
        try:
            response = self._handler.handle(request)
        except Exception:
            # A bug in the simulator has to show at once, not as a client that waits for ever.
            self._transport.abort()
            raise
        if response.hang:
            return
        if response.drop:
            self._transport.abort()
        elif response.stream is not None:
            done = self._reset if response.reset else partial(self._sent, keep_alive=request.keep_alive)
            self._chunked_writer = ChunkedResponseWriter(self._transport, response, done, keep_alive=request.keep_alive)
        elif response.send_interval_seconds > 0:
            data, _ = response.encode(keep_alive=False)
            self._send_byte_by_byte(data, response.send_interval_seconds)
        else:
            self._send(response, keep_alive=request.keep_alive, head_only=request.method == "HEAD")

    def _send(self, response: HttpResponse, *, keep_alive: bool, head_only: bool) -> None:
        if self._transport is None:
            return
        data, must_close = response.encode(keep_alive=keep_alive, head_only=head_only)
        self._transport.write(data)
        if response.reset:
            self._reset()
        else:
            self._sent(keep_alive=keep_alive and not must_close)

    def _reset(self) -> None:
        """Reset the connection (TCP RST) once the write buffer is empty."""
        if self._transport is None:
            return
        if self._transport.get_write_buffer_size():
            asyncio.get_running_loop().call_later(DRAIN_POLL_SECONDS, self._reset)
            return
        # With SO_LINGER at zero seconds, closing sends RST in place of FIN.
        self._transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NO_LINGER)
        self._transport.abort()

    def _sent(self, *, keep_alive: bool) -> None:
        self._chunked_writer = None
        if self._transport is None:
            return
        if not keep_alive:
            self._transport.close()
            return
        self._busy = False
        if self._buffer:
            asyncio.get_running_loop().call_soon(self._resume)

    def _resume(self) -> None:
        if not self._busy and self._transport is not None:
            self._next()

    def _send_byte_by_byte(self, data: bytes, interval: float) -> None:
        if self._transport is None:
            return
        self._transport.write(data[:1])
        if len(data) > 1:
            asyncio.get_running_loop().call_later(interval, self._send_byte_by_byte, data[1:], interval)
        else:
            self._transport.close()


class HttpServer:
    """A listening socket on loopback and its open connections."""

    def __init__(self, handler: RequestHandler, port: int) -> None:
        self._handler = handler
        self._port = port
        #: With this, set before the server is opened, it speaks HTTPS.
        self.tls: ssl.SSLContext | None = None
        self._connections: set[HttpConnection] = set()
        self._server: asyncio.Server | None = None

    @property
    def url(self) -> str:
        """The URL it listens at."""
        return f"{'https' if self.tls else 'http'}://{LOOPBACK}:{self._port}"

    async def open(self) -> None:
        """Bind the port; port 0 becomes a free one."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: HttpConnection(self._handler, self._connections),
            LOOPBACK,
            self._port,
            backlog=BACKLOG,
            ssl=self.tls,
        )
        self._port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """Stop listening and close every connection."""
        if self._server:
            self._server.close()
        for connection in tuple(self._connections):
            connection.abort()
