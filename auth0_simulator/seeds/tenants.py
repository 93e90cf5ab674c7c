"""The tenant's own settings and its log streams."""

from __future__ import annotations

from auth0_simulator.accounts import Row
from auth0_simulator.seeds import Seeding, seeded


@seeded("tenant_settings")
def tenant_settings(seeding: Seeding) -> list[Row]:
    """The one settings object."""
    return [
        {
            "friendly_name": seeding.tenant.name.replace("-", " ").title(),
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
def log_streams(seeding: Seeding) -> list[Row]:
    """One stream of each kind whose sink holds a secret, and one whose sink holds none."""
    sinks = (
        ("datadog", {"datadogApiKey": seeding.secret("datadog"), "datadogRegion": "eu"}),
        (
            "splunk",
            {"splunkDomain": "splunk.example.com", "splunkPort": "8088", "splunkToken": seeding.secret("splunk")},
        ),
        ("http", {"httpEndpoint": "https://logs.example.com", "httpAuthorization": seeding.secret("http")}),
        ("segment", {"segmentWriteKey": seeding.secret("segment")}),
        ("mixpanel", {"mixpanelRegion": "eu", "mixpanelServiceAccountPassword": seeding.secret("mixpanel")}),
        ("sumo", {"sumoSourceAddress": "https://sumo.example.com/" + seeding.secret("sumo")}),
        (
            "eventbridge",
            {"awsAccountId": "000000000000", "awsRegion": "eu-west-1", "awsPartnerEventSource": "aws.partner/x"},
        ),
    )
    return [
        {
            "id": seeding.id("lst_", kind),
            "name": f"Logs to {kind}",
            "type": kind,
            "status": "active" if kind != "sumo" else "paused",
            "sink": sink,
            "filters": [{"type": "category", "name": "auth.login.fail"}],
        }
        for kind, sink in sinks
    ]
