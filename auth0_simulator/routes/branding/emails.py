"""The email provider and the templates of emails."""

from __future__ import annotations

from auth0_simulator.api.route import ApiCall, Route
from auth0_simulator.wire.errors import ApiError, not_found
from auth0_simulator.wire.rows import Row

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


def _shown(call: ApiCall, row: Row) -> Row:
    """Without `fields`, only `name` and `enabled`."""
    return row if "fields" in call.query else {name: row[name] for name in ("name", "enabled")}


def _template(call: ApiCall) -> list[Row]:
    name = call.path_values[0]
    if name not in TEMPLATES:
        raise ApiError(
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
        render=_shown,
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
