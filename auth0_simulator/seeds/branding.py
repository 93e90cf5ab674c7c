"""Branding: colors, themes, templates and phone messages."""

from __future__ import annotations

from auth0_simulator.accounts import Row
from auth0_simulator.seeds import Seeding, seeded


@seeded("branding")
def branding(seeding: Seeding) -> list[Row]:
    """The one object."""
    del seeding
    background = {"type": "linear-gradient", "start": "#000000", "end": "#ffffff", "angle_deg": 35}
    return [
        {
            "colors": {"primary": "#5ce4ff", "page_background": background},
            "favicon_url": "https://cdn.example.com/favicon.ico",
            "logo_url": "https://cdn.example.com/logo.png",
            "font": {"url": "https://cdn.example.com/font.woff"},
        }
    ]


@seeded("branding_default_theme")
def branding_default_theme(seeding: Seeding) -> list[Row]:
    """The one theme."""
    return [
        {
            "themeId": seeding.id("", length=32),
            "displayName": "Unnamed Theme",
            "borders": {"button_border_radius": 3, "buttons_style": "rounded", "show_widget_shadow": True},
            "colors": {"body_text": "#1e212a", "primary_button": "#5ce4ff"},
            "fonts": {"font_url": "", "body_text": {"bold": False, "size": 87.5}, "links_style": "normal"},
            "page_background": {"background_color": "#000000", "page_layout": "center"},
            "widget": {"header_text_alignment": "center", "logo_height": 52},
        }
    ]


@seeded("branding_universal_login_template")
def branding_universal_login_template(seeding: Seeding) -> list[Row]:
    """The one template."""
    del seeding
    return [{"body": "<!DOCTYPE html><html><head>{%- auth0:head -%}</head><body>{%- auth0:widget -%}</body></html>"}]


@seeded("branding_phone_providers")
def branding_phone_providers(seeding: Seeding) -> list[Row]:
    """Twilio and one of the customer's own; credentials are null in recordings, and here they are not."""
    return [
        {
            "id": seeding.id("pro_", name, length=22),
            "tenant": seeding.tenant.name,
            "name": name,
            "channel": "phone",
            "disabled": name == "custom",
            "configuration": configuration,
            "credentials": {"auth_token": seeding.secret(name)},
            "created_at": seeding.moment(70),
            "updated_at": seeding.moment(7),
        }
        for name, configuration in (
            (
                "twilio",
                {"default_from": "+15550100", "sid": seeding.secret("sid"), "delivery_methods": ["text", "voice"]},
            ),
            ("custom", {"delivery_methods": ["text"]}),
        )
    ]


@seeded("branding_phone_templates")
def branding_phone_templates(seeding: Seeding) -> list[Row]:
    """One for each occasion; as recorded, one that nobody has changed yet has no id."""
    occasions = ("blocked_account", "change_password", "otp_enroll", "otp_verify", "password_breach")
    return [
        {
            **({} if occasion == "password_breach" else {"id": seeding.id("tem_", occasion, length=22)}),
            "tenant": seeding.tenant.name,
            "channel": "phone",
            "type": occasion,
            "disabled": False,
            "customizable": True,
            "content": {
                "syntax": "liquid",
                "from": "+15550100",
                "body": {"text": "{{ code }} is your code", "voice": "Your code is {{ code }}"},
            },
            "created_at": seeding.moment(70),
            "updated_at": seeding.moment(7),
        }
        for occasion in occasions
    ]
