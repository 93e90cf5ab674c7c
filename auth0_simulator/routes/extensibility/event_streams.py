"""Event streams and their failed deliveries."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from auth0_simulator.api.paging import CHECKPOINT, Paging
from auth0_simulator.api.parameters import QueryParameter
from auth0_simulator.api.route import Route
from auth0_simulator.control.release import ReleaseSettings

TIMESTAMP_PATTERN = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"


@dataclass(frozen=True)
class BareListPaging(Paging):
    """One bare list of all rows, whatever `take` says."""

    def wants_checkpoint(self, query: dict[str, Any]) -> bool:
        """Never."""
        del query
        return False

    def offset_window(self, query: dict[str, Any], page_limit: int) -> tuple[int, int]:
        """All rows."""
        del query, page_limit
        return 0, 1_000_000


def _of_release(route: Route, release: ReleaseSettings) -> Route:
    if release.delivery_pages == "bare":
        return replace(route, paging=BareListPaging(offset=False, checkpoint=True))
    return replace(route, paging=replace(CHECKPOINT, next_key=release.delivery_pages))


ROUTES = (
    Route(
        "/event-streams",
        ("read:event_streams",),
        "event_streams",
        "eventStreams",
        CHECKPOINT,
        secrets=frozenset({"destination"}),
    ),
    Route("/event-streams/{id}", ("read:event_streams",), "event_streams", kind="item"),
    Route(
        "/event-streams/{id}/deliveries",
        ("read:event_streams", "read:event_deliveries"),
        "event_stream_deliveries",
        "deliveries",
        CHECKPOINT,
        parents=("event_streams",),
        variant=_of_release,
        params=(
            QueryParameter("statuses", matches=lambda row, names: row["status"] in names.split(",")),
            QueryParameter("event_types", matches=lambda row, names: row["event_type"] in names.split(",")),
            QueryParameter(
                "date_from", pattern=TIMESTAMP_PATTERN, matches=lambda row, date: row["event"]["time"][:19] >= date[:19]
            ),
            QueryParameter(
                "date_to", pattern=TIMESTAMP_PATTERN, matches=lambda row, date: row["event"]["time"][:19] < date[:19]
            ),
        ),
    ),
)
