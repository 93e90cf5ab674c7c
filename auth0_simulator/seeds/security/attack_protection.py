"""Attack protection, risk assessment, network ACLs and rate limit policies."""

from __future__ import annotations

from auth0_simulator.seeds.registry import SeedContext, seeded
from auth0_simulator.wire.rows import Row

ACLS = 104
POLICIES = 107
COUNTRIES = ("US", "CA", "DE", "FR", "JP", "BR")


@seeded("attack_protection_bot_detection")
def bot_detection(_: SeedContext) -> list[Row]:
    """Bot detection: challenges when risky."""
    return [
        {
            "bot_detection_level": "medium",
            "challenge_password_policy": "when_risky",
            "challenge_passwordless_policy": "when_risky",
            "challenge_password_reset_policy": "never",
            "allowlist": ["203.0.113.49/32", "203.0.113.145"],
            "monitoring_mode_enabled": True,
        }
    ]


@seeded("attack_protection_breached_password_detection")
def breached_password_detection(_: SeedContext) -> list[Row]:
    """Breached password detection: blocks, and weekly notifications of administrators."""
    return [
        {
            "enabled": True,
            "shields": ["block", "admin_notification"],
            "admin_notification_frequency": ["weekly"],
            "method": "standard",
            "stage": {
                "pre-user-registration": {"shields": ["block"]},
                "pre-change-password": {"shields": ["block", "admin_notification"]},
            },
        }
    ]


@seeded("attack_protection_brute_force_protection")
def brute_force_protection(_: SeedContext) -> list[Row]:
    """Brute-force protection: ten attempts for each user and IP address."""
    return [
        {
            "enabled": True,
            "shields": ["block", "user_notification"],
            "allowlist": ["203.0.113.54"],
            "mode": "count_per_identifier_and_ip",
            "max_attempts": 10,
            "form_submission_mode": "manual",
        }
    ]


@seeded("attack_protection_suspicious_ip_throttling")
def suspicious_ip_throttling(_: SeedContext) -> list[Row]:
    """Suspicious IP throttling: a limit for each stage."""
    return [
        {
            "enabled": True,
            "shields": ["admin_notification", "block"],
            "allowlist": ["203.0.113.17"],
            "stage": {
                "pre-login": {"max_attempts": 100, "rate": 864_000},
                "pre-user-registration": {"max_attempts": 50, "rate": 1_200},
                "pre-custom-token-exchange": {"max_attempts": 10, "rate": 600_000},
            },
        }
    ]


@seeded("attack_protection_captcha")
def captcha(_: SeedContext) -> list[Row]:
    """Auth Challenge is active; the other CAPTCHA providers are listed without a key."""
    return [{"active_provider_id": "auth_challenge", **_providers("")}]


@seeded("attack_protection_captcha_policies")
def captcha_policies(context: SeedContext) -> list[Row]:
    """Two CAPTCHA policies, for proxies and for a country."""
    matches: list[Row] = [{"auth0_managed": ["auth0.icloud_relay_proxy"]}, {"geo_country_codes": ["BR"]}]
    return [
        {
            "id": context.id("cap_", index),
            "name": f"Policy {index}",
            "description": f"Traffic of kind {index}",
            "priority": index,
            "match": match,
            "action": {"active_provider_id": "hcaptcha", **_providers(f"site-{index}")},
            "created_at": context.moment(90 - index),
            "updated_at": context.moment(30 - index),
        }
        for index, match in enumerate(matches, start=1)
    ]


def _providers(site_key: str) -> Row:
    return {
        "arkose": {
            "site_key": site_key,
            "fail_open": False,
            "client_subdomain": "client-api",
            "verify_subdomain": "verify-api",
        },
        "auth_challenge": {"fail_open": False},
        "hcaptcha": {"site_key": site_key},
        "friendly_captcha": {"site_key": site_key},
        "recaptcha_enterprise": {"site_key": site_key, "project_id": ""},
        "recaptcha_v2": {"site_key": site_key},
        "simple_captcha": {},
    }


