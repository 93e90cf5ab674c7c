"""Parses paths of the Management API: which segments are ids, and of which entities."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import unquote

from source_auth0.retrievers.log_events.api_routes import guess_route, match_route

API_PREFIX = "/api/v2/"
#: The type of what an undocumented path is about.
UNKNOWN = "unknown"
#: Last words of a route that are an action on the entity before them.
ACTIONS = frozenset(
    """
    advance-ramp deploy invalidate-remember-browser multifactor/actions/invalidate-remember-browser preview
    recovery-code-regeneration redeliver register rekey reset revoke revoke-access risk-assessments/clear rollback
    rotate rotate-secret status test try validate verify wrapping-key
    """.split()  # noqa: SIM905 - two dozen quotation marks less
)
#: The most words of an action.
MAX_ACTION_WORDS = 3
#: Routes whose id is all of their ids.
JOINED_ID_ROUTES = {"prompts/*/screen/*/rendering": "prompts"}
#: What ids of Auth0 have and words of its paths have not.
ID_LIKE = re.compile(r"[0-9|]")
#: Path pattern to entity name, where that is not made of the path's words: the stream's name, if there is a stream.
ENTITY_NAMES = {
    "actions/actions": "actions",
    "actions/actions/*/versions": "action_versions",
    "actions/modules/*/versions": "action_module_versions",
    "actions/triggers/*/bindings": "action_trigger_bindings",
    "anomaly/blocks/ips": "blocked_ips",
    "attack-protection/captcha/policies": "attack_protection_captcha_policies",
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
    "guardian/enrollments": "user_enrollments",
    "guardian/enrollments/ticket": "guardian_enrollment_tickets",
    "guardian/factors/phone/providers/twilio": "guardian_factor_phone_twilio",
    "guardian/factors/push-notification/providers/apns": "guardian_factor_push_apns",
    "guardian/factors/push-notification/providers/fcm": "guardian_factor_push_fcm",
    "guardian/factors/push-notification/providers/fcmv1": "guardian_factor_push_fcmv1",
    "guardian/factors/push-notification/providers/sns": "guardian_factor_push_sns",
    "guardian/factors/push-notification/selected-provider": "guardian_factor_push_selected_provider",
    "guardian/factors/sms/providers/twilio": "guardian_factor_sms_twilio",
    "integrations/installed": "integrations",
    "jobs/users-exports": "jobs",
    "jobs/users-imports": "jobs",
    "jobs/verification-email": "jobs",
    "keys/custom-signing": "custom_signing_keys",
    "keys/encryption": "encryption_keys",
    "keys/network-acls": "network_acl_keys",
    "keys/signing": "signing_keys",
    "prompts/*/custom-text": "prompt_custom_texts",
    "prompts/*/screen/*/rendering": "prompt_renderings",
    "prompts/rendering": "prompt_renderings",
    "refresh-tokens": "user_refresh_tokens",
    "risk-assessment/config": "risk_assessment_settings",
    "risk-assessments/settings/new-device": "risk_assessment_new_device_settings",
    "self-service-profiles/*/custom-text": "self_service_profile_custom_texts",
    "self-service-profiles/*/sso-ticket": "self_service_profile_sso_tickets",
    "sessions": "user_sessions",
    "tickets/email-verification": "email_verification_tickets",
    "tickets/password-change": "password_change_tickets",
    "users/*/federated-connections-tokensets": "user_federated_connection_tokensets",
    "users/*/multifactor": "user_multifactor_providers",
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
    """Parse a path. In an undocumented one, words and ids are taken to alternate, and its entity is `unknown`."""
    segments = [segment for segment in below_api(path).split("/") if segment]
    if not segments:
        return ApiPath("", ())
    route = match_route(segments)
    words = route or guess_route(segments)
    pattern = "/".join(words)
    ids = tuple(unquote(segment) for segment, word in zip(segments, words, strict=True) if word == "*")
    if route is None:
        parent, parent_id = _nearest(list(_entities(_documented_part(words), ids)))
        last_id = ids[-1] if words[-1] == "*" and ID_LIKE.search(ids[-1]) else None
        return ApiPath(pattern, ids, UNKNOWN, last_id, parent, parent_id)
    if pattern in JOINED_ID_ROUTES:
        return ApiPath(pattern, ids, _entity_name(pattern), "|".join(ids), JOINED_ID_ROUTES[pattern], ids[0])
    *above, (entity, entity_id) = _entities(_without_action(words), ids)
    return ApiPath(pattern, ids, _entity_name(entity), entity_id, *_nearest(above))


def below_api(path: str) -> str:
    """A path below `/api/v2/`, without its query."""
    return path.partition("?")[0].removeprefix(API_PREFIX).strip("/")


def _nearest(entities: list[tuple[str, str | None]]) -> tuple[str | None, str | None]:
    """The type and the id of the last entity that has an id."""
    return next(((_entity_name(name), key) for name, key in reversed(entities) if key), (None, None))


def _documented_part(words: list[str]) -> list[str]:
    """The first words of an undocumented path that are a documented route and end in an id."""
    ends = (end for end in range(len(words) - 1, 0, -1) if words[end - 1] == "*")
    return next((words[:end] for end in ends if match_route(words[:end])), [])


def _without_action(words: list[str]) -> list[str]:
    """The words of a route before its action, if it has one."""
    lengths = range(min(MAX_ACTION_WORDS, len(words) - 1), 0, -1)
    return next((words[:-length] for length in lengths if "/".join(words[-length:]) in ACTIONS), words)


def _entities(words: list[str], ids: tuple[str, ...]) -> Iterator[tuple[str, str | None]]:
    """The pattern and the id, if any, of each entity on the path; adjacent ids are one."""
    keys, start = iter(ids), 0
    while start < len(words):
        end = next((n for n in range(start, len(words)) if words[n] == "*"), len(words))
        if end == len(words):
            yield "/".join(words), None
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
