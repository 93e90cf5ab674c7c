"""A context manager that runs servers in a background thread: `with simulator:`."""

from __future__ import annotations

import asyncio
import threading
from abc import ABC, abstractmethod
from collections.abc import Coroutine
from types import TracebackType
from typing import Any, TypeVar

T = TypeVar("T", bound="BackgroundServer")


class BackgroundServer(ABC):
    """Opens servers in an event loop, which `with` runs in a background thread."""

    _worker: _EventLoopThread | None = None

    @abstractmethod
    async def open(self) -> None:
        """Start listening, in the running event loop."""

    @abstractmethod
    async def close(self) -> None:
        """Stop listening and close every connection."""

    def __enter__(self: T) -> T:  # noqa: PYI019 - typing.Self is Python 3.11's
        self._worker = _EventLoopThread()
        try:
            self._worker.run(self.open())
        except BaseException:
            self._worker.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._worker is not None:
            self._worker.run(self.close())
            self._worker.stop()


class _EventLoopThread:
    """An event loop in a background thread."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="auth0-simulator", daemon=True)
        self._thread.start()

    def run(self, coroutine: Coroutine[Any, Any, None]) -> None:
        """Run a coroutine in the loop and wait for its end."""
        asyncio.run_coroutine_threadsafe(coroutine, self._loop).result()

    def stop(self) -> None:
        """Stop the loop and join the thread."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
