"""Prompts of Universal Login: settings, texts, pieces of pages, and rendering."""

from __future__ import annotations

from auth0_simulator.accounts import Row
from auth0_simulator.seeds import Seeding, seeded

SCREENS = (
    ("login", "login"),
    ("login-id", "login-id"),
    ("signup", "signup"),
    ("signup-password", "signup-password"),
    ("mfa-sms", "mfa-sms-challenge"),
    ("mfa-sms", "mfa-sms-enrollment"),
    ("logout", "logout"),
)


@seeded("prompts")
def prompts(seeding: Seeding) -> list[Row]:
    """The one settings object."""
    del seeding
    return [
        {"universal_login_experience": "new", "identifier_first": True, "webauthn_platform_first_factor": False},
    ]


@seeded("prompt_renderings")
def prompt_renderings(seeding: Seeding) -> list[Row]:
    """Screens that the tenant's own code renders."""
    client = seeding.tenant.rows("clients")[0]["client_id"]
    script = {"tag": "script", "attributes": {"src": "https://cdn.example.com/app.js", "defer": True}}
    return [
        {
            "prompt": prompt,
            "screen": screen,
            "rendering_mode": "advanced" if index % 2 == 0 else "standard",
            "context_configuration": ["branding.settings", "screen.texts"],
            "default_head_tags_disabled": False,
            "use_page_template": False,
            "head_tags": [script],
            "filters": {"match_type": "includes_any", "clients": [{"id": client}]} if index % 3 == 0 else None,
        }
        for index, (prompt, screen) in enumerate(SCREENS)
    ]


@seeded("prompt_custom_texts")
def prompt_custom_texts(seeding: Seeding) -> list[Row]:
    """Texts of two prompts in each language of the tenant; of the others there are none."""
    return [
        {"prompt": prompt, "language": language, "texts": {prompt: {"title": f"Hello ({language})"}}}
        for prompt in ("login", "signup")
        for language in seeding.tenant.rows("tenant_settings")[0]["enabled_locales"]
    ]


@seeded("prompt_partials")
def prompt_partials(seeding: Seeding) -> list[Row]:
    """Pieces for two prompts; for the others there are none."""
    del seeding
    return [
        {"prompt": prompt, "partials": {prompt: {"form-content-start": "<div>Welcome</div>"}}}
        for prompt in ("login", "signup")
    ]
