"""A sync in a process of its own, whose peak memory is watched while its output is read."""

import json
import select
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

#: Seconds between two looks at a process's memory, of which the system keeps the peak.
LOOK_SECONDS = 0.05
#: Seconds without output after which a sync counts as hung.
SILENCE_SECONDS = 900.0
CHUNK = 1 << 20
RECORD, PEAK = b'{"type":"RECORD"', "VmHWM:"


@dataclass
class MeasuredSync:
    """The result of a sync: rows by stream, what was said of errors, its exit code, and its peak memory in megabytes.

    code is None if it hung.
    """

    rows: dict[str, int] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)
    state: dict[str, Any] | None = None
    megabytes: float = 0.0
    code: int | None = None

    def take(self, line: bytes) -> None:
        """Count one message."""
        if line.startswith(RECORD):
            stream = line[len(RECORD) : len(RECORD) + 80].split(b'"')[5].decode()
            self.rows[stream] = self.rows.get(stream, 0) + 1
        elif b'"type":"STATE"' in line:
            self.state = json.loads(line)["state"]
        elif b'"type":"ERROR"' in line:
            self.errors.append(json.loads(line)["trace"]["error"]["message"])


def measure(
    config: Mapping[str, Any],
    catalog: Mapping[str, Any],
    state: list[Any] | None = None,
    *,
    each: Callable[[bytes], None] = lambda _: None,
    ends_after: int | None = None,
) -> MeasuredSync:
    """Sync by the command line; `each` gets every RECORD line. `ends_after`: rows after which it is told to stop."""
    done = MeasuredSync()
    with tempfile.TemporaryDirectory() as folder:
        arguments = [sys.executable, "-m", "source_auth0", "read"]
        for name, value in {"config": config, "catalog": catalog, **({"state": state} if state else {})}.items():
            Path(folder, name).write_text(json.dumps(value))
            arguments += [f"--{name}", str(Path(folder, name))]
        with subprocess.Popen(arguments, stdout=subprocess.PIPE) as process:
            watcher = threading.Thread(target=_watch, args=(process.pid, done, stop := threading.Event()))
            watcher.start()
            try:
                has_ended = _read(process, done, each, ends_after)
            finally:
                # Before the process is waited for: then there is no memory of it to look at.
                stop.set()
                watcher.join()
            if has_ended:
                done.code = process.wait()
            process.kill()
    return done


def _read(
    process: subprocess.Popen[bytes], done: MeasuredSync, each: Callable[[bytes], None], ends_after: int | None
) -> bool:
    """Read the output to its end; returns whether it has one, or nothing was printed for SILENCE_SECONDS."""
    assert process.stdout is not None  # noqa: S101 - it was asked for
    partial_line, rows = b"", 0
    while select.select([process.stdout], [], [], SILENCE_SECONDS)[0]:
        chunk = process.stdout.read1(CHUNK)  # type: ignore[attr-defined] # it is buffered
        if not chunk:
            return True
        *lines, partial_line = (partial_line + chunk).split(b"\n")
        for line in lines:
            done.take(line)
            if line.startswith(RECORD):
                each(line)
                rows += 1
                if rows == ends_after:
                    process.send_signal(signal.SIGTERM)
    return False


def _watch(pid: int, done: MeasuredSync, stop: threading.Event) -> None:
    while not stop.wait(LOOK_SECONDS):
        status = Path(f"/proc/{pid}/status").read_text()
        if PEAK in status:  # not once it has ended
            done.megabytes = int(status.partition(PEAK)[2].split()[0]) / 1024
