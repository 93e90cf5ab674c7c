"""An answer that stays open: what its beginning means, and its bytes as they come."""

import contextlib
import queue
import threading

import requests
import urllib3

CHUNK_BYTES = 1 << 16
#: Chunks that are read before somebody asks for them, and seconds between two looks whether anybody still will.
MAX_QUEUED_CHUNKS, RECHECK_SECONDS = 16, 0.1
CLOSE_SECONDS = 2.0


class EventStreamConnection:
    """An open answer, read by a thread of its own, so that whoever listens can stop waiting at any moment.

    A socket's timeout counts from the last byte, which a heartbeat sends on without end.
    """

    def __init__(self, answer: requests.Response) -> None:
        self._answer = answer
        self._chunks: queue.Queue[bytes | Exception] = queue.Queue(MAX_QUEUED_CHUNKS)
        self._unwanted = threading.Event()
        self._thread = threading.Thread(target=self._read, name="listening", daemon=True)
        self._thread.start()

    def next(self, seconds: float) -> bytes:
        """The next bytes, b"" at the end; raises TimeoutError when none come, or what the connection broke with."""
        try:
            found = self._chunks.get(timeout=max(seconds, 0.001))
        except queue.Empty:
            raise TimeoutError from None
        if isinstance(found, Exception):
            raise found
        return found

    def close(self) -> None:
        """Hang up, and wait a moment until that is done: a plan may allow no second connection."""
        self._unwanted.set()
        with contextlib.suppress(AttributeError, ValueError, RuntimeError, OSError):
            self._answer.raw.shutdown()
        self._thread.join(CLOSE_SECONDS)

    def _read(self) -> None:
        try:
            while (chunk := self._answer.raw.read1(CHUNK_BYTES)) and self._put(chunk):
                pass
            self._put(b"")
        except urllib3.exceptions.ReadTimeoutError:
            # Silence, which is no fault: another connection may be better.
            self._put(b"")
        except Exception as error:  # noqa: BLE001 - whatever it broke with is for the listener to judge
            self._put(error)
        finally:
            self._answer.close()

    def _put(self, chunk: bytes | Exception) -> bool:
        """Whether it was taken; nobody takes anything once the listener has hung up."""
        while not self._unwanted.is_set():
            with contextlib.suppress(queue.Full):
                self._chunks.put(chunk, timeout=RECHECK_SECONDS)
                return True
        return False
