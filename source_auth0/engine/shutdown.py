"""How the process ends when it is told to: soon, after a whole line, and with an exit code that claims nothing.

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
#: Seconds for a line that is being written: a reader who has gone away without closing the pipe never takes it.
MAX_LINE_WAIT_SECONDS = 3.0
#: A shell's exit code for a process that a signal ended is this and the signal's number.
SIGNAL_EXIT_CODE_BASE = 128
#: The number of no signal.
NO_SIGNAL = 0


@contextlib.contextmanager
def exit_on_signals() -> Iterator[None]:
    """While this lasts, SIGTERM and SIGINT end the process, with exit code 143 or 130.

    Left alone, Python would die of SIGTERM amid a line (and ignore it as a container's first process), and raise
    KeyboardInterrupt amid one for SIGINT. Here another thread ends the process, once it holds the lock that every line
    is written under; workers are not waited for, since they may be waiting for a rate limit.
    """
    if threading.current_thread() is not threading.main_thread():
        yield  # a program that reads in a thread of its own has its own way with signals
        return
    # Its `put` may interrupt anything; starting a thread takes a lock that may be held just then.
    received: SimpleQueue[int] = SimpleQueue()
    # One that is ignored, as SIGINT is in a shell's background, stays so.
    before = {number: how for number in SIGNALS if (how := signal.getsignal(number)) is not signal.SIG_IGN}
    for number in before:
        signal.signal(number, lambda told, _: received.put(told))
    ender = threading.Thread(target=_exit_when_signalled, args=(received,), name="ending", daemon=True)
    ender.start()
    try:
        yield
    finally:
        for number, how in before.items():
            signal.signal(number, how)
        received.put(NO_SIGNAL)
        ender.join()


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
    """A last line, where there is room for it: nobody may be reading any more."""
    line = f'{{"type":"LOG","log":{{"level":"INFO","message":"{message}"}}}}\n'.encode()
    with contextlib.suppress(OSError, ValueError):
        output = sys.stdout.fileno()
        if select.select([], [output], [], 0)[1]:
            os.write(output, line)
