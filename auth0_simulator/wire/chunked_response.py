"""Chunked transfer encoding: a streamed response is sent chunk by chunk; other connections are served in between."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator

from auth0_simulator.wire.messages import HttpResponse


class ChunkedResponseWriter:
    """Sends one streamed response; it produces no further chunk while the client does not read.

    An empty chunk means that there is no data yet: the stream is polled again after `poll_interval_seconds`.
    """

    def __init__(
        self, transport: asyncio.Transport, response: HttpResponse, done: Callable[[], None], *, keep_alive: bool
    ) -> None:
        self._transport = transport
        self._send_interval = response.send_interval_seconds
        self._poll_interval = response.poll_interval_seconds
        self._declares_sent_length = response.declares_sent_length
        self._chunks: Iterator[bytes] = response.chunks()
        self._done = done
        self._paused = False
        self._waiting = False
        transport.write(response.head(["transfer-encoding: chunked"], keep_alive=keep_alive))
        self._schedule()

    def pause(self) -> None:
        """Stop: the client reads too slowly."""
        self._paused = True

    def resume(self) -> None:
        """Go on: the client has caught up."""
        self._paused = False
        if not self._waiting:
            self._schedule()

    def cancel(self) -> None:
        """Close the stream: the client has disconnected."""
        close = getattr(self._chunks, "close", None)
        if close is not None:
            close()

    def _schedule(self, pause: float = 0.0) -> None:
        self._waiting = True
        loop = asyncio.get_running_loop()
        if max(self._send_interval, pause) > 0:
            loop.call_later(max(self._send_interval, pause), self._step)
        else:
            loop.call_soon(self._step)

    def _step(self) -> None:
        self._waiting = False
        if self._transport.is_closing():
            return
        chunk = next(self._chunks, None)
        if chunk:
            self._transport.write(b"%x\r\n%b\r\n" % (len(chunk), chunk))
        if chunk is not None:
            if not self._paused:
                self._schedule(0.0 if chunk else self._poll_interval)
        elif self._declares_sent_length:
            self._transport.write(b"0\r\n\r\n")
            self._done()
        else:
            self._transport.close()
