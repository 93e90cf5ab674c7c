"""HTTP/1.1 on asyncio: connections kept alive, answers delayed by timers so that many wait at once."""

from __future__ import annotations

import asyncio
import socket
import struct
from functools import partial
from typing import Protocol, cast

from auth0_simulator.message import MalformedRequestError, Message, Reply, parse
from auth0_simulator.sending import Sending

LOOPBACK = "127.0.0.1"
BACKLOG = 1024
#: Seconds between two looks whether all bytes have left.
DRAIN = 0.001
NO_LINGER = struct.pack("ii", 1, 0)


class App(Protocol):
    """What answers requests: the tenant's surface or the control plane."""

    def latency(self) -> float:
        """Seconds that an answer takes."""

    def answer(self, message: Message) -> Reply:
        """The answer, at the moment it is given."""


class Connection(asyncio.Protocol):
    """One client's connection: one request at a time, those sent ahead wait in the buffer."""

    def __init__(self, app: App, open_connections: set[Connection]) -> None:
        self._app = app
        self._open = open_connections
        self._buffer = b""
        self._busy = False
        self._transport: asyncio.Transport | None = None
        self._sending: Sending | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client connected."""
        self._transport = cast("asyncio.Transport", transport)
        self._open.add(self)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        """The connection is gone, whoever closed it."""
        if self._sending:
            self._sending.abandon()
        self._transport = self._sending = None
        self._open.discard(self)

    def pause_writing(self) -> None:
        """The client does not keep up."""
        if self._sending:
            self._sending.pause()

    def resume_writing(self) -> None:
        """It does again."""
        if self._sending:
            self._sending.resume()

    def abort(self) -> None:
        """Drop the connection at once."""
        if self._transport:
            self._transport.abort()

    def data_received(self, data: bytes) -> None:
        """More bytes of a request."""
        self._buffer += data
        if not self._busy:
            self._next()

    def _next(self) -> None:
        try:
            parsed = parse(self._buffer)
        except MalformedRequestError as error:
            self._send(Reply(400, str(error).encode(), "text/plain"), keep_alive=False, head_only=False)
            return
        if parsed is None:
            return
        message, length = parsed
        self._buffer = self._buffer[length:]
        self._busy = True
        latency = self._app.latency()
        if latency > 0:
            asyncio.get_running_loop().call_later(latency, self._respond, message)
        else:
            self._respond(message)

    def _respond(self, message: Message) -> None:
        if self._transport is None:
            return
        try:
            reply = self._app.answer(message)
        except Exception:
            # A mistake of the simulator has to show at once, not as a client that waits for ever.
            self._transport.abort()
            raise
        if reply.hang:
            return
        if reply.drop:
            self._transport.abort()
        elif reply.stream is not None:
            done = self._reset if reply.reset else partial(self._sent, keep_alive=message.keep_alive)
            self._sending = Sending(self._transport, reply, done, keep_alive=message.keep_alive)
        elif reply.pace > 0:
            data, _ = reply.encode(keep_alive=False)
            self._trickle(data, reply.pace)
        else:
            self._send(reply, keep_alive=message.keep_alive, head_only=message.method == "HEAD")

    def _send(self, reply: Reply, *, keep_alive: bool, head_only: bool) -> None:
        if self._transport is None:
            return
        data, cut_off = reply.encode(keep_alive=keep_alive, head_only=head_only)
        self._transport.write(data)
        if reply.reset:
            self._reset()
        else:
            self._sent(keep_alive=keep_alive and not cut_off)

    def _reset(self) -> None:
        """Reset the connection once all bytes are on their way."""
        if self._transport is None:
            return
        if self._transport.get_write_buffer_size():
            asyncio.get_running_loop().call_later(DRAIN, self._reset)
            return
        # Without lingering, closing sends a reset in place of an end.
        self._transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NO_LINGER)
        self._transport.abort()

    def _sent(self, *, keep_alive: bool) -> None:
        self._sending = None
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

    def _trickle(self, data: bytes, pace: float) -> None:
        if self._transport is None:
            return
        self._transport.write(data[:1])
        if len(data) > 1:
            asyncio.get_running_loop().call_later(pace, self._trickle, data[1:], pace)
        else:
            self._transport.close()


class Listener:
    """A listening socket on loopback and the connections it accepted."""

    def __init__(self, app: App, port: int) -> None:
        self._app = app
        self._port = port
        self._connections: set[Connection] = set()
        self._server: asyncio.Server | None = None

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://{LOOPBACK}:{self._port}"

    async def open(self) -> None:
        """Bind; port 0 becomes a free one."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: Connection(self._app, self._connections), LOOPBACK, self._port, backlog=BACKLOG
        )
        self._port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """Stop listening and drop every connection."""
        if self._server:
            self._server.close()
        for connection in tuple(self._connections):
            connection.abort()
