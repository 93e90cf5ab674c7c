"""Syncs in processes that are killed, at a point determined by their output, their requests or the time."""

import atexit
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

#: Seconds after which a sync counts as hung, and the same after it was sent a signal.
HANG_SECONDS, EXIT_SECONDS = 120.0, 20.0
#: Seconds between two evaluations of the kill condition.
POLL_SECONDS = 0.002


@dataclass(frozen=True)
class ProcessExit:
    """How a sync ended. `unfinished_line`: output after the last newline; `sent_signal`: None if none was sent."""

    code: int
    sent_signal: signal.Signals | None
    unfinished_line: bytes
    errors: str
    is_hung: bool

    def problems(self, *, is_complete: bool) -> list[str]:
        """What is wrong: a process has to end soon, with the right exit code, and print whole lines only.

        Once it had read everything, its signal handlers may already be Python's defaults again: anything is accepted.
        """
        if is_complete and self.sent_signal:
            return []
        if self.is_hung:
            return ["it did not end, though told to" if self.sent_signal else "it did not end"]
        problems = []
        if self.code not in {0, -(self.sent_signal or 0)}:
            problems.append(f"the exit code is {self.code}")
        if self.unfinished_line and self.sent_signal != signal.SIGKILL:
            problems.append(f"half a line is left: {self.unfinished_line[-60:]!r}")
        if self.errors:
            problems.append(f"stderr has {self.errors[-300:]!r}")
        return problems


class ForkServer:
    """Starts syncs, one at a time."""

    def __init__(self) -> None:
        own_end, server_end = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with server_end:
            command = [sys.executable, "-m", "soak.kills.processes.fork_server", str(server_end.fileno())]
            self._process = subprocess.Popen(command, pass_fds=[server_end.fileno()], stdin=subprocess.DEVNULL)
        self._socket = own_end

    def start(self, arguments: list[str], seed: int, output: int, errors: int) -> int:
        """Start a sync with these arguments and file descriptors; returns its process id."""
        job = json.dumps({"arguments": arguments, "seed": seed}).encode()
        socket.send_fds(self._socket, [job], [output, errors])
        return int(self._socket.recv(64))

    def reap(self, pid: int) -> int:
        """Wait for a process to end and return its exit code."""
        self._socket.send(json.dumps({"reap": pid}).encode())
        return int(self._socket.recv(64))

    def close(self) -> None:
        """Close the connection, and wait for the server to end."""
        self._socket.close()
        self._process.wait()


@cache
def fork_server() -> ForkServer:
    """The fork server of this process; it is closed at exit."""
    server = ForkServer()
    atexit.register(server.close)
    return server


class SyncProcess:
    """One sync, whose output goes to `take_line` line by line; `is_time` is polled and decides when to send the signal.

    If `take_line` returns False, the process is killed and its further output dropped, as when the machine crashes.
    """

    def __init__(
        self,
        files: dict[str, Any],
        take_line: Callable[[bytes], bool],
        is_time: Callable[[], bool],
        signal_number: signal.Signals,
    ) -> None:
        self._files = files
        self._take_line, self._is_time, self._signal_number = take_line, is_time, signal_number
        self._partial_line = b""
        self._is_crashed = False
        self._sent_signal: signal.Signals | None = None

    def run(self, seed: int) -> ProcessExit:
        """Read until the output ends."""
        with tempfile.TemporaryDirectory() as folder, (Path(folder) / "errors").open("w+b") as errors:
            reading, writing = os.pipe()
            pid = fork_server().start(["read", *self._arguments(Path(folder))], seed, writing, errors.fileno())
            os.close(writing)
            is_hung = not self._follow(pid, reading)
            if is_hung:
                os.kill(pid, signal.SIGKILL)
            os.close(reading)
            code = fork_server().reap(pid)
            errors.seek(0)
            return ProcessExit(code, self._sent_signal, self._partial_line, errors.read().decode(), is_hung)

    def _arguments(self, folder: Path) -> list[str]:
        for name, content in self._files.items():
            (folder / f"{name}.json").write_text(json.dumps(content))
        return [part for name in self._files for part in (f"--{name}", str(folder / f"{name}.json"))]

    def _follow(self, pid: int, reading: int) -> bool:
        """Consume the output, and send the signal when due; returns whether the output ended."""
        deadline = time.monotonic() + HANG_SECONDS
        while time.monotonic() < deadline:
            if select.select([reading], [], [], 1.0 if self._sent_signal else POLL_SECONDS)[0]:
                chunk = os.read(reading, 1 << 16)
                if not chunk:
                    return True
                self._take(chunk)
            if self._sent_signal is None and (self._is_crashed or self._is_time()):
                self._sent_signal = signal.SIGKILL if self._is_crashed else self._signal_number
                os.kill(pid, self._sent_signal)
                deadline = time.monotonic() + EXIT_SECONDS
        return False

    def _take(self, chunk: bytes) -> None:
        if self._is_crashed:
            return
        *lines, self._partial_line = (self._partial_line + chunk).split(b"\n")
        for line in lines:
            if not self._take_line(line):
                self._is_crashed, self._partial_line = True, b""
                return
