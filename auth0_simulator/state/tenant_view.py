"""The part of a tenant that its seeds and its event stream read, as a protocol: they cannot import `tenant`."""

from __future__ import annotations

from collections.abc import Callable
from threading import RLock
from typing import Protocol

from auth0_simulator.state.application import Application
from auth0_simulator.state.clock import Clock
from auth0_simulator.state.users import UserStore
from auth0_simulator.wire.rows import Row


class TenantView(Protocol):
    """The tenant as its seeds and its event stream see it."""

    seed: int
    name: str
    domain: str
    audience: str
    made_at: int
    known_scopes: frozenset[str]
    organization_count: int
    member_count: Callable[[int], int] | None
    clock: Clock
    lock: RLock
    users: UserStore
    application: Application

    def rows(self, name: str, *keys: str) -> list[Row]:
        """The rows of a collection; `keys` are the ids of its parents, if it has any."""
