"""Parses paths of the Management API: which segments are ids, and of which entities."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import unquote

API_PREFIX = "/api/v2/"
#: Paths that a fixed word always follows; elsewhere words and ids alternate. `*` stands for an id.
PATHS_FOLLOWED_BY_WORDS = frozenset(
    """
    actions anomaly anomaly/blocks attack-protection blacklists branding branding/phone branding/templates clients/cimd
    connections/*/directory-provisioning connections/*/scim-configuration emails experimentation flows/vault guardian
    jobs keys risk-assessments risk-assessments/settings tenants tickets users/*/multifactor/actions
    users/*/risk-assessments verifiable-credentials verifiable-credentials/verification
    """.split()  # noqa: SIM905 - as above
)
#: Paths whose last word stands where an id would.
FIXED_WORD_PATHS = frozenset(
    """
    clients/cimd connections/*/keys/rotate custom-domains/default flows/vault guardian/enrollments/ticket
    keys/encryption/rekey keys/signing/rotate prompts/rendering refresh-tokens/revoke users/*/multifactor/actions
    """.split()  # noqa: SIM905 - as above
)
#: Paths whose last id has two segments.
TWO_SEGMENT_ID_PATHS = frozenset(["self-service-profiles/*/custom-text/*", "users/*/identities/*"])
#: `PUT guardian/factors/sms` switches the factor with that id; `guardian/factors/sms/templates` has words only.
GUARDIAN_FACTORS_PATH = "guardian/factors"
#: Last words of a path that are an action on the entity before them.
ACTION_WORDS = frozenset(
    """
    clear deploy invalidate-remember-browser preview recovery-code-regeneration redeliver register rekey reset revoke
    revoke-access rollback rotate rotate-secret status test try validate verify wrapping-key
    """.split()  # noqa: SIM905 - as above
)
#: Path pattern to entity name, where that is not made of the path's words: the stream's name, if there is a stream.
ENTITY_NAMES = {
    "actions/actions": "actions",
    "actions/actions/*/versions": "action_versions",
    "actions/modules/*/versions": "action_module_versions",
    "actions/triggers/*/bindings": "action_trigger_bindings",
    "anomaly/blocks/ips": "blocked_ips",
    "blacklists/tokens": "blacklisted_tokens",
    "branding/templates/universal-login": "branding_universal_login_template",
    "clients/cimd": "clients",
    "connections/*/directory-provisioning": "connection_directory_provisionings",
    "connections/*/directory-provisioning/synchronizations": "connection_directory_synchronizations",
    "connections/*/directory-provisioning/synchronized-groups": "connection_synchronized_groups",
    "connections/*/scim-configuration": "connection_scim_configurations",
    "connections/*/scim-configuration/tokens": "connection_scim_tokens",
    "custom-domains/default": "default_custom_domain",
    "event-streams/*/redeliver": "event_stream_deliveries",
    "experimentation/experiments": "experiments",
    "experimentation/feature-flags": "feature_flags",
    "experimentation/feature-flags/*/variations": "feature_flag_variations",
    "experimentation/segments": "segments",
    "grants": "user_grants",
    "guardian/enrollments/ticket": "guardian_enrollment_tickets",
    "guardian/factors/phone/providers/twilio": "guardian_factor_phone_twilio",
    "guardian/factors/push-notification/providers/apns": "guardian_factor_push_apns",
    "guardian/factors/push-notification/providers/fcm": "guardian_factor_push_fcm",
    "guardian/factors/push-notification/providers/fcmv1": "guardian_factor_push_fcmv1",
    "guardian/factors/push-notification/providers/sns": "guardian_factor_push_sns",
    "guardian/factors/push-notification/selected-provider": "guardian_factor_push_selected_provider",
    "guardian/factors/sms/providers/twilio": "guardian_factor_sms_twilio",
    "jobs/users-exports": "jobs",
    "jobs/users-imports": "jobs",
    "jobs/verification-email": "jobs",
    "keys/custom-signing": "custom_signing_keys",
    "keys/encryption": "encryption_keys",
    "keys/signing": "signing_keys",
    "prompts/*/custom-text": "prompt_custom_texts",
    "prompts/*/screen": "prompt_screens",
    "prompts/*/screen/*/rendering": "prompt_renderings",
    "prompts/rendering": "prompt_renderings",
    "risk-assessments/settings/new-device": "risk_assessment_new_device_settings",
    "self-service-profiles/*/custom-text": "self_service_profile_custom_texts",
    "self-service-profiles/*/sso-ticket": "self_service_profile_sso_tickets",
    "tickets/email-verification": "email_verification_tickets",
    "tickets/password-change": "password_change_tickets",
    "users/*/multifactor": "user_multifactor_providers",
    "users/*/multifactor/actions": "user_multifactor_providers",
    "verifiable-credentials/verification/templates": "verifiable_credential_templates",
}


@dataclass(frozen=True)
class ApiPath:
    """A parsed path: `users/auth0%7C1/roles` has the pattern `users/*/roles` and the id `auth0|1`, one for each star.

    The entity is the last one on the path; the parent is the nearest one above it that has an id. An entity of which
    its parent has only one, or that is yet to be created, has no id here.
    """

    pattern: str
    ids: tuple[str, ...]
    entity_type: str = ""
    entity_id: str | None = None
    parent_type: str | None = None
    parent_id: str | None = None


@lru_cache(maxsize=1024)
def parse_api_path(path: str) -> ApiPath:
    """Parse a path; in an undocumented one, words and ids are taken to alternate."""
    words, ids = _split(path)
    entities = list(_entities(words, ids))
    if not entities:
        return ApiPath("/".join(words), tuple(ids))
    *above, (entity, entity_id) = entities
    parent, parent_id = next(((_entity_name(name), key) for name, key in reversed(above) if name and key), (None, None))
    return ApiPath("/".join(words), tuple(ids), _entity_name(entity), entity_id, parent, parent_id)


def below_api(path: str) -> str:
    """A path below `/api/v2/`, without its query."""
    return path.partition("?")[0].removeprefix(API_PREFIX).strip("/")


def _split(path: str) -> tuple[list[str], list[str]]:
    """The segments, with `*` for each id, and the ids."""
    words: list[str] = []
    ids: list[str] = []
    segments = [segment for segment in below_api(path).split("/") if segment]
    for number, segment in enumerate(segments, 1):
        if segment != "*" and _is_word("/".join(words), segment, last=number == len(segments)):
            words.append(segment)
        else:
            words.append("*")
            ids.append(unquote(segment))
    return words, ids


def _is_word(above: str, segment: str, *, last: bool) -> bool:
    if not above or above in PATHS_FOLLOWED_BY_WORDS or f"{above}/{segment}" in FIXED_WORD_PATHS:
        return True
    if above.startswith(GUARDIAN_FACTORS_PATH):
        return above != GUARDIAN_FACTORS_PATH or not last
    return above.endswith("*") and above not in TWO_SEGMENT_ID_PATHS


def _entities(words: list[str], ids: list[str]) -> Iterator[tuple[str, str | None]]:
    """The pattern and the id, if any, of each entity on the path; a final action word is no entity."""
    keys, start = iter(ids), 0
    while start < len(words):
        end = next((n for n in range(start, len(words)) if words[n] == "*"), len(words))
        if end == len(words):
            last = end - 1 if words[-1] in ACTION_WORDS else end
            if last > start:
                yield "/".join(words[:last]), None
            return
        after = next((n for n in range(end, len(words)) if words[n] != "*"), len(words))
        yield "/".join(words[:end]), "|".join(next(keys) for _ in range(end, after))
        start = after


def _entity_name(pattern: str) -> str:
    if pattern in ENTITY_NAMES:
        return ENTITY_NAMES[pattern]
    *parents, last = [word for word in pattern.split("/") if word != "*"]
    return "_".join([*map(_singular, parents), last]).replace("-", "_")


def _singular(word: str) -> str:
    if word.endswith("ies"):
        return f"{word[:-3]}y"
    return word[:-1] if word.endswith("s") and word != "sms" else word
