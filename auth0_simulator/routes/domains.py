"""Custom domains, and counts of logins and users."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from auth0_simulator.accounts import Row
from auth0_simulator.paging import Paging
from auth0_simulator.parameters import Param
from auth0_simulator.route import Call, Route


@dataclass(frozen=True)
class DomainsPaging(Paging):
    """A bare array of everything, or a wrapped checkpoint page where one is asked for."""

    checkpoint: bool = True

    def params(self) -> tuple[Param, ...]:
        """`from` and `take` only."""
        return tuple(param for param in super().params() if param.name in {"from", "take"})

    def offset_window(self, query: dict[str, Any], page_limit: int) -> tuple[int, int]:
        """Everything."""
        del query, page_limit
        return 0, 1_000_000


def _default(call: Call) -> list[Row]:
    """The default domain; the tenant's own where none is."""
    chosen = [row for row in call.tenant.rows("custom_domains") if row["is_default"]]
    return chosen or [{"domain": call.tenant.domain}]


def _active_users(call: Call) -> object:
    """A bare number."""
    return call.tenant.rows("active_users_stats")[0]["count"]


def _days(call: Call) -> object:
    """The days from `from` to `to`, both included."""
    first, last = call.query.get("from", "00000000"), call.query.get("to", "99999999")
    return [row for row in call.tenant.rows("daily_stats") if first <= row["date"][:10].replace("-", "") <= last]


ROUTES = (
    Route(
        "/custom-domains",
        ("read:custom_domains",),
        "custom_domains",
        "custom_domains",
        DomainsPaging(),
        fields=True,
        params=(Param("sort", pattern="domain:1"),),
    ),
    Route("/custom-domains/default", ("read:custom_domains",), _default, kind="object"),
    Route(
        "/stats/daily",
        ("read:stats",),
        params=(Param("from", pattern=r"\d{8}"), Param("to", pattern=r"\d{8}")),
        answer=_days,
    ),
    Route("/stats/active-users", ("read:stats",), answer=_active_users),
)
