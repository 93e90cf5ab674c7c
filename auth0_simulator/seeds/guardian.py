"""Factors of multi-factor authentication and what is set for them."""

from __future__ import annotations

from auth0_simulator.accounts import Row
from auth0_simulator.seeds import Seeding, seeded

FACTORS = (
    *("sms", "push-notification", "otp", "email", "duo", "webauthn-roaming", "webauthn-platform", "recovery-code"),
    "passkey",
)
TEMPLATES = {
    "enrollment_message": "{{code}} enrolls you at {{tenant.friendly_name}}",
    "verification_message": "{{code}} is your code for {{tenant.friendly_name}}",
}


@seeded("guardian_factors")
def factors(_: Seeding) -> list[Row]:
    """All there are; every other one is on."""
    return [{"name": name, "enabled": index % 2 == 0, "trial_expired": False} for index, name in enumerate(FACTORS)]


@seeded("guardian_policies")
def policies(_: Seeding) -> list[Row]:
    """Which policies are on, by name."""
    return [{"name": "all-applications"}]


@seeded("guardian_settings")
def settings(_: Seeding) -> list[Row]:
    """How long a factor is remembered."""
    return [
        {
            "display_remember_me_checkbox": True,
            "remember_me_default_value": False,
            "mfa_session_inactivity_timeout": 86_400,
            "mfa_session_overall_timeout": 2_592_000,
        }
    ]


@seeded("guardian_factor_duo_settings")
def duo_settings(seeding: Seeding) -> list[Row]:
    """An account at Duo."""
    keys = {"ikey": seeding.secret("ikey", length=13), "skey": seeding.secret("skey", length=33)}
    return [{**keys, "host": "api-1a2b3c4d.duosecurity.com"}]


@seeded("guardian_factor_email_settings")
def email_settings(_: Seeding) -> list[Row]:
    """Six digits, five minutes."""
    return [{"otp_length": 6, "otp_expiration_time": 300}]


@seeded("guardian_factor_phone_settings")
def phone_settings(_: Seeding) -> list[Row]:
    """Eight digits, ten minutes."""
    return [{"otp_length": 8, "otp_expiration_time": 600}]


@seeded("guardian_factor_phone_message_types")
def phone_message_types(_: Seeding) -> list[Row]:
    """Texts and calls."""
    return [{"message_types": ["sms", "voice"]}]


@seeded("guardian_factor_phone_twilio")
def phone_twilio(seeding: Seeding) -> list[Row]:
    """An account at Twilio with a messaging service."""
    return [_twilio(seeding) | {"from": None, "messaging_service_sid": "MG0123456789abcdef"}]


@seeded("guardian_factor_sms_twilio")
def sms_twilio(seeding: Seeding) -> list[Row]:
    """An account at Twilio with a number."""
    return [_twilio(seeding) | {"from": "+15550123", "messaging_service_sid": None}]


def _twilio(seeding: Seeding) -> Row:
    return {"auth_token": seeding.secret("token", length=32), "sid": seeding.secret("sid", length=32)}


@seeded("guardian_factor_phone_selected_provider")
def phone_selected_provider(_: Seeding) -> list[Row]:
    """Twilio reaches phones."""
    return [{"provider": "twilio"}]


@seeded("guardian_factor_sms_selected_provider")
def sms_selected_provider(_: Seeding) -> list[Row]:
    """Twilio sends texts."""
    return [{"provider": "twilio"}]


@seeded("guardian_factor_push_selected_provider")
def push_selected_provider(_: Seeding) -> list[Row]:
    """AWS pushes."""
    return [{"provider": "sns"}]


@seeded("guardian_factor_phone_templates")
def phone_templates(_: Seeding) -> list[Row]:
    """Texts of one's own."""
    return [dict(TEMPLATES)]


@seeded("guardian_factor_sms_templates")
def sms_templates(_: Seeding) -> list[Row]:
    """Texts of one's own."""
    return [dict(TEMPLATES)]


@seeded("guardian_factor_push_apns")
def push_apns(_: Seeding) -> list[Row]:
    """An app for Apple devices; its certificate is never shown."""
    return [{"bundle_id": "com.example.app", "sandbox": False, "enabled": True}]


@seeded("guardian_factor_push_sns")
def push_sns(seeding: Seeding) -> list[Row]:
    """An account at AWS."""
    arn = "arn:aws:sns:eu-west-1:000000000000:app"
    return [
        {
            "aws_access_key_id": seeding.secret("id", length=20),
            "aws_secret_access_key": seeding.secret("key", length=40),
            "aws_region": "eu-west-1",
            "sns_apns_platform_application_arn": f"{arn}/APNS/demo",
            "sns_gcm_platform_application_arn": f"{arn}/GCM/demo",
        }
    ]


@seeded("guardian_factor_webauthn_roaming_settings")
def webauthn_roaming_settings(_: Seeding) -> list[Row]:
    """As recorded."""
    return [{"userVerification": "preferred", "overrideRelyingParty": False}]


@seeded("guardian_factor_webauthn_platform_settings")
def webauthn_platform_settings(_: Seeding) -> list[Row]:
    """As recorded, with the relying party that an override needs."""
    return [{"overrideRelyingParty": True, "relyingPartyIdentifier": "example.com"}]


@seeded("prompts_mfa_push")
def prompts_mfa_push(_: Seeding) -> list[Row]:
    """An app of one's own."""
    return [
        {
            "app_name": "Example Guard",
            "apple_app_link": "https://itunes.apple.com/us/app/example/id123121",
            "google_app_link": "https://play.google.com/store/apps/details?id=com.example.app",
        }
    ]
