"""The email provider and the templates of emails."""

from __future__ import annotations

from auth0_simulator.accounts import Row
from auth0_simulator.errors import Refusal, not_found
from auth0_simulator.route import Call, Route

TEMPLATES = (
    "verify_email",
    "verify_email_by_code",
    "auth_email_by_code",
    "reset_email",
    "reset_email_by_code",
    "welcome_email",
    "blocked_account",
    "stolen_credentials",
    "enrollment_email",
    "mfa_oob_code",
    "user_invitation",
    "change_password",
    "password_reset",
    "async_approval",
)


def _shown(call: Call, row: Row) -> Row:
    """Without `fields` there are only the name and whether it is enabled."""
    return row if "fields" in call.query else {name: row[name] for name in ("name", "enabled")}


def _template(call: Call) -> list[Row]:
    name = call.values[0]
    if name not in TEMPLATES:
        raise Refusal(
            400, f"Path validation error: 'Invalid value \"{name}\"' on property templateName.", "bad_request"
        )
    return [row for row in call.tenant.rows("email_templates") if row["template"] == name]


ROUTES = (
    Route(
        "/emails/provider",
        ("read:email_provider",),
        "email_provider",
        kind="object",
        fields=True,
        present=_shown,
        missing=not_found("There is not a configured email provider", "inexistent_email_provider"),
        secrets=frozenset({"credentials"}),
    ),
    Route(
        "/email-templates/{template_name}",
        ("read:email_templates",),
        _template,
        kind="object",
        missing=not_found("The template does not exist.", "inexistent_email_template"),
    ),
)
