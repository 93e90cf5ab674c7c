"""The email provider and the templates of emails."""

from __future__ import annotations

from auth0_simulator.accounts import Row
from auth0_simulator.seeds import Seeding, seeded


@seeded("email_provider")
def email_provider(seeding: Seeding) -> list[Row]:
    """The one provider."""
    return [
        {
            "name": "smtp",
            "enabled": True,
            "default_from_address": "no-reply@example.com",
            "settings": {"headers": {"X-SES-Configuration-Set": "auth0"}},
            "credentials": {
                "smtp_host": "smtp.example.com",
                "smtp_port": 587,
                "smtp_user": "auth0",
                "smtp_pass": seeding.secret("smtp"),
            },
        }
    ]


@seeded("email_templates")
def email_templates(seeding: Seeding) -> list[Row]:
    """Those that somebody changed."""
    del seeding
    return [
        {
            "template": name,
            "body": "<html><body><h1>{{ user.email }}</h1></body></html>",
            "from": "Acme <no-reply@example.com>",
            "resultUrl": "https://app.example.com",
            "subject": name.replace("_", " ").title(),
            "syntax": "liquid",
            "urlLifetimeInSeconds": 432_000,
            "includeEmailInRedirect": False,
            "enabled": True,
        }
        for name in ("verify_email", "reset_email", "welcome_email", "user_invitation")
    ]
