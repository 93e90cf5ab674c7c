"""Custom domains, and statistics of logins and users."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from auth0_simulator.api.paging import Paging
from auth0_simulator.api.parameters import QueryParameter
from auth0_simulator.api.route import ApiCall, Route
from auth0_simulator.wire.rows import Row


@dataclass(frozen=True)
class DomainsPaging(Paging):
    """A bare array of all rows, or a wrapped checkpoint page if requested."""

    checkpoint: bool = True

    def params(self) -> tuple[QueryParameter, ...]:
        """`from` and `take` only."""
        return tuple(param for param in super().params() if param.name in {"from", "take"})

    def offset_window(self, query: dict[str, Any], page_limit: int) -> tuple[int, int]:
        """All rows."""
        del query, page_limit
        return 0, 1_000_000


def _default(call: ApiCall) -> list[Row]:
    """The default custom domain; without one, the tenant's canonical domain."""
    chosen = [row for row in call.tenant.rows("custom_domains") if row["is_default"]]
    return chosen or [{"domain": call.tenant.domain}]


def _active_users(call: ApiCall) -> object:
    """A bare number."""
    return call.tenant.rows("active_users_stats")[0]["count"]


def _days(call: ApiCall) -> object:
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
        params=(QueryParameter("sort", pattern="domain:1"),),
    ),
    Route("/custom-domains/default", ("read:custom_domains",), _default, kind="object"),
    Route(
        "/stats/daily",
        ("read:stats",),
        params=(QueryParameter("from", pattern=r"\d{8}"), QueryParameter("to", pattern=r"\d{8}")),
        handler=_days,
    ),
    Route("/stats/active-users", ("read:stats",), handler=_active_users),
)
