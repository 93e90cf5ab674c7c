"""Simulated tenants for tests: the config that signs in to one, and one that runs in a process of its own."""

import multiprocessing
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from multiprocessing.connection import Connection
from typing import Any

from auth0_simulator import Simulator


def config_of(sim: Simulator, **more: Any) -> dict[str, Any]:
    """A config that signs in to a simulated tenant with client credentials, and has these fields beside."""
    return {**config_for(sim.base_url, sim.audience, sim.client_id, sim.client_secret), **more}


def config_for(base_url: str, audience: str, client_id: str, client_secret: str, **more: Any) -> dict[str, Any]:
    """A config that signs in to any tenant with client credentials, and has these fields beside."""
    credentials = {
        "auth_type": "oauth2_confidential_application",
        "audience": audience,
        "client_id": client_id,
        "client_secret": client_secret,
    }
    return {"base_url": base_url, "credentials": credentials, **more}


@contextmanager
def in_subprocess(serve: Callable[..., None], *arguments: Any) -> Iterator[Connection]:
    """Run `serve(*arguments, connection)` in another process; yields the other end of the connection.

    `serve` has to return once it receives "end", which is sent when the block is left.
    """
    here, there = multiprocessing.Pipe()
    process = multiprocessing.Process(target=serve, args=(*arguments, there))
    process.start()
    try:
        yield here
    finally:
        here.send("end")
        process.join()


def users_of_overlap(sim: Simulator, seconds: float = 300) -> set[str]:
    """Ids of the users updated within these seconds before the newest one: the next sync reads them again."""
    rows = (sim.tenant.users.get(id_) or {} for id_ in sim.tenant.users)
    updated_at = {row["user_id"]: datetime.fromisoformat(row["updated_at"]) for row in rows}
    newest = max(updated_at.values())
    return {id_ for id_, at in updated_at.items() if at >= newest - timedelta(seconds=seconds)}
