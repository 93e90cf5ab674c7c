"""Attack protection, risk assessment, network ACLs and rate limit policies."""

from __future__ import annotations

from auth0_simulator.api.paging import CHECKPOINT, Paging
from auth0_simulator.api.parameters import QueryParameter, equals
from auth0_simulator.api.route import Route

PROTECTION = ("read:attack_protection",)


def _settings(path: str, collection: str) -> Route:
    return Route(path, PROTECTION, collection, kind="object")


ROUTES = (
    _settings("/attack-protection/bot-detection", "attack_protection_bot_detection"),
    _settings("/attack-protection/breached-password-detection", "attack_protection_breached_password_detection"),
    _settings("/attack-protection/brute-force-protection", "attack_protection_brute_force_protection"),
    _settings("/attack-protection/suspicious-ip-throttling", "attack_protection_suspicious_ip_throttling"),
    _settings("/attack-protection/captcha", "attack_protection_captcha"),
    _settings("/attack-protection/phone-provider-protection", "attack_protection_phone_provider_protection"),
    _settings("/risk-assessments/settings", "risk_assessment_settings"),
    _settings("/risk-assessments/settings/new-device", "risk_assessment_new_device_settings"),
    _settings("/supplemental-signals", "supplemental_signals"),
    Route("/attack-protection/captcha/policies", PROTECTION, "attack_protection_captcha_policies"),
    Route("/network-acls", ("read:network_acls",), "network_acls", "network_acls", Paging(minimum=0)),
    Route(
        "/rate-limit-policies",
        ("read:rate_limit_policies",),
        "rate_limit_policies",
        "rate_limit_policies",
        CHECKPOINT,
        params=(
            QueryParameter("resource", choices=("oauth_authentication_api",), matches=equals("resource")),
            QueryParameter("consumer", choices=("client",), matches=equals("consumer")),
            QueryParameter("consumer_selector", matches=equals("consumer_selector")),
        ),
    ),
)
