"""Event streams and their failed deliveries."""

from __future__ import annotations

from auth0_simulator.api.paging import CHECKPOINT
from auth0_simulator.api.parameters import QueryParameter
from auth0_simulator.api.route import Route

TIMESTAMP_PATTERN = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"

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
