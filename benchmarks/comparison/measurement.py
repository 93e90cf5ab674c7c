"""Measures one run of a program that prints Airbyte messages."""

import os
import re
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

CHUNK = 1 << 20
RECORDS = (b'{"type":"RECORD"', b'{"type": "RECORD"')
#: A user's own id is prefixed with its provider; the ids within `identities` are not.
USER = re.compile(rb'"user_id": ?"((?:auth0|google-oauth2|sms|okta|samlp)\|[^"]+)"')
STARTED, COMPLETE = b'"STARTED"', b'"COMPLETE"'
HERTZ = os.sysconf("SC_CLK_TCK")
ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Measurement:
    """One finished run; seconds and CPU seconds are the stream's, from STARTED to COMPLETE."""

    rows: int
    distinct: int | None
    seconds: float
    cpu: float
    peak: float
    complete: bool


@dataclass(frozen=True)
class ProcessSample:
    """A time, and the CPU seconds that the program had used by then."""

    seconds: float
    cpu: float


def measure(command: Sequence[str], *, count_distinct: bool) -> Measurement:
    """Run a command to its end; `count_distinct` slows reading, which can stall the command's output."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=ROOT)
    assert process.stdout is not None  # noqa: S101 - it was asked for
    output = _Output(process.pid, count_distinct=count_distinct)
    output.follow(process.stdout)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    began, ended = output.began, output.ended
    return Measurement(
        rows=output.rows,
        distinct=len(output.users) if count_distinct else None,
        seconds=ended.seconds - began.seconds if began and ended else 0.0,
        cpu=ended.cpu - began.cpu if began and ended else 0.0,
        peak=usage.ru_maxrss / 1024,
        complete=began is not None and ended is not None,
    )


class _Output:
    """Counts rows and users in a program's output, which is not kept: the next fork would inherit the memory."""

    def __init__(self, pid: int, *, count_distinct: bool) -> None:
        self.rows = 0
        self.users: set[bytes] = set()
        self.began: ProcessSample | None = None
        self.ended: ProcessSample | None = None
        self._pid = pid
        self._count_distinct = count_distinct

    def follow(self, stdout: IO[bytes]) -> None:
        """Read to the end, in whole lines."""
        rest = b""
        while chunk := os.read(stdout.fileno(), CHUNK):
            lines, newline, rest = (rest + chunk).rpartition(b"\n")
            self._lines(lines + newline)
        stdout.close()

    def _lines(self, lines: bytes) -> None:
        if self.began is None and STARTED in lines:
            self.began = _now(self._pid)
        if COMPLETE in lines:
            self.ended = _now(self._pid)
        self.rows += sum(map(lines.count, RECORDS))
        if self._count_distinct:
            self.users.update(USER.findall(lines))


def seconds_until(command: Sequence[str], expected: bytes | None = None) -> float:
    """Seconds from a command's start until it prints `expected`, or until it ends."""
    began = time.monotonic()
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=ROOT) as process:
        assert process.stdout is not None  # noqa: S101 - it was asked for
        for line in process.stdout:
            if expected is not None and expected in line:
                took = time.monotonic() - began
                process.kill()
                return took
    return time.monotonic() - began


def _now(pid: int) -> ProcessSample:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    return ProcessSample(time.monotonic(), (int(fields[11]) + int(fields[12])) / HERTZ)
