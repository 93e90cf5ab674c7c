"""Experiments, feature flags and segments."""

from __future__ import annotations

from auth0_simulator.api.paging import Paging
from auth0_simulator.api.parameters import QueryParameter, equals
from auth0_simulator.api.route import Route

SCOPES = ("read:experimentation",)
PAGING = Paging(offset=False, checkpoint=True, maximum=50, default=25)
TYPE = QueryParameter("type", choices=("auth0", "self"), matches=equals("type"))

ROUTES = (
    Route(
        "/experimentation/experiments",
        SCOPES,
        "experiments",
        "experiments",
        PAGING,
        params=(
            QueryParameter(
                "status", choices=("draft", "active", "paused", "completed", "archived"), matches=equals("status")
            ),
            QueryParameter("authentication_flow", matches=equals("authentication_flow")),
            QueryParameter("feature_flag_id", matches=equals("feature_flag_id")),
        ),
    ),
    Route(
        "/experimentation/feature-flags",
        SCOPES,
        "feature_flags",
        "feature_flags",
        PAGING,
        params=(TYPE, QueryParameter("status", choices=("draft", "active", "archived"), matches=equals("status"))),
    ),
    Route(
        "/experimentation/feature-flags/{id}/variations",
        SCOPES,
        "feature_flag_variations",
        "variations",
        parents=("feature_flags",),
    ),
    Route("/experimentation/segments", SCOPES, "segments", "segments", PAGING, params=(TYPE,)),
)
