"""Serving from a thread of its own: `with simulator:`."""

from __future__ import annotations

import asyncio
import threading
from abc import ABC, abstractmethod
from collections.abc import Coroutine
from types import TracebackType
from typing import Any, TypeVar

T = TypeVar("T", bound="Threaded")


class Threaded(ABC):
    """What is opened in an event loop, which `with` runs in a thread."""

    _worker: _Worker | None = None

    @abstractmethod
    async def open(self) -> None:
        """Listen, in the running loop."""

    @abstractmethod
    async def close(self) -> None:
        """Drop every connection."""

    def __enter__(self: T) -> T:  # noqa: PYI019 - typing.Self is Python 3.11's
        self._worker = _Worker()
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


class _Worker:
    """An event loop in a thread of its own."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="auth0-simulator", daemon=True)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, None]) -> None:
        """Do something in the loop and wait for it."""
        asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def stop(self) -> None:
        """End the loop and the thread."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
