"""Prompts of Universal Login: settings, custom texts, partials, and rendering."""

from __future__ import annotations

from auth0_simulator.seeds.registry import SeedContext, seeded
from auth0_simulator.wire.rows import Row

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
def prompts(context: SeedContext) -> list[Row]:
    """The prompt settings."""
    del context
    return [
        {"universal_login_experience": "new", "identifier_first": True, "webauthn_platform_first_factor": False},
    ]


@seeded("prompt_renderings")
def prompt_renderings(context: SeedContext) -> list[Row]:
    """Rendering settings of some screens, every second with Advanced Customizations."""
    client = context.tenant.rows("clients")[0]["client_id"]
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
def prompt_custom_texts(context: SeedContext) -> list[Row]:
    """Custom texts of two prompts in each language of the tenant; none of the other prompts."""
    return [
        {"prompt": prompt, "language": language, "texts": {prompt: {"title": f"Hello ({language})"}}}
        for prompt in ("login", "signup")
        for language in context.tenant.rows("tenant_settings")[0]["enabled_locales"]
    ]


@seeded("prompt_partials")
def prompt_partials(context: SeedContext) -> list[Row]:
    """Partials of two prompts; none of the other prompts."""
    del context
    return [
        {"prompt": prompt, "partials": {prompt: {"form-content-start": "<div>Welcome</div>"}}}
        for prompt in ("login", "signup")
    ]
