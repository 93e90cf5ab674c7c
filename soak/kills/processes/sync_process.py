"""Syncs in processes that are killed, at a moment that is told by what they print, what they ask for, or the time."""

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

#: Seconds after which a sync that does not end counts as hanging, and the same once it was told to end.
HANG_SECONDS, EXIT_SECONDS = 120.0, 20.0
#: Seconds between two looks at what a sync has asked for.
POLL_SECONDS = 0.002


@dataclass(frozen=True)
class ProcessExit:
    """How a sync ended. `left`: an unfinished last line; `told`: the signal that it got, None where it ended before."""

    code: int
    told: signal.Signals | None
    left: bytes
    errors: str
    is_hung: bool

    def amiss(self, *, is_complete: bool) -> list[str]:
        """What is not as it should be: a process ends soon, with a code that is true, and leaves whole lines only.

        One that had read everything may have been Python's own again, which is as good.
        """
        if is_complete and self.told:
            return []
        if self.is_hung:
            return ["it did not end, though told to" if self.told else "it did not end"]
        codes = {None: 0, signal.SIGKILL: -signal.SIGKILL, signal.SIGTERM: 143, signal.SIGINT: 130}
        found = []
        if self.code not in {0, codes[self.told]}:
            found.append(f"the exit code is {self.code}")
        if self.left and self.told != signal.SIGKILL:
            found.append(f"half a line is left: {self.left[-60:]!r}")
        if self.errors:
            found.append(f"stderr has {self.errors[-300:]!r}")
        return found


class ForkServer:
    """Starts syncs, one at a time."""

    def __init__(self) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            command = [sys.executable, "-m", "soak.kills.processes.fork_server", str(theirs.fileno())]
            self._process = subprocess.Popen(command, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL)
        self._orders = ours

    def start(self, arguments: list[str], seed: int, output: int, errors: int) -> int:
        """A process that reads and prints; its id."""
        order = json.dumps({"arguments": arguments, "seed": seed}).encode()
        socket.send_fds(self._orders, [order], [output, errors])
        return int(self._orders.recv(64))

    def reap(self, pid: int) -> int:
        """The exit code of a process that has ended, or is about to."""
        self._orders.send(json.dumps({"reap": pid}).encode())
        return int(self._orders.recv(64))

    def close(self) -> None:
        """No more syncs."""
        self._orders.close()
        self._process.wait()


@cache
def fork_server() -> ForkServer:
    """The one of this process; it ends with it."""
    only = ForkServer()
    atexit.register(only.close)
    return only


class SyncProcess:
    """One sync, whose output goes to `taken` in lines; `is_time`, asked all the while, tells when to send the signal.

    `taken` may refuse a line: then everything behind it is lost with the process, as when the machine goes down.
    """

    def __init__(
        self, files: dict[str, Any], taken: Callable[[bytes], bool], is_time: Callable[[], bool], number: signal.Signals
    ) -> None:
        self._files = files
        self._taken, self._is_time, self._number = taken, is_time, number
        self._waiting = b""
        self._is_lost = False
        self._told: signal.Signals | None = None

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
            return ProcessExit(code, self._told, self._waiting, errors.read().decode(), is_hung)

    def _arguments(self, folder: Path) -> list[str]:
        for name, content in self._files.items():
            (folder / f"{name}.json").write_text(json.dumps(content))
        return [part for name in self._files for part in (f"--{name}", str(folder / f"{name}.json"))]

    def _follow(self, pid: int, reading: int) -> bool:
        """Take what is printed, and send the signal in time; whether the output ended."""
        until = time.monotonic() + HANG_SECONDS
        while time.monotonic() < until:
            if select.select([reading], [], [], 1.0 if self._told else POLL_SECONDS)[0]:
                chunk = os.read(reading, 1 << 16)
                if not chunk:
                    return True
                self._take(chunk)
            if self._told is None and (self._is_lost or self._is_time()):
                self._told = signal.SIGKILL if self._is_lost else self._number
                os.kill(pid, self._told)
                until = time.monotonic() + EXIT_SECONDS
        return False

    def _take(self, chunk: bytes) -> None:
        if self._is_lost:
            return
        *lines, self._waiting = (self._waiting + chunk).split(b"\n")
        for line in lines:
            if not self._taken(line):
                self._is_lost, self._waiting = True, b""
                return