@seeded("attack_protection_phone_provider_protection")
def phone_provider_protection(_: SeedContext) -> list[Row]:
    """Exponential backoff."""
    return [{"type": "exponential"}]


@seeded("risk_assessment_settings")
def risk_assessment_settings(_: SeedContext) -> list[Row]:
    """Risk assessment is enabled."""
    return [{"enabled": True}]


@seeded("risk_assessment_new_device_settings")
def risk_assessment_new_device_settings(_: SeedContext) -> list[Row]:
    """Devices are remembered for 30 days."""
    return [{"remember_for": 30}]


@seeded("supplemental_signals")
def supplemental_signals(_: SeedContext) -> list[Row]:
    """Akamai's supplemental signals are enabled."""
    return [{"akamai_enabled": True}]


@seeded("network_acls")
def network_acls(context: SeedContext) -> list[Row]:
    """Network ACLs with every kind of condition and action."""
    return [
        {
            "id": context.id("acl_", index, length=22),
            "description": f"List {index}",
            "active": index % 2 == 0,
            "priority": 1 + index % 100,
            "rule": _rule(context, index),
            "created_at": context.moment(200 - index),
            "updated_at": context.moment(120 - index),
        }
        for index in range(ACLS)
    ]


def _rule(context: SeedContext, index: int) -> Row:
    keys = context.tenant.rows("network_acl_keys")
    conditions: tuple[Row, ...] = (
        {"geo_country_codes": [COUNTRIES[index % len(COUNTRIES)]], "geo_subdivision_codes": ["US-NY"]},
        {"ipv4_cidrs": [f"203.0.113.{index}/32"], "ipv6_cidrs": ["2001:db8::/32"], "asns": [64_496 + index]},
        {"ja3_fingerprints": ["deadbeef"], "ja4_fingerprints": ["t13d1516h2"], "user_agents": ["curl*"]},
        {"hostnames": ["login.example.com"], "connecting_ipv4_cidrs": ["198.51.100.0/24"]},
        {"auth0_managed": ["auth0.icloud_relay_proxy"], "connecting_ipv6_cidrs": ["2001:db8:1::/48"]},
        {"http_message_signature": {"keys": [{"id": keys[index % len(keys)]["id"]}]}},
    )
    actions: tuple[Row, ...] = (
        {"block": True},
        {"allow": True},
        {"log": True},
        {"redirect": True, "redirect_uri": "https://example.com/elsewhere"},
    )
    side = "not_match" if index % 5 == 0 else "match"
    condition: Row = {"match_all": True} if index == ACLS - 1 else {side: conditions[index % len(conditions)]}
    scope = ("tenant", "management", "authentication", "dynamic_client_registration")[index % 4]
    return {"action": actions[index % len(actions)], **condition, "scope": scope}


@seeded("rate_limit_policies")
def rate_limit_policies(context: SeedContext) -> list[Row]:
    """A policy for each application, and more for applications that do not exist any more."""
    clients = [client["client_id"] for client in context.tenant.rows("clients")]
    deleted = [context.id("", index, length=32) for index in range(len(clients), POLICIES)]
    return [
        {
            "id": context.id("rlp_", index),
            "resource": "oauth_authentication_api",
            "consumer": "client",
            "consumer_selector": f"client_id:{client_id}",
            "configuration": _configuration(index),
            "created_at": context.moment(150 - index),
            "updated_at": context.moment(110 - index),
        }
        for index, client_id in enumerate([*clients, *deleted])
    ]


def _configuration(index: int) -> Row:
    action = ("block", "log", "redirect", "allow")[index % 4]
    if action == "allow":
        return {"action": action}
    further = {"redirect_uri": "https://example.com/slow-down"} if action == "redirect" else {}
    return {"action": action, "limit": 1 + index % 50, **further}
