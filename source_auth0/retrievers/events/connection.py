"""A streamed response whose bytes are read in a background thread."""

import contextlib
import queue
import threading

import requests
import urllib3

CHUNK_BYTES = 1 << 16
#: Chunks that are read ahead of the consumer, and seconds between two checks whether it has closed the connection.
MAX_QUEUED_CHUNKS, RECHECK_SECONDS = 16, 0.1
CLOSE_SECONDS = 2.0


class EventStreamConnection:
    """An open response, read by a thread of its own, so that the consumer can stop waiting at any time.

    A socket's timeout counts from the last byte, which a heartbeat renews forever.
    """

    def __init__(self, response: requests.Response) -> None:
        self._response = response
        self._chunks: queue.Queue[bytes | Exception] = queue.Queue(MAX_QUEUED_CHUNKS)
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._read, name="event-stream", daemon=True)
        self._thread.start()

    def next(self, seconds: float) -> bytes:
        """The next bytes, b"" at the end; raises TimeoutError when none come, or what broke the connection."""
        try:
            chunk = self._chunks.get(timeout=max(seconds, 0.001))
        except queue.Empty:
            raise TimeoutError from None
        if isinstance(chunk, Exception):
            raise chunk
        return chunk

    def close(self) -> None:
        """Close the connection and wait briefly until that is done: a plan may allow no second one."""
        self._closed.set()
        with contextlib.suppress(AttributeError, ValueError, RuntimeError, OSError):
            self._response.raw.shutdown()
        self._thread.join(CLOSE_SECONDS)

    def _read(self) -> None:
        try:
            while (chunk := self._response.raw.read1(CHUNK_BYTES)) and self._put(chunk):
                pass
            self._put(b"")
        except urllib3.exceptions.ReadTimeoutError:
            # Silence is no failure: the consumer reconnects as after a regular end.
            self._put(b"")
        except Exception as error:  # noqa: BLE001 - the consumer classifies the error
            self._put(error)
        finally:
            self._response.close()

    def _put(self, chunk: bytes | Exception) -> bool:
        """Queue a chunk; False once the consumer has closed the connection."""
        while not self._closed.is_set():
            with contextlib.suppress(queue.Full):
                self._chunks.put(chunk, timeout=RECHECK_SECONDS)
                return True
        return False
