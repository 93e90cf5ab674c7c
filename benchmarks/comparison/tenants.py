"""Simulated tenants in processes of their own, so that they run on another core."""

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
    """A running tenant."""

    users: int
    base_url: str
    token: str
    pipe: Connection

    def prepare(self, plan: str, latency: float) -> None:
        """Set a rate limit plan with full buckets and a latency, and clear the journal."""
        self.pipe.send((plan, latency))
        self.pipe.recv()

    def requests(self) -> tuple[int, int]:
        """The number of requests since then, and of those with status 429."""
        self.pipe.send(None)
        requests, refused = self.pipe.recv()
        return requests, refused


@contextmanager
def tenant(users: int) -> Iterator[Tenant]:
    """A tenant with `users` users, created evenly over a year."""
    with in_subprocess(_serve, users) as pipe:
        base_url, token = pipe.recv()
        yield Tenant(users, base_url, token, pipe)


def _serve(users: int, pipe: Connection) -> None:
    _behave_as_current_auth0()
    with Simulator(users=users, token_lifetime=TOKEN_LIFETIME_SECONDS) as sim:
        pipe.send((sim.base_url, sim.mint_token(lifetime=TOKEN_LIFETIME_SECONDS)))
        while (message := pipe.recv()) != "end":
            if message is None:
                pipe.send((len(sim.journal), sum(request.status == 429 for request in sim.journal)))
            else:
                sim.plan, sim.latency = message
                sim.clear_journal()
                pipe.send(None)


def _behave_as_current_auth0() -> None:
    """Store export files, as Auth0 does, instead of generating each download; and default to search engine v3.

    The published connector relies on the latter, which holds for every tenant created since 2018.
    """
    export_chunks = auth0_simulator.exports.file.export_file_chunks
    validate = auth0_simulator.routes.users.users._validate_search  # noqa: SLF001 - a stand-in
    files: dict[str, list[bytes]] = {}

    def stored(job: Any, share: float = 1.0, *, complete_gzip: bool = True) -> Iterator[bytes]:
        name = str(job.request)
        if name not in files:
            file = b"".join(export_chunks(job, share, complete_gzip=complete_gzip))
            files[name] = [file[start : start + CHUNK_BYTES] for start in range(0, len(file), CHUNK_BYTES)]
        return iter(files[name])

    def validate_with_default(query: dict[str, Any], **more: Any) -> None:
        validate({"search_engine": "v3", **query}, **more)

    _replace(auth0_simulator.exports.downloads, "export_file_chunks", stored)
    _replace(auth0_simulator.routes.users.users, "_validate_search", validate_with_default)


def _replace(module: Any, name: str, function: Callable[..., Any]) -> None:
    setattr(module, name, function)
