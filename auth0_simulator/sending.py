"""A reply of many pieces, sent one by one, so that others are served in between."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator

from auth0_simulator.message import Reply


class Sending:
    """One streamed reply on its way; it makes no further piece while the client does not read.

    An empty piece is nothing yet: the stream is asked again after the reply's `poll`.
    """

    def __init__(
        self, transport: asyncio.Transport, reply: Reply, done: Callable[[], None], *, keep_alive: bool
    ) -> None:
        self._transport = transport
        self._pace = reply.pace
        self._poll = reply.poll
        self._honest = reply.honest
        self._pieces: Iterator[bytes] = reply.pieces()
        self._done = done
        self._paused = False
        self._waiting = False
        transport.write(reply.head(["transfer-encoding: chunked"], keep_alive=keep_alive))
        self._schedule()

    def pause(self) -> None:
        """The client reads too slowly."""
        self._paused = True

    def resume(self) -> None:
        """The client has caught up."""
        self._paused = False
        if not self._waiting:
            self._schedule()

    def abandon(self) -> None:
        """The client is gone, and so is what the stream held."""
        close = getattr(self._pieces, "close", None)
        if close is not None:
            close()

    def _schedule(self, pause: float = 0.0) -> None:
        self._waiting = True
        loop = asyncio.get_running_loop()
        if max(self._pace, pause) > 0:
            loop.call_later(max(self._pace, pause), self._step)
        else:
            loop.call_soon(self._step)

    def _step(self) -> None:
        self._waiting = False
        if self._transport.is_closing():
            return
        piece = next(self._pieces, None)
        if piece:
            self._transport.write(b"%x\r\n%b\r\n" % (len(piece), piece))
        if piece is not None:
            if not self._paused:
                self._schedule(0.0 if piece else self._poll)
        elif self._honest:
            self._transport.write(b"0\r\n\r\n")
            self._done()
        else:
            self._transport.close()
