"""The tenant's own settings and its log streams."""

from __future__ import annotations

from auth0_simulator.seeds.registry import SeedContext, seeded
from auth0_simulator.wire.rows import Row


@seeded("tenant_settings")
def tenant_settings(context: SeedContext) -> list[Row]:
    """The tenant settings."""
    return [
        {
            "friendly_name": context.tenant.name.replace("-", " ").title(),
            "picture_url": "https://cdn.example.com/logo.png",
            "support_email": "support@example.com",
            "support_url": "https://example.com/support",
            "allowed_logout_urls": ["https://example.com/goodbye"],
            "session_lifetime": 168,
            "idle_session_lifetime": 72,
            "sandbox_version": "22",
            "sandbox_versions_available": ["18", "22"],
            "default_audience": "",
            "default_directory": "",
            "enabled_locales": ["en", "de", "fr"],
            "flags": {"enable_client_connections": False, "revoke_refresh_token_grant": False},
            "session_cookie": {"mode": "persistent"},
            "oidc_logout": {"rp_logout_end_session_endpoint_discovery": True},
        }
    ]


@seeded("log_streams")
def log_streams(context: SeedContext) -> list[Row]:
    """A log stream of each type whose sink contains a secret, and one whose sink contains none."""
    sinks = (
        ("datadog", {"datadogApiKey": context.secret("datadog"), "datadogRegion": "eu"}),
        (
            "splunk",
            {
                "splunkDomain": "splunk.example.com",
                "splunkPort": "8088",
                "splunkSecure": True,
                "splunkToken": context.secret("splunk"),
            },
        ),
        ("http", {"httpEndpoint": "https://logs.example.com", "httpAuthorization": context.secret("http")}),
        ("segment", {"segmentWriteKey": context.secret("segment")}),
        (
            "mixpanel",
            {
                "mixpanelRegion": "eu",
                "mixpanelProjectId": "123456",
                "mixpanelServiceAccountUsername": "auth0.123456.mp-service-account",
                "mixpanelServiceAccountPassword": context.secret("mixpanel"),
            },
        ),
        ("sumo", {"sumoSourceAddress": "https://sumo.example.com/" + context.secret("sumo")}),
        (
            "eventbridge",
            {"awsAccountId": "000000000000", "awsRegion": "eu-west-1", "awsPartnerEventSource": "aws.partner/x"},
        ),
    )
    return [
        {
            "id": context.id("lst_", kind),
            "name": f"Logs to {kind}",
            "type": kind,
            "status": "active" if kind != "sumo" else "paused",
            "sink": sink,
            "filters": [{"type": "category", "name": "auth.login.fail"}],
        }
        for kind, sink in sinks
    ]
