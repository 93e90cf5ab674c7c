"""Standard output, written in blocks of rows."""

import sys

from airbyte_cdk.logger import PRINT_BUFFER

from source_auth0.engine.page_records import RecordLines

BUFFER_BYTES = 1 << 16


class OutputError(Exception):
    """Standard output takes nothing more, as on a disk that is full."""

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"What was read cannot be written to standard output: {reason}. Make room where the output goes, or send "
            "it elsewhere, and sync again: the next sync resumes from the last state that was written whole."
        )


class StdoutWriter:
    """Standard output, some fifty rows at a time.

    The framework's own buffer waits a tenth of a second, which a killed sync loses: up to 2,000 rows. A write for
    each message costs twice the time of the whole read, since every one of them lets another thread have its turn.
    """

    def __init__(self) -> None:
        self._waiting: list[bytes] = []
        self._size = 0

    def write_rows(self, lines: RecordLines) -> None:
        """Rows may wait for others; many at once do not, since they would be copied to be joined with those."""
        if len(lines.text) >= BUFFER_BYTES:
            self.flush()
        self._waiting.append(lines.text)
        self._size += len(lines.text)
        if self._size >= BUFFER_BYTES:
            self.flush()

    def write_message(self, line: str) -> None:
        """A state or a log line waits for nothing."""
        self._waiting.append(f"{line}\n".encode())
        self.flush()

    def flush(self) -> None:
        """Write what waits; workers write log lines themselves, which must not come amid a row."""
        with PRINT_BUFFER.lock:
            left = memoryview(b"".join(self._waiting))
            try:
                while left:
                    # With PYTHONUNBUFFERED, a signal leaves the rest of a write to the caller.
                    left = left[sys.stdout.buffer.write(left) :]
                sys.stdout.buffer.flush()
            except BrokenPipeError:
                raise
            except OSError as error:
                raise OutputError(error.strerror or str(error)) from None
        self._waiting, self._size = [], 0
