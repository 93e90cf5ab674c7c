"""Graceful shutdown on SIGTERM and SIGINT: soon, after a complete output line, and of the signal itself.

A platform that cancels a sync sends SIGTERM and, some seconds later, SIGKILL; Ctrl-C is SIGINT. PyAirbyte ends every
sync that it limits with SIGTERM, and takes an exit code for a failure.
"""

import contextlib
import os
import select
import signal
import sys
import threading
from collections.abc import Iterator

from airbyte_cdk.logger import PRINT_BUFFER

SIGNALS = (signal.SIGTERM, signal.SIGINT)
#: Seconds to wait for a line that is being written: a reader that hangs with the pipe open never accepts it.
MAX_LINE_WAIT_SECONDS = 3.0
#: The first process of a container, which no signal kills by default.
INIT_PID = 1
#: Its exit code after a signal is this plus the signal's number, as a shell has it.
SIGNAL_EXIT_CODE_BASE = 128


@contextlib.contextmanager
def exit_on_signals() -> Iterator[None]:
    """Within the block, SIGTERM and SIGINT kill the process after a whole line; as process 1 it exits with 143 or 130.

    By default, SIGTERM kills Python in the middle of a line (or is ignored by a container's first process), and SIGINT
    raises KeyboardInterrupt in the middle of one. Here both are blocked, and a thread waits for them: it dies of the
    signal once it holds the lock under which every line is written. Workers are not waited for, since they may be
    waiting for a rate limit; nor is the main thread, which may be resolving a name.
    """
    if threading.current_thread() is not threading.main_thread() or not hasattr(signal, "pthread_sigmask"):
        yield  # only the main thread may set a signal's handler; the calling program has its own
        return
    # An ignored signal, such as SIGINT of a shell's background job, stays ignored.
    previous = {number: signal.getsignal(number) for number in SIGNALS}
    handlers = {number: handler for number, handler in previous.items() if handler not in {signal.SIG_IGN, None}}
    for number in handlers:
        signal.signal(number, signal.SIG_DFL)
    # Threads inherit the mask of the thread that starts them.
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, handlers)
    is_over = threading.Event()
    thread = threading.Thread(target=_die_when_signalled, args=(set(handlers), is_over), name="shutdown", daemon=True)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        if handlers and thread.ident is not None:
            signal.pthread_kill(thread.ident, next(iter(handlers)))
        thread.join()
        for number, handler in handlers.items():
            signal.signal(number, handler)
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)


def _die_when_signalled(numbers: set[signal.Signals], is_over: threading.Event) -> None:
    if not numbers:
        return
    number = signal.sigwait(numbers)
    if is_over.is_set():
        return
    if PRINT_BUFFER.lock.acquire(timeout=MAX_LINE_WAIT_SECONDS):
        _log_last_line(f"Stopped by {signal.Signals(number).name}. The next sync resumes from the last emitted state.")
    if os.getpid() != INIT_PID:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {number})
        signal.raise_signal(number)
    os._exit(SIGNAL_EXIT_CODE_BASE + number)


def _log_last_line(message: str) -> None:
    """Write a last log line unless that would block: the reader may be gone."""
    line = f'{{"type":"LOG","log":{{"level":"INFO","message":"{message}"}}}}\n'.encode()
    with contextlib.suppress(OSError, ValueError):
        output = sys.stdout.fileno()
        if select.select([], [output], [], 0)[1]:
            os.write(output, line)
