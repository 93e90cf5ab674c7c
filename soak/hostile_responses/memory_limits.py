"""The peak memory of a sync in its own process when responses are giant."""

import gzip
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from auth0_simulator import Simulator
from soak.protocol_output import protocol_violation
from soak.tally import Tally
from testing.command import CommandResult
from testing.in_process import catalog_of
from testing.servers.intercepting_proxy import InterceptingProxy, RawResponse, UpstreamResponse
from testing.tenants import config_of

#: The most megabytes for a response that is no page of rows; a page may take a few times its own size.
MAX_MEGABYTES, MAX_MEGABYTES_FOR_ROWS = 320, 512
PAGE = b'{"start":0,"limit":100,"total":%d,"roles":[%b]}'
#: Number of rows to the number of letters in each.
GIANT_TEXTS = {200_000: 220, 100: 500_000, 57: 1_000_000}
#: A letter that has Python take four bytes for each of its text's.
EMOJI = "\N{GRINNING FACE}".encode()
#: The streams that get a giant response, each with the column of its key.
KEYS = {"roles": "id", "clients": "client_id"}
ZIPPED = {"content-encoding": "gzip"}


@dataclass(frozen=True)
class Giant:
    """A response to streams, the number of rows that it has for each of them, and the most megabytes it may take."""

    response: Callable[[UpstreamResponse], RawResponse]
    rows: int = 0
    megabytes: int = MAX_MEGABYTES
    streams: tuple[str, ...] = ("roles",)


def giant_responses() -> dict[str, Giant]:
    """What is tried, by its name."""
    small = PAGE % (200_000, b",".join(b'{"id":"rol_%d","name":"%b"}' % (n, b"x" * 220) for n in range(200_000)))
    large = PAGE % (100, b",".join(b'{"id":"rol_%d","description":"%b"}' % (n, b"x" * 500_000) for n in range(100)))
    dense = gzip.compress(PAGE % (1, b"{}," * 20_000_000 + b"{}"), 1)
    bomb = gzip.compress(b"[" + b" " * (64 << 20)) * 40
    twice = gzip.compress(bomb)
    error = b'{"message":"%b"}' % (b"x" * (50 << 20))
    return {
        "50 MB in 200,000 rows": Giant(lambda upstream: upstream.raw(small), 200_000, MAX_MEGABYTES_FOR_ROWS),
        "50 MB in 100 rows": Giant(lambda upstream: upstream.raw(large), 100, MAX_MEGABYTES_FOR_ROWS),
        "57 MB of text with an emoji, in two streams": Giant(_emojis, 57, MAX_MEGABYTES_FOR_ROWS, ("roles", "clients")),
        "50 MB that are no JSON": Giant(lambda upstream: upstream.raw(b"x" * (50 << 20))),
        "50 MB of an error": Giant(lambda upstream: upstream.raw(error, status=403)),
        "20 million empty objects": Giant(lambda upstream: upstream.raw(dense, headers=ZIPPED)),
        "a gzip of 2.5 GB": Giant(lambda upstream: upstream.raw(bomb, headers=ZIPPED)),
        "a gzip in a gzip": Giant(lambda upstream: upstream.raw(twice, headers={"content-encoding": "gzip, gzip"})),
        "200 MB without a length": Giant(lambda upstream: _chunked_blanks(upstream, 200)),
    }


def memory(names: list[str] | None = None) -> Iterator[Tally]:
    """A tally for each giant response."""
    with Simulator(users=1, organizations=1) as sim, InterceptingProxy(sim.base_url) as proxy:
        for name, giant in giant_responses().items():
            if names is None or name in names:
                proxy.begin(_for_streams(giant))
                yield _measure(name, config_of(sim, base_url=proxy.base_url), giant)


def _measure(name: str, config: dict[str, Any], giant: Giant) -> Tally:
    done, megabytes = _run(config, giant.streams)
    tally = Tally(f"memory: {name}", runs=1, more=f"{megabytes:.0f} MB at most")
    due = {f"rol_{number}": GIANT_TEXTS[giant.rows] for number in range(giant.rows)}
    for stream in giant.streams:
        records = done.records.get(stream, [])
        came = {row.get(KEYS[stream]): len(row.get("description") or row.get("name") or "") for row in records}
        tally.records += len(records)
        tally.losses += len(due.items() ^ came.items())
    if complaint := protocol_violation(done):
        tally.complaints.append(complaint)
    if megabytes > giant.megabytes:
        tally.complaints.append(f"{megabytes:.0f} MB, of {giant.megabytes} allowed")
    if not giant.rows and not any("`roles`" in error["message"] for error in done.errors):
        tally.complaints.append(f"no sentence: {done.errors}")
    return tally


def _run(config: dict[str, Any], streams: Iterable[str]) -> tuple[CommandResult, float]:
    """Sync these streams; returns the result and the process's peak memory in megabytes."""
    with tempfile.TemporaryDirectory() as folder:
        arguments = [sys.executable, "-c", FAST_CONNECTOR, "read"]
        for option, value in (("config", config), ("catalog", catalog_of(*streams))):
            (Path(folder) / option).write_text(json.dumps(value))
            arguments += [f"--{option}", str(Path(folder) / option)]
        with (Path(folder) / "out").open("w+") as out, (Path(folder) / "err").open("w+") as err:
            process = subprocess.Popen(arguments, stdout=out, stderr=err)
            process.wait()
            out.seek(0)
            err.seek(0)
            done = CommandResult(process.returncode, out.read(), err.read())
            return done, int(done.stderr.rpartition(PEAK)[2].split()[0]) / 1024


#: The connector with a fast clock: a response that is no JSON is retried eight times. With a policy, its sockets keep
#: their patience: the time that a giant response takes is not what is tested.
FAST_CONNECTOR = """
from source_auth0.api.http.retry_policy import RetryPolicy
from testing.fast_clock import fast_clock
from source_auth0.run import run
try:
    with fast_clock(100, RetryPolicy()):
        run()
finally:
    print(open("/proc/self/status").read(), file=__import__("sys").stderr)
"""
#: The label of the peak resident kilobytes in /proc/self/status.
PEAK = "VmHWM:"


def _for_streams(giant: Giant) -> Callable[[UpstreamResponse], RawResponse]:
    paths = tuple(f"/api/v2/{stream}" for stream in giant.streams)
    return lambda upstream: giant.response(upstream) if upstream.target.startswith(paths) else upstream.raw()


def _emojis(upstream: UpstreamResponse) -> RawResponse:
    """A page of roles or clients, whose descriptions are letters but for one."""
    stream = next(name for name in KEYS if upstream.target.startswith(f"/api/v2/{name}"))
    rows, letters = 57, b"x" * (GIANT_TEXTS[57] - 1) + EMOJI
    row = b'{"%b":"rol_%d","description":"%b"}'
    page = b",".join(row % (KEYS[stream].encode(), number, letters) for number in range(rows))
    return upstream.raw(b'{"start":0,"limit":100,"total":%d,"%b":[%b]}' % (rows, stream.encode(), page))


def _chunked_blanks(upstream: UpstreamResponse, megabytes: int) -> Iterator[bytes]:
    head = upstream.raw(b"", headers={"content-length": "", "transfer-encoding": "chunked"}).replace(
        b"content-length: \r\n", b""
    )
    yield head
    for _ in range(megabytes):
        yield b"100000\r\n" + b" " * (1 << 20) + b"\r\n"
