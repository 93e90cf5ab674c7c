import gzip
import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from source_auth0.manifest.assembly import load_stream
from source_auth0.manifest.files import stream_files
from source_auth0.retrievers.log_events.api_paths import ApiPath, below_api, parse_api_path
from source_auth0.retrievers.log_events.api_routes import ROUTES

SHARED = Path(__file__).parents[4] / "shared/reference/auth0"


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/api/v2/users", ApiPath("users", (), "users")),
        ("/api/v2/users/auth0%7C1", ApiPath("users/*", ("auth0|1",), "users", "auth0|1")),
        ("users/auth0%7C1/", ApiPath("users/*", ("auth0|1",), "users", "auth0|1")),
        ("/api/v2/users/a/roles?x=y", ApiPath("users/*/roles", ("a",), "user_roles", None, "users", "a")),
        (
            "/api/v2/organizations/o/members/u/roles",
            ApiPath(
                "organizations/*/members/*/roles",
                ("o", "u"),
                "organization_member_roles",
                None,
                "organization_members",
                "u",
            ),
        ),
        (
            "/api/v2/users/u/identities/google-oauth2/7",
            ApiPath(
                "users/*/identities/*/*",
                ("u", "google-oauth2", "7"),
                "user_identities",
                "google-oauth2|7",
                "users",
                "u",
            ),
        ),
        ("/api/v2/clients/c/rotate-secret", ApiPath("clients/*/rotate-secret", ("c",), "clients", "c")),
        ("/api/v2/clients/cimd/register", ApiPath("clients/cimd/register", (), "clients")),
        ("/api/v2/guardian/factors/sms", ApiPath("guardian/factors/*", ("sms",), "guardian_factors", "sms")),
        (
            "/api/v2/guardian/factors/sms/templates",
            ApiPath("guardian/factors/sms/templates", (), "guardian_factor_sms_templates"),
        ),
        ("/api/v2/keys/signing/rotate", ApiPath("keys/signing/rotate", (), "signing_keys")),
        ("/api/v2/keys/signing/k/revoke", ApiPath("keys/signing/*/revoke", ("k",), "signing_keys", "k")),
        (
            "/api/v2/connections/c/keys/rotate",
            ApiPath("connections/*/keys/rotate", ("c",), "connection_keys", None, "connections", "c"),
        ),
        (
            "/api/v2/prompts/login/screen/login-id/rendering",
            ApiPath(
                "prompts/*/screen/*/rendering",
                ("login", "login-id"),
                "prompt_renderings",
                "login|login-id",
                "prompts",
                "login",
            ),
        ),
        (
            "/api/v2/users/u/multifactor/actions/invalidate-remember-browser",
            ApiPath("users/*/multifactor/actions/invalidate-remember-browser", ("u",), "users", "u"),
        ),
        (
            "/api/v2/attack-protection/captcha/policies/cpt_1",
            ApiPath("attack-protection/captcha/policies/*", ("cpt_1",), "attack_protection_captcha_policies", "cpt_1"),
        ),
        ("/api/v2/risk-assessment/config", ApiPath("risk-assessment/config", (), "risk_assessment_settings")),
        ("/api/v2/integrations/installed", ApiPath("integrations/installed", (), "integrations")),
        ("/api/v2/custom-domains/default", ApiPath("custom-domains/default", (), "default_custom_domain")),
        (
            "/api/v2/rate-limit-policies/p/new-parts/n1/",
            ApiPath("rate-limit-policies/*/new-parts/*", ("p", "n1"), "unknown", "n1", "rate_limit_policies", "p"),
        ),
        ("/api/v2/new-things/t1", ApiPath("new-things/*", ("t1",), "unknown", "t1")),
        ("/api/v2/new-things/settings", ApiPath("new-things/*", ("settings",), "unknown")),
        ("/api/v2/attack-protection/novelty", ApiPath("attack-protection/novelty", (), "unknown")),
        ("/api/v2/users/u/novelty", ApiPath("users/*/novelty", ("u",), "unknown", None, "users", "u")),
        ("/api/v2/rotate", ApiPath("rotate", (), "unknown")),
        ("/api/v2/*/x", ApiPath("_/*", ("x",), "unknown")),
        ("/api/v2/", ApiPath("", ())),
        ("", ApiPath("", ())),
    ],
)
def test_a_path_names_an_entity_and_its_parent(path: str, expected: ApiPath):
    assert expected == parse_api_path(path)


