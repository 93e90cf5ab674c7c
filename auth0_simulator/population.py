"""How many of what a tenant is made with, and where in time its users stand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True)
class Population:
    """Users spread evenly over `spread` before the tenant was made, or placed by index; and what their index can do."""

    users: int = 2500
    organizations: int = 12
    spread: timedelta = timedelta(days=365)
    created_at: Callable[[int], datetime] | None = None
    updated_at: Callable[[int], datetime] | None = None
    index_lag: float = 0.0
    timeout_rows: int | None = None
    user_id_ranges: bool = True
