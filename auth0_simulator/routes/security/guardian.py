"""Factors of multi-factor authentication (Guardian) and their settings."""

from __future__ import annotations

from auth0_simulator.api.route import ApiCall, Route

SCOPES = ("read:guardian_factors",)


def _settings(path: str, collection: str, *secrets: str) -> Route:
    return Route(path, SCOPES, collection, kind="object", secrets=frozenset(secrets))


def _policies(call: ApiCall) -> object:
    """A bare list of names."""
    return [row["name"] for row in call.tenant.rows("guardian_policies")]


ROUTES = (
    Route("/guardian/factors", SCOPES, "guardian_factors"),
    Route("/guardian/policies", ("read:mfa_policies",), handler=_policies),
    _settings("/guardian/settings", "guardian_settings"),
    _settings("/guardian/factors/duo/settings", "guardian_factor_duo_settings", "skey", "ikey"),
    _settings("/guardian/factors/email/settings", "guardian_factor_email_settings"),
    _settings("/guardian/factors/phone/settings", "guardian_factor_phone_settings"),
    _settings("/guardian/factors/phone/message-types", "guardian_factor_phone_message_types"),
    _settings("/guardian/factors/phone/providers/twilio", "guardian_factor_phone_twilio", "auth_token"),
    _settings("/guardian/factors/phone/selected-provider", "guardian_factor_phone_selected_provider"),
    _settings("/guardian/factors/phone/templates", "guardian_factor_phone_templates"),
    _settings("/guardian/factors/push-notification/providers/apns", "guardian_factor_push_apns"),
    _settings("/guardian/factors/push-notification/providers/sns", "guardian_factor_push_sns", "aws_secret_access_key"),
    _settings("/guardian/factors/push-notification/selected-provider", "guardian_factor_push_selected_provider"),
    _settings("/guardian/factors/sms/providers/twilio", "guardian_factor_sms_twilio", "auth_token"),
    _settings("/guardian/factors/sms/selected-provider", "guardian_factor_sms_selected_provider"),
    _settings("/guardian/factors/sms/templates", "guardian_factor_sms_templates"),
    # These three are not documented; they were recorded.
    _settings("/guardian/factors/webauthn-roaming/settings", "guardian_factor_webauthn_roaming_settings"),
    _settings("/guardian/factors/webauthn-platform/settings", "guardian_factor_webauthn_platform_settings"),
    Route("/prompts/mfa-push", ("read:prompts",), "prompts_mfa_push", kind="object"),
)
