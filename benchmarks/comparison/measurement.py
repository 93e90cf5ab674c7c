"""What one run of a program takes that prints Airbyte's messages."""

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
#: A user's own id has its provider in front, those of its identities have not.
USER = re.compile(rb'"user_id": ?"((?:auth0|google-oauth2|sms|okta|samlp)\|[^"]+)"')
STARTED, COMPLETE = b'"STARTED"', b'"COMPLETE"'
HERTZ = os.sysconf("SC_CLK_TCK")
ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Measurement:
    """One finished run; seconds and processor seconds are the stream's, from STARTED to COMPLETE."""

    rows: int
    distinct: int | None
    seconds: float
    cpu: float
    peak: float
    complete: bool


@dataclass(frozen=True)
class ProcessSample:
    """When something was printed, and what the program had used of a processor by then."""

    seconds: float
    cpu: float


def measure(command: Sequence[str], *, tell_apart: bool) -> Measurement:
    """Run a command to its end; telling users apart takes the time of whoever waits for this process to read."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=ROOT)
    assert process.stdout is not None  # noqa: S101 - it was asked for
    output = _Output(process.pid, tell_apart=tell_apart)
    output.follow(process.stdout)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    began, ended = output.began, output.ended
    return Measurement(
        rows=output.rows,
        distinct=len(output.users) if tell_apart else None,
        seconds=ended.seconds - began.seconds if began and ended else 0.0,
        cpu=ended.cpu - began.cpu if began and ended else 0.0,
        peak=usage.ru_maxrss / 1024,
        complete=began is not None and ended is not None,
    )


class _Output:
    """What is worth knowing of a program's output; all of it would count as the next one's memory, which is forked."""

    def __init__(self, pid: int, *, tell_apart: bool) -> None:
        self.rows = 0
        self.users: set[bytes] = set()
        self.began: ProcessSample | None = None
        self.ended: ProcessSample | None = None
        self._pid = pid
        self._tell_apart = tell_apart

    def follow(self, stdout: IO[bytes]) -> None:
        """Read to the end, by whole lines."""
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
        if self._tell_apart:
            self.users.update(USER.findall(lines))


def seconds_until(command: Sequence[str], said: bytes | None = None) -> float:
    """Seconds from a command's start until it says something, or until its end."""
    began = time.monotonic()
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=ROOT) as process:
        assert process.stdout is not None  # noqa: S101 - it was asked for
        for line in process.stdout:
            if said is not None and said in line:
                took = time.monotonic() - began
                process.kill()
                return took
    return time.monotonic() - began


def _now(pid: int) -> ProcessSample:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    return ProcessSample(time.monotonic(), (int(fields[11]) + int(fields[12])) / HERTZ)
