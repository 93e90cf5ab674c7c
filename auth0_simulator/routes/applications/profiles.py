"""Self-service, token exchange and user attribute profiles, verifiable credential templates, and agents."""

from __future__ import annotations

from auth0_simulator.api.paging import CHECKPOINT, OFFSET, Paging
from auth0_simulator.api.route import Route

ROUTES = (
    Route(
        "/self-service-profiles",
        ("read:self_service_profiles",),
        "self_service_profiles",
        "self_service_profiles",
        OFFSET,
    ),
    Route(
        "/self-service-profiles/{id}/custom-text/{language}/{page}",
        ("read:self_service_profile_custom_texts",),
        "self_service_profile_custom_texts",
        kind="object",
        parents=("self_service_profiles", "", ""),
    ),
    Route(
        "/token-exchange-profiles",
        ("read:token_exchange_profiles",),
        "token_exchange_profiles",
        "token_exchange_profiles",
        CHECKPOINT,
    ),
    # The largest page is not documented; 50 is the largest that was recorded.
    Route(
        "/user-attribute-profiles",
        ("read:user_attribute_profiles",),
        "user_attribute_profiles",
        "user_attribute_profiles",
        Paging(offset=False, checkpoint=True, maximum=50, default=5),
    ),
    Route(
        "/user-attribute-profiles/templates",
        ("read:user_attribute_profiles",),
        "user_attribute_profile_templates",
        "user_attribute_profile_templates",
    ),
    Route(
        "/verifiable-credentials/verification/templates",
        ("read:vdcs_templates",),
        "verifiable_credential_templates",
        "templates",
        CHECKPOINT,
    ),
    Route("/agents", ("read:agents",), "agents", "agents", CHECKPOINT),
)