@given(st.text("ab*/%7C?|é", max_size=30))
def test_any_path_is_parsed(path: str):
    """As many ids as stars, and whatever has an id is one of them."""
    api_path = parse_api_path(path)
    assert api_path.pattern.split("/").count("*") == len(api_path.ids)
    assert (api_path.parent_type is None) == (api_path.parent_id is None)
    for key in (api_path.entity_id, api_path.parent_id):
        assert key is None or all(part in "|".join(api_path.ids) for part in key.split("|"))


def test_ids_are_decoded_only_after_the_path_is_split():
    assert ("waad|a/b",) == parse_api_path("/api/v2/users/waad%7Ca%2Fb").ids
    assert "users/waad%7Ca%2Fb" == below_api("/api/v2/users/waad%7Ca%2Fb?fields=x")


@pytest.mark.parametrize("path", ["/api/v2/roles/X", "/api/v2/roles/X/", "/api/v2/roles/X/?fields=x", "/roles/X"])
def test_a_path_below_the_api_neither_begins_nor_ends_in_a_slash(path: str):
    assert "roles/X" == below_api(path)


#: Types of what is written and in no stream, or in a stream that reads it from elsewhere.
TYPES_WITHOUT_STREAM = {
    *("blacklisted_tokens", "blocked_ips", "branding_themes", "connection_directory_synchronizations"),
    *("connection_users", "email_verification_tickets", "guardian_enrollment_tickets", "guardian_factor_push_fcm"),
    *("guardian_factor_push_fcmv1", "hook_secrets", "integrations", "jobs", "password_change_tickets", "rules_configs"),
    *("self_service_profile_sso_tickets", "user_authenticators", "user_federated_connection_tokensets"),
    *("user_identities", "user_multifactor_providers"),
}


@pytest.mark.parametrize("route", [route.rstrip("+") for route in ROUTES])
def test_entity_types_are_named_like_streams(route: str):
    path = "/".join(f"{n}%7C1" if word == "*" else word for n, word in enumerate(route.split("/")))
    api_path = parse_api_path(f"/api/v2/{path}")
    assert route == api_path.pattern
    assert api_path.entity_type in {*stream_files(), *TYPES_WITHOUT_STREAM}


def pattern_of(name: str) -> str:
    return re.sub(r"\{\{.*?\}\}", "*", load_stream(name)["$parameters"]["resource"])


#: Streams whose resource is that of a more general stream, or names rows of another entity.
NAMED_OTHERWISE = {
    *("changes", "log_types", "user_deletions", "connection_status", "organization_role_members", "readings"),
    *("organization_member_roles", "organization_role_groups", "prompt_custom_texts", "branding_default_theme"),
    *("connection_profile_templates", "user_attribute_profile_templates"),
}


@pytest.mark.parametrize("name", sorted(set(stream_files()) - NAMED_OTHERWISE))
def test_a_stream_whose_route_is_written_has_the_type_of_its_name(name: str):
    api_path = parse_api_path(pattern_of(name).replace("*", "X1"))
    assert api_path.entity_type in {name, "unknown"}


@pytest.mark.skipif(not SHARED.exists(), reason="the reference is not part of the package")
def test_every_documented_write_route_is_parsed():
    (document,) = SHARED.glob("openapi.*.json.gz")
    routes = json.loads(gzip.decompress(document.read_bytes()))["paths"]
    write_paths = [path for path, verbs in routes.items() if {"post", "put", "patch", "delete"} & set(verbs)]
    assert len(write_paths) > 190
    for path in write_paths:
        api_path = parse_api_path("/api/v2" + re.sub(r"\{(.*?)\}", r"\1%7C1", path))
        assert re.sub(r"\{.*?\}", "*", path).strip("/") == api_path.pattern
        assert tuple(f"{name}|1" for name in re.findall(r"\{(.*?)\}", path)) == api_path.ids
        assert api_path.entity_type != "unknown", path
