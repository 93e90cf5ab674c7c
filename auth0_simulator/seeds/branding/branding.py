"""Branding: colors, themes, templates and phone messages."""

from __future__ import annotations

from auth0_simulator.seeds.registry import SeedContext, seeded
from auth0_simulator.wire.rows import Row

#: What a theme colors, and the texts that it sizes.
THEME_COLORS = (
    "body_text",
    "error",
    "header",
    "icons",
    "input_background",
    "input_border",
    "input_filled_text",
    "input_labels_placeholders",
    "links_focused_components",
    "primary_button",
    "primary_button_label",
    "secondary_button_border",
    "secondary_button_label",
    "success",
    "widget_background",
    "widget_border",
)
THEME_TEXTS = ("body_text", "buttons_text", "input_labels", "links", "subtitle", "title")


@seeded("branding")
def branding(context: SeedContext) -> list[Row]:
    """The branding settings."""
    del context
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
def branding_default_theme(context: SeedContext) -> list[Row]:
    """The default theme."""
    return [
        {
            "themeId": context.id("", length=32),
            "displayName": "Unnamed Theme",
            "borders": {
                "button_border_radius": 3,
                "button_border_weight": 1,
                "buttons_style": "rounded",
                "input_border_radius": 3,
                "input_border_weight": 1,
                "inputs_style": "rounded",
                "show_widget_shadow": True,
                "widget_border_weight": 0,
                "widget_corner_radius": 5,
            },
            "colors": {**dict.fromkeys(THEME_COLORS, "#65676e"), "body_text": "#1e212a", "primary_button": "#5ce4ff"},
            "fonts": {
                "font_url": "",
                "links_style": "normal",
                "reference_text_size": 16,
                **{part: {"bold": False, "size": 87.5} for part in THEME_TEXTS},
            },
            "page_background": {
                "background_color": "#000000",
                "background_image_url": "",
                "page_layout": "center",
            },
            "widget": {
                "header_text_alignment": "center",
                "logo_height": 52,
                "logo_position": "center",
                "logo_url": "",
                "social_buttons_layout": "bottom",
            },
        }
    ]


@seeded("branding_universal_login_template")
def branding_universal_login_template(context: SeedContext) -> list[Row]:
    """The Universal Login page template."""
    del context
    return [{"body": "<!DOCTYPE html><html><head>{%- auth0:head -%}</head><body>{%- auth0:widget -%}</body></html>"}]


@seeded("branding_phone_providers")
def branding_phone_providers(context: SeedContext) -> list[Row]:
    """Twilio and a custom provider; the credentials are null in recordings, but not here, so that a leak shows."""
    return [
        {
            "id": context.id("pro_", name, length=22),
            "tenant": context.tenant.name,
            "name": name,
            "channel": "phone",
            "disabled": name == "custom",
            "configuration": configuration,
            "credentials": {"auth_token": context.secret(name)},
            "created_at": context.moment(70),
            "updated_at": context.moment(7),
        }
        for name, configuration in (
            (
                "twilio",
                {"default_from": "+15550100", "sid": context.secret("sid"), "delivery_methods": ["text", "voice"]},
            ),
            ("custom", {"delivery_methods": ["text"]}),
        )
    ]


@seeded("branding_phone_templates")
def branding_phone_templates(context: SeedContext) -> list[Row]:
    """One for each type; as recorded, a template that was never changed has no id."""
    types = ("blocked_account", "change_password", "otp_enroll", "otp_verify", "password_breach")
    return [
        {
            **({} if kind == "password_breach" else {"id": context.id("tem_", kind, length=22)}),
            "tenant": context.tenant.name,
            "channel": "phone",
            "type": kind,
            "disabled": False,
            "customizable": True,
            "content": {
                "syntax": "liquid",
                "from": "+15550100",
                "body": {"text": "{{ code }} is your code", "voice": "Your code is {{ code }}"},
            },
            "created_at": context.moment(70),
            "updated_at": context.moment(7),
        }
        for kind in types
    ]
