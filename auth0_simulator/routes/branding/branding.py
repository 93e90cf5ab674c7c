"""Branding: colors, themes, templates and phone messages."""

from __future__ import annotations

from auth0_simulator.api.parameters import QueryParameter, equals
from auth0_simulator.api.route import Route
from auth0_simulator.wire.errors import not_found

SCOPES = ("read:branding",)
DISABLED = QueryParameter("disabled", "boolean", matches=equals("disabled"))

ROUTES = (
    Route("/branding", SCOPES, "branding", kind="object"),
    Route(
        "/branding/themes/default",
        SCOPES,
        "branding_default_theme",
        kind="object",
        missing=not_found("There was an error retrieving branding settings: invalid theme ID", "theme_not_found"),
    ),
    Route(
        "/branding/templates/universal-login",
        SCOPES,
        "branding_universal_login_template",
        kind="object",
        missing=not_found("Template does not exist.", "inexistent_templates_universal_login"),
    ),
    Route(
        "/branding/phone/providers",
        ("read:phone_providers",),
        "branding_phone_providers",
        "providers",
        params=(DISABLED,),
        secrets=frozenset({"credentials"}),
    ),
    Route(
        "/branding/phone/templates",
        ("read:phone_templates",),
        "branding_phone_templates",
        "templates",
        params=(DISABLED,),
    ),
)
