"""Prompts of Universal Login: settings, custom texts, partials, and rendering."""

from __future__ import annotations

from auth0_simulator.api.paging import OFFSET
from auth0_simulator.api.parameters import QueryParameter, equals
from auth0_simulator.api.route import ApiCall, Route
from auth0_simulator.wire.errors import ApiError
from auth0_simulator.wire.rows import Row

SCOPES = ("read:prompts",)


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


PROMPTS = _words(
    "login login-id login-password login-passwordless login-email-verification signup signup-id "
    "signup-password phone-identifier-enrollment phone-identifier-challenge email-identifier-challenge "
    "reset-password custom-form consent customized-consent logout mfa-push mfa-otp mfa-voice mfa-phone "
    "mfa-webauthn mfa-sms mfa-email mfa-recovery-code mfa status device-flow email-verification "
    "email-otp-challenge organizations invitation common passkeys captcha brute-force-protection "
    "async-approval-flow confirmation "
)
LANGUAGES = _words(
    "am ar ar-EG ar-SA az bg bn bs ca-ES cnr cs cy da de el en en-CA es es-419 es-AR es-MX et eu-ES fa fi fr "
    "fr-CA fr-FR gl-ES gu he hi hr hu hy id is it ja ka kk kn ko lt lv mk ml mn mr ms my nb nl nn no pa pl pt "
    "pt-BR pt-PT ro ru sk sl so sq sr sv sw ta te th tl tr uk ur vi zgh zh-CN zh-HK zh-MO zh-TW "
)
WITH_PARTIALS = _words(
    "login login-id login-password login-passwordless signup signup-id signup-password customized-consent "
    "passkeys confirmation "
)


def _known(value: str, known: frozenset[str], name: str, description: str) -> None:
    if value not in known:
        message = f"Path validation error: 'Invalid value \"{value}\"' on property {name} ({description})."
        raise ApiError(400, message, "bad_request")


def _texts(call: ApiCall) -> object:
    """Custom texts by screen; an empty object where the tenant has none."""
    prompt, language = call.path_values
    _known(prompt, PROMPTS, "prompt", "Name of the prompt")
    _known(language, LANGUAGES, "language", "Language to update")
    rows = call.tenant.rows("prompt_custom_texts")
    return next((row["texts"] for row in rows if (row["prompt"], row["language"]) == (prompt, language)), {})


def _partials(call: ApiCall) -> object:
    """Partials by screen and insertion point; an empty object where the tenant has none."""
    _known(call.path_values[0], WITH_PARTIALS, "prompt", "Name of the prompt")
    rows = call.tenant.rows("prompt_partials")
    return next((row["partials"] for row in rows if row["prompt"] == call.path_values[0]), {})


def _rendering(call: ApiCall) -> list[Row]:
    """The settings of one screen."""
    rows = call.tenant.rows("prompt_renderings")
    return [row for row in rows if (row["prompt"], row["screen"]) == call.path_values]


ROUTES = (
    Route("/prompts", SCOPES, "prompts", kind="object"),
    Route(
        "/prompts/rendering",
        SCOPES,
        "prompt_renderings",
        "configs",
        OFFSET,
        fields=True,
        params=(
            QueryParameter("prompt", matches=equals("prompt")),
            QueryParameter("screen", matches=equals("screen")),
            QueryParameter("rendering_mode", choices=("advanced", "standard"), matches=equals("rendering_mode")),
        ),
    ),
    Route("/prompts/{prompt}/screen/{screen}/rendering", SCOPES, _rendering, kind="object"),
    Route("/prompts/{prompt}/custom-text/{language}", SCOPES, handler=_texts),
    Route("/prompts/{prompt}/partials", SCOPES, handler=_partials),
)
