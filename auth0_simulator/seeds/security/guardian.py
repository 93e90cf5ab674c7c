"""Factors of multi-factor authentication (Guardian) and their settings."""

from __future__ import annotations

from auth0_simulator.seeds.registry import SeedContext, seeded
from auth0_simulator.wire.rows import Row

FACTORS = (
    *("sms", "push-notification", "otp", "email", "duo", "webauthn-roaming", "webauthn-platform", "recovery-code"),
    "passkey",
)
TEMPLATES = {
    "enrollment_message": "{{code}} enrolls you at {{tenant.friendly_name}}",
    "verification_message": "{{code}} is your code for {{tenant.friendly_name}}",
}


@seeded("guardian_factors")
def factors(_: SeedContext) -> list[Row]:
    """Every factor; every second one is enabled."""
    return [{"name": name, "enabled": index % 2 == 0, "trial_expired": False} for index, name in enumerate(FACTORS)]


@seeded("guardian_policies")
def policies(_: SeedContext) -> list[Row]:
    """The enabled policies, by name."""
    return [{"name": "all-applications"}]


@seeded("guardian_settings")
def settings(_: SeedContext) -> list[Row]:
    """Session timeouts, and the option to remember a device."""
    return [
        {
            "display_remember_me_checkbox": True,
            "remember_me_default_value": False,
            "mfa_session_inactivity_timeout": 86_400,
            "mfa_session_overall_timeout": 2_592_000,
        }
    ]


@seeded("guardian_factor_duo_settings")
def duo_settings(context: SeedContext) -> list[Row]:
    """The settings of a Duo account."""
    keys = {"ikey": context.secret("ikey", length=13), "skey": context.secret("skey", length=33)}
    return [{**keys, "host": "api-1a2b3c4d.duosecurity.com"}]


@seeded("guardian_factor_email_settings")
def email_settings(_: SeedContext) -> list[Row]:
    """One-time passwords by email: six digits, valid for five minutes."""
    return [{"otp_length": 6, "otp_expiration_time": 300}]


@seeded("guardian_factor_phone_settings")
def phone_settings(_: SeedContext) -> list[Row]:
    """One-time passwords by phone: eight digits, valid for ten minutes."""
    return [{"otp_length": 8, "otp_expiration_time": 600}]


@seeded("guardian_factor_phone_message_types")
def phone_message_types(_: SeedContext) -> list[Row]:
    """Text messages and voice calls."""
    return [{"message_types": ["sms", "voice"]}]


@seeded("guardian_factor_phone_twilio")
def phone_twilio(context: SeedContext) -> list[Row]:
    """A Twilio account with a messaging service."""
    return [_twilio(context) | {"from": None, "messaging_service_sid": "MG0123456789abcdef"}]


@seeded("guardian_factor_sms_twilio")
def sms_twilio(context: SeedContext) -> list[Row]:
    """A Twilio account with a phone number."""
    return [_twilio(context) | {"from": "+15550123", "messaging_service_sid": None}]


def _twilio(context: SeedContext) -> Row:
    return {"auth_token": context.secret("token", length=32), "sid": context.secret("sid", length=32)}


@seeded("guardian_factor_phone_selected_provider")
def phone_selected_provider(_: SeedContext) -> list[Row]:
    """Twilio is the phone provider."""
    return [{"provider": "twilio"}]


@seeded("guardian_factor_sms_selected_provider")
def sms_selected_provider(_: SeedContext) -> list[Row]:
    """Twilio is the SMS provider."""
    return [{"provider": "twilio"}]


@seeded("guardian_factor_push_selected_provider")
def push_selected_provider(_: SeedContext) -> list[Row]:
    """Amazon SNS is the push notification provider."""
    return [{"provider": "sns"}]


@seeded("guardian_factor_phone_templates")
def phone_templates(_: SeedContext) -> list[Row]:
    """Custom templates of phone messages."""
    return [dict(TEMPLATES)]


@seeded("guardian_factor_sms_templates")
def sms_templates(_: SeedContext) -> list[Row]:
    """Custom templates of text messages."""
    return [dict(TEMPLATES)]


@seeded("guardian_factor_push_apns")
def push_apns(_: SeedContext) -> list[Row]:
    """Apple push notification settings, without the certificate."""
    return [{"bundle_id": "com.example.app", "sandbox": False, "enabled": True}]


@seeded("guardian_factor_push_sns")
def push_sns(context: SeedContext) -> list[Row]:
    """Amazon SNS settings."""
    arn = "arn:aws:sns:eu-west-1:000000000000:app"
    return [
        {
            "aws_access_key_id": context.secret("id", length=20),
            "aws_secret_access_key": context.secret("key", length=40),
            "aws_region": "eu-west-1",
            "sns_apns_platform_application_arn": f"{arn}/APNS/demo",
            "sns_gcm_platform_application_arn": f"{arn}/GCM/demo",
        }
    ]


@seeded("guardian_factor_webauthn_roaming_settings")
def webauthn_roaming_settings(_: SeedContext) -> list[Row]:
    """Settings of roaming authenticators, as recorded."""
    return [{"userVerification": "preferred", "overrideRelyingParty": False}]


@seeded("guardian_factor_webauthn_platform_settings")
def webauthn_platform_settings(_: SeedContext) -> list[Row]:
    """Settings of platform authenticators, as recorded, with the relying party that an override needs."""
    return [{"overrideRelyingParty": True, "relyingPartyIdentifier": "example.com"}]


@seeded("prompts_mfa_push")
def prompts_mfa_push(_: SeedContext) -> list[Row]:
    """The customer's own app for push notifications."""
    return [
        {
            "app_name": "Example Guard",
            "apple_app_link": "https://itunes.apple.com/us/app/example/id123121",
            "google_app_link": "https://play.google.com/store/apps/details?id=com.example.app",
        }
    ]
