"""Simulated tenants in processes of their own, so that they have a processor where there are two."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

import auth0_simulator.exports.downloads
import auth0_simulator.exports.file
import auth0_simulator.routes.users.users
from auth0_simulator import Simulator
from testing.tenants import in_subprocess

CHUNK_BYTES = 1 << 16
TOKEN_LIFETIME_SECONDS = 10**6


@dataclass(frozen=True)
class Tenant:
    """A tenant that waits for readers."""

    users: int
    base_url: str
    token: str
    line: Connection

    def prepare(self, plan: str, latency: float) -> None:
        """Fill the buckets of a plan, forget the requests so far, and answer that late."""
        self.line.send((plan, latency))
        self.line.recv()

    def requests(self) -> tuple[int, int]:
        """Requests since then, and how many of them were refused by the rate limit."""
        self.line.send(None)
        requests, refused = self.line.recv()
        return requests, refused


@contextmanager
def tenant(users: int) -> Iterator[Tenant]:
    """A tenant with so many users, created evenly over a year."""
    with in_subprocess(_serve, users) as line:
        base_url, token = line.recv()
        yield Tenant(users, base_url, token, line)


def _serve(users: int, line: Connection) -> None:
    _behave_as_current_auth0()
    with Simulator(users=users, token_lifetime=TOKEN_LIFETIME_SECONDS) as sim:
        line.send((sim.base_url, sim.mint_token(lifetime=TOKEN_LIFETIME_SECONDS)))
        while (asked := line.recv()) != "end":
            if asked is None:
                line.send((len(sim.journal), sum(request.status == 429 for request in sim.journal)))
            else:
                sim.plan, sim.latency = asked
                sim.clear_journal()
                line.send(None)


def _behave_as_current_auth0() -> None:
    """Store the files of exports, as Auth0 does, rather than make them anew; and default to search engine v3.

    The latter is what the published connector relies on, and what every tenant does that was made since 2018.
    """
    make = auth0_simulator.exports.file.export_file_chunks
    check = auth0_simulator.routes.users.users._validate_search  # noqa: SLF001 - a stand-in
    files: dict[str, list[bytes]] = {}

    def stored(job: Any, share: float = 1.0, *, complete_gzip: bool = True) -> Iterator[bytes]:
        name = str(job.request)
        if name not in files:
            file = b"".join(make(job, share, complete_gzip=complete_gzip))
            files[name] = [file[start : start + CHUNK_BYTES] for start in range(0, len(file), CHUNK_BYTES)]
        return iter(files[name])

    def lenient(query: dict[str, Any], **more: Any) -> None:
        check({"search_engine": "v3", **query}, **more)

    _replace(auth0_simulator.exports.downloads, "export_file_chunks", stored)
    _replace(auth0_simulator.routes.users.users, "_validate_search", lenient)


def _replace(module: Any, name: str, function: Callable[..., Any]) -> None:
    setattr(module, name, function)
