import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator

import pytest
from airbyte_cdk.logger import PRINT_BUFFER

from source_auth0.engine import shutdown
from source_auth0.engine.shutdown import exit_on_signals


class FakeExit:
    """Replaces `os._exit`; notes the exit code, and whether a line was being written."""

    def __init__(self) -> None:
        self.code: int | None = None
        self.was_amid_a_line: bool | None = None
        self._happened = threading.Event()
        self.is_writing = False

    def __call__(self, code: int) -> None:
        self.code, self.was_amid_a_line = code, self.is_writing
        with contextlib.suppress(RuntimeError):  # where another thread holds the lock
            PRINT_BUFFER.lock.release()
        self._happened.set()

    def wait(self) -> int | None:
        assert self._happened.wait(30)
        return self.code


@pytest.fixture
def process_exit(monkeypatch: pytest.MonkeyPatch) -> FakeExit:
    """The exit of a container's first process: any other would die of the signal."""
    end = FakeExit()
    monkeypatch.setattr(os, "_exit", end)
    monkeypatch.setattr(os, "getpid", lambda: 1)
    return end


def send(number: signal.Signals) -> None:
    """Send a signal to this process; to the one thread that does not block it, as the kernel would choose it."""
    (thread,) = (thread for thread in threading.enumerate() if thread.name == "shutdown")
    assert thread.ident is not None
    signal.pthread_kill(thread.ident, number)


@pytest.fixture
def pipe(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], tuple[int, int]]]:
    """Makes a pipe the standard output, once the test runs: pytest sets its own before."""
    reading, writing = os.pipe()
    with os.fdopen(writing, "w") as stdout:

        def connect() -> tuple[int, int]:
            monkeypatch.setattr(sys, "stdout", stdout)
            return reading, writing

        yield connect
    os.close(reading)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_process_1_exits_with_the_signals_code_and_logs_a_message(
    process_exit: FakeExit, pipe: Callable[[], tuple[int, int]], number: signal.Signals, code: int
) -> None:
    reading, _ = pipe()
    with exit_on_signals():
        send(number)
        assert code == process_exit.wait()
    message = json.loads(os.read(reading, 4096))
    assert f"Stopped by {number.name}. The next sync resumes" in message["log"]["message"]


DYING = """
import os, sys, threading, time
from source_auth0.engine.shutdown import exit_on_signals
from source_auth0.engine.stdout import StdoutWriter
threads = len(os.listdir("/proc/self/task")) if os.path.isdir("/proc/self/task") else 1
with exit_on_signals():
    threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
    output = StdoutWriter()
    output.write_message(f"{threads} thread")
    os.kill(os.getpid(), int(sys.argv[1]))
    while True:
        output.write_message("x" * 100_000)
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_process_dies_of_the_signal_itself_after_a_whole_line(number: signal.Signals) -> None:
    """Amid its output; the signal is blocked in all threads, of which there is one when the process begins."""
    done = subprocess.run(
        [sys.executable, "-c", DYING, str(number.value)], capture_output=True, timeout=60, check=False
    )
    assert (-number, b"") == (done.returncode, done.stderr)
    first, *_, last = done.stdout.splitlines(keepends=True)
    assert b"1 thread\n" == first
    assert last.endswith(b"\n")
    assert f"Stopped by {number.name}." in json.loads(last)["log"]["message"]


def test_a_line_being_written_is_finished_first(process_exit: FakeExit) -> None:
    with exit_on_signals():
        with PRINT_BUFFER.lock:
            process_exit.is_writing = True
            send(signal.SIGTERM)
            process_exit.is_writing = False
        assert (143, False) == (process_exit.wait(), process_exit.was_amid_a_line)


def test_a_blocked_line_is_waited_for_only_briefly(process_exit: FakeExit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutdown, "MAX_LINE_WAIT_SECONDS", 0.01)
    with exit_on_signals(), PRINT_BUFFER.lock:
        process_exit.is_writing = True
        send(signal.SIGTERM)
        assert (143, True) == (process_exit.wait(), process_exit.was_amid_a_line)


def test_the_message_is_left_out_where_the_pipe_is_full(
    process_exit: FakeExit, pipe: Callable[[], tuple[int, int]]
) -> None:
    reading, writing = pipe()
    os.set_blocking(writing, False)
    with contextlib.suppress(BlockingIOError):
        while os.write(writing, b"x" * 4096):
            pass
    os.set_blocking(writing, True)
    with exit_on_signals():
        send(signal.SIGTERM)
        assert 143 == process_exit.wait()
    os.set_blocking(reading, False)
    assert {ord("x")} == set(os.read(reading, 1 << 20))


def test_a_closed_stdout_does_not_prevent_the_exit(process_exit: FakeExit, monkeypatch: pytest.MonkeyPatch) -> None:
    with open(os.devnull, "w") as closed:  # noqa: PTH123 - a stream to close
        pass
    monkeypatch.setattr(sys, "stdout", closed)
    with exit_on_signals():
        send(signal.SIGINT)
        assert 130 == process_exit.wait()


def test_signal_handlers_are_restored_afterwards() -> None:
    before = [signal.getsignal(number) for number in shutdown.SIGNALS]
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, [])
    with exit_on_signals():
        assert set(shutdown.SIGNALS) <= signal.pthread_sigmask(signal.SIG_BLOCK, [])
        assert {signal.SIG_DFL} == {signal.getsignal(number) for number in shutdown.SIGNALS}
    assert before == [signal.getsignal(number) for number in shutdown.SIGNALS]
    assert mask == signal.pthread_sigmask(signal.SIG_BLOCK, [])
    assert "shutdown" not in {thread.name for thread in threading.enumerate()}


def test_a_signal_that_is_ignored_stays_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a shell ignores SIGINT for background jobs."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with exit_on_signals():
            assert signal.SIG_IGN is signal.getsignal(signal.SIGINT)
            assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, [])
    finally:
        signal.signal(signal.SIGINT, before)


def test_outside_of_the_main_thread_no_handler_is_set() -> None:
    """Python allows handlers to be set only from the main thread."""
    found = []

    def read() -> None:
        with exit_on_signals():
            found.append(signal.getsignal(signal.SIGTERM))

    thread = threading.Thread(target=read)
    thread.start()
    thread.join()
    assert [signal.getsignal(signal.SIGTERM)] == found


def test_with_all_signals_ignored_none_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signal, "getsignal", lambda _: signal.SIG_IGN)
    with exit_on_signals():
        pass
    assert "shutdown" not in {thread.name for thread in threading.enumerate()}


def test_without_signal_masks_signals_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on Windows."""
    monkeypatch.delattr(signal, "pthread_sigmask")
    before = signal.getsignal(signal.SIGTERM)
    with exit_on_signals():
        assert before is signal.getsignal(signal.SIGTERM)
