"""Event streams and what they could not deliver."""

from __future__ import annotations

from auth0_simulator.paging import CHECKPOINT
from auth0_simulator.parameters import Param
from auth0_simulator.route import Route

SECONDS = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"

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
            Param("statuses", matches=lambda row, names: row["status"] in names.split(",")),
            Param("event_types", matches=lambda row, names: row["event_type"] in names.split(",")),
            Param("date_from", pattern=SECONDS, matches=lambda row, date: row["event"]["time"][:19] >= date[:19]),
            Param("date_to", pattern=SECONDS, matches=lambda row, date: row["event"]["time"][:19] < date[:19]),
        ),
    ),
)
