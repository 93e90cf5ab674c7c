"""Graceful shutdown on SIGTERM and SIGINT: soon, after a complete output line, and with the signal's exit code.

A platform that cancels a sync sends SIGTERM and, some seconds later, SIGKILL; Ctrl-C is SIGINT.
"""

import contextlib
import os
import select
import signal
import sys
import threading
from collections.abc import Iterator
from queue import SimpleQueue

from airbyte_cdk.logger import PRINT_BUFFER

SIGNALS = (signal.SIGTERM, signal.SIGINT)
#: Seconds to wait for a line that is being written: a reader that hangs with the pipe open never accepts it.
MAX_LINE_WAIT_SECONDS = 3.0
#: The exit code of a process that a signal ended is this plus the signal's number, as in a shell.
SIGNAL_EXIT_CODE_BASE = 128
#: Tells the thread to end without a signal.
NO_SIGNAL = 0


@contextlib.contextmanager
def exit_on_signals() -> Iterator[None]:
    """Within the block, SIGTERM and SIGINT end the process with exit code 143 or 130.

    By default, SIGTERM kills Python in the middle of a line (or is ignored by a container's first process), and SIGINT
    raises KeyboardInterrupt in the middle of one. Here another thread ends the process once it holds the lock under
    which every line is written; workers are not waited for, since they may be waiting for a rate limit.
    """
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread may set signal handlers; the calling program has its own
        return
    # A signal handler may interrupt anything: `SimpleQueue.put` is reentrant, starting a thread there may deadlock.
    received: SimpleQueue[int] = SimpleQueue()
    # An ignored signal, such as SIGINT of a shell's background job, stays ignored.
    previous = {number: handler for number in SIGNALS if (handler := signal.getsignal(number)) is not signal.SIG_IGN}
    for number in previous:
        signal.signal(number, lambda signum, _: received.put(signum))
    thread = threading.Thread(target=_exit_when_signalled, args=(received,), name="shutdown", daemon=True)
    thread.start()
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
        received.put(NO_SIGNAL)
        thread.join()


def _exit_when_signalled(received: "SimpleQueue[int]") -> None:
    number = received.get()
    if number == NO_SIGNAL:
        return
    if PRINT_BUFFER.lock.acquire(timeout=MAX_LINE_WAIT_SECONDS):
        _log_last_line(
            f"Ended by {signal.Signals(number).name}. The next sync goes on from the last state that was printed."
        )
    os._exit(SIGNAL_EXIT_CODE_BASE + number)


def _log_last_line(message: str) -> None:
    """Write a last log line unless that would block: the reader may be gone."""
    line = f'{{"type":"LOG","log":{{"level":"INFO","message":"{message}"}}}}\n'.encode()
    with contextlib.suppress(OSError, ValueError):
        output = sys.stdout.fileno()
        if select.select([], [output], [], 0)[1]:
            os.write(output, line)
