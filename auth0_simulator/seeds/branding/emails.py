"""The email provider and the templates of emails."""

from __future__ import annotations

from auth0_simulator.seeds.registry import SeedContext, seeded
from auth0_simulator.wire.rows import Row


@seeded("email_provider")
def email_provider(context: SeedContext) -> list[Row]:
    """The email provider."""
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
                "smtp_pass": context.secret("smtp"),
            },
        }
    ]


@seeded("email_templates")
def email_templates(context: SeedContext) -> list[Row]:
    """The customized templates."""
    del context
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
