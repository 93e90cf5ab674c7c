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
            "/api/v2/rate-limit-policies/p/new-parts/n/",
            ApiPath(
                "rate-limit-policies/*/new-parts/*",
                ("p", "n"),
                "rate_limit_policy_new_parts",
                "n",
                "rate_limit_policies",
                "p",
            ),
        ),
        ("/api/v2/new-things/t", ApiPath("new-things/*", ("t",), "new_things", "t")),
        ("/api/v2/rotate", ApiPath("rotate", ())),
        ("/api/v2/*/x", ApiPath("*/x", ("*",), "x")),
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


#: The patterns of Auth0's write routes that a stream reads too.
WRITE_PATTERNS = frozenset(
    """
    actions/actions actions/actions/*/versions actions/modules actions/modules/*/versions actions/triggers/*/bindings
    attack-protection/bot-detection attack-protection/breached-password-detection
    attack-protection/brute-force-protection attack-protection/captcha attack-protection/phone-provider-protection
    attack-protection/suspicious-ip-throttling branding branding/phone/providers branding/phone/templates
    branding/templates/universal-login client-grants clients clients/*/credentials connection-profiles connections
    connections/*/clients connections/*/directory-provisioning/synchronized-groups connections/*/keys
    connections/*/scim-configuration/tokens custom-domains custom-domains/default device-credentials emails/provider
    event-streams experimentation/experiments experimentation/feature-flags
    experimentation/feature-flags/*/variations experimentation/segments flows flows/vault/connections forms grants
    groups/*/members groups/*/roles guardian/factors guardian/factors/duo/settings
    guardian/factors/phone/message-types guardian/factors/phone/providers/twilio
    guardian/factors/phone/selected-provider guardian/factors/phone/templates
    guardian/factors/push-notification/providers/apns guardian/factors/push-notification/providers/sns
    guardian/factors/push-notification/selected-provider guardian/factors/sms/providers/twilio
    guardian/factors/sms/selected-provider guardian/factors/sms/templates guardian/policies hooks
    keys/custom-signing keys/encryption keys/signing log-streams network-acls organizations
    organizations/*/client-grants organizations/*/connections organizations/*/discovery-domains
    organizations/*/enabled_connections organizations/*/groups/*/roles organizations/*/invitations
    organizations/*/members prompts prompts/*/custom-text/* prompts/*/partials prompts/rendering rate-limit-policies
    resource-servers risk-assessments/settings risk-assessments/settings/new-device roles roles/*/groups
    roles/*/permissions roles/*/users rules self-service-profiles supplemental-signals tenants/settings
    token-exchange-profiles user-attribute-profiles users users/*/authentication-methods users/*/permissions
    users/*/refresh-tokens users/*/roles users/*/sessions verifiable-credentials/verification/templates
    """.split()  # noqa: SIM905 - two hundred quotation marks less
)
#: Those that several streams read, or one stream named after a part of the path.
NAMED_OTHERWISE = {"organizations/*/members", "organizations/*/groups/*/roles", "prompts/*/custom-text/*"}


def pattern_of(name: str) -> str:
    return re.sub(r"\{\{.*?\}\}", "*", load_stream(name)["$parameters"]["resource"])


@pytest.mark.parametrize(
    "name", [name for name in stream_files() if pattern_of(name) in WRITE_PATTERNS - NAMED_OTHERWISE]
)
def test_entity_types_are_named_like_their_streams(name: str):
    assert name == parse_api_path(pattern_of(name).replace("*", "X")).entity_type


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
        assert re.fullmatch(r"[a-z0-9]+(_[a-z0-9]+)*", api_path.entity_type), path
    undocumented = {
        pattern for pattern in WRITE_PATTERNS if not any(pattern == re.sub(r"\{.*?\}", "*", p)[1:] for p in routes)
    }
    assert {"groups/*/members"} >= undocumented
