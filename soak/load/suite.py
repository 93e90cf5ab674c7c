"""Millions of rows from one process: whether memory, threads, files or CPU time per row grow over time."""

import json
import select
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from auth0_simulator import Simulator
from soak.load.inventory import STREAMS, Inventory, row_counts
from soak.load.process_metrics import ProcessMetrics, growth, process_metrics, thirds
from soak.load.repeated_syncs import repeats
from soak.tally import Tally
from testing.in_process import catalog_of
from testing.tenants import config_of, in_subprocess

WORKERS = 16
#: Together five million rows, of users, of the log, and of lists for each organization. Users and the log take equally
#: long, so that the cost of a row is comparable throughout.
USERS, EVENTS, ORGANIZATIONS = 2_650_000, 1_820_000, 8_500
SAMPLES = 90
CHUNK = 1 << 20
#: Seconds without output after which a sync counts as hung.
SILENCE_SECONDS = 300.0
RECORD = b'{"type":"RECORD"'


@dataclass
class LoadResult:
    """The result of a sync: samples of its resource use, its exit code, and its error messages."""

    inventory: Inventory
    samples: list[ProcessMetrics] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    code: int | None = None


def suite(seed: int) -> Iterator[Tally]:
    """One process and five million rows; and many syncs, checks and abandoned syncs in one process."""
    with in_subprocess(_serve_tenant, seed) as pipe:
        config, rows = pipe.recv()
        yield tally(load(config, rows, seed), sum(rows.values()))
    yield from repeats(seed, times=50)


def load(config: Mapping[str, Any], rows: Mapping[str, int], seed: int, samples: int = SAMPLES) -> LoadResult:
    """Sync all streams of the inventory in a process of its own; `rows`: see `row_counts`."""
    done = LoadResult(Inventory(rows, seed))
    sample_interval = max(sum(rows.values()) // samples, 1)
    with _connector({**config, "num_workers": WORKERS}) as process:
        for line in _lines(process):
            if line.startswith(RECORD):
                done.inventory.take(line)
                if done.inventory.rows % sample_interval == 0:
                    done.samples.append(process_metrics(process.pid, done.inventory.rows, done.inventory.lists))
            elif b'"type":"ERROR"' in line:
                done.errors.append(json.loads(line)["trace"]["error"]["message"])
        done.code = process.poll()
    return done


def tally(done: LoadResult, rows: int) -> Tally:
    """The result as a row of the table, with its problems."""
    missing = done.inventory.missing
    row = Tally(f"{rows:,} rows by {WORKERS} workers", runs=1, records=done.inventory.rows)
    row.losses, row.hangs = sum(missing.values()), int(done.code is None)
    row.complaints = [f"missing: {missing}"] * bool(missing) + done.errors
    if done.code:
        row.complaints.append(f"the exit code is {done.code}")
    if done.inventory.repeated or done.inventory.unknown:
        row.complaints.append(f"{done.inventory.repeated} rows came twice, {done.inventory.unknown} from nowhere")
    row.complaints += growth(done.samples)
    row.more = "second third: {}; last third: {}".format(*thirds(done.samples))
    return row


@contextmanager
def _connector(config: Mapping[str, Any]) -> Iterator[subprocess.Popen[bytes]]:
    with tempfile.TemporaryDirectory() as folder:
        arguments = [sys.executable, "-m", "source_auth0", "read"]
        for name, value in {"config": config, "catalog": catalog_of(*STREAMS, full_refresh=True)}.items():
            Path(folder, name).write_text(json.dumps(value))
            arguments += [f"--{name}", str(Path(folder, name))]
        with subprocess.Popen(arguments, stdout=subprocess.PIPE) as process:
            try:
                yield process
            finally:
                process.kill()


def _lines(process: subprocess.Popen[bytes]) -> Iterator[bytes]:
    """The lines of the output, to its end or until nothing is printed for SILENCE_SECONDS."""
    assert process.stdout is not None  # noqa: S101 - it was asked for
    partial_line = b""
    while select.select([process.stdout], [], [], SILENCE_SECONDS)[0]:
        chunk = process.stdout.read1(CHUNK)  # type: ignore[attr-defined] # it is buffered
        if not chunk:
            process.wait()
            return
        *lines, partial_line = (partial_line + chunk).split(b"\n")
        yield from lines


def _serve_tenant(seed: int, pipe: Connection) -> None:
    """Serve a tenant, clearing its journal every ten seconds, until a message arrives."""
    with Simulator(users=USERS, log_events=EVENTS, organizations=ORGANIZATIONS, seed=seed) as sim:
        pipe.send((config_of(sim), row_counts(sim)))
        while not pipe.poll(10):
            sim.clear_journal()
