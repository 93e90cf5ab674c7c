"""Self-service, token exchange and user attribute profiles, verifiable credential templates, and agents."""

from __future__ import annotations

from auth0_simulator.seeds.registry import SeedContext, seeded
from auth0_simulator.wire.rows import Row

#: The entity limit of https://auth0.com/docs/troubleshoot/customer-support/operational-policies/entity-limit-policy
SELF_SERVICE_PROFILES = 20
USER_ATTRIBUTE_PROFILES = 53
TOKEN_EXCHANGE_PROFILES = 103
CREDENTIAL_TEMPLATES = 106
AGENTS = 109
CLAIMS = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims"
NAME_SPACE = "org.iso.18013.5.1"


@seeded("self_service_profiles")
def self_service_profiles(context: SeedContext) -> list[Row]:
    """Self-service profiles with attributes of their own, or those of a user attribute profile."""
    return [_self_service_profile(context, index) for index in range(SELF_SERVICE_PROFILES)]


def _self_service_profile(context: SeedContext, index: int) -> Row:
    row: Row = {
        "id": context.id("ssp_", index, length=22),
        "name": f"Customers of kind {index}",
        "description": f"What customers of kind {index} see",
        "user_attributes": [
            {"name": "email", "description": "Email of the user", "is_optional": False},
            {"name": "name", "description": "Name of the user", "is_optional": True},
        ],
        "allowed_strategies": ["oidc", "samlp", "okta"][: 1 + index % 3],
        "branding": {"logo_url": "https://cdn.example.com/logo.png", "colors": {"primary": "#19aecc"}},
        "created_at": context.moment(90 - index),
        "updated_at": context.moment(60 - index),
    }
    if index % 2:
        profiles = context.tenant.rows("user_attribute_profiles")
        row |= {"user_attributes": [], "user_attribute_profile_id": profiles[index % len(profiles)]["id"]}
    return row


@seeded("self_service_profile_custom_texts", "self_service_profiles", "", "")
def self_service_profile_custom_texts(_: SeedContext, profile: Row, language: str, page: str) -> list[Row]:
    """Custom text of the page get-started in English; every third profile has none."""
    if (language, page) != ("en", "get-started"):
        return []
    own = int(profile["name"].rpartition(" ")[2]) % 3
    return [{"introduction": f"Welcome, {profile['name']}!", "title": "Set up single sign-on"} if own else {}]


@seeded("token_exchange_profiles")
def token_exchange_profiles(context: SeedContext) -> list[Row]:
    """Token exchange profiles, whose tokens an action checks."""
    actions = context.tenant.rows("actions")
    return [
        {
            "id": context.id("tep_", index),
            "name": f"Exchange {index}",
            "subject_token_type": f"https://example.com/tokens/{index}",
            "action_id": actions[index % len(actions)]["id"],
            "type": "custom_authentication",
            "created_at": context.moment(150 - index),
            "updated_at": context.moment(130 - index),
        }
        for index in range(TOKEN_EXCHANGE_PROFILES)
    ]


@seeded("user_attribute_profiles")
def user_attribute_profiles(context: SeedContext) -> list[Row]:
    """User attribute profiles with mappings for every protocol."""
    return [
        {"id": context.id("uap_", index, length=22), **_mappings(f"Profile {index}", index)}
        for index in range(USER_ATTRIBUTE_PROFILES)
    ]


@seeded("user_attribute_profile_templates")
def user_attribute_profile_templates(_: SeedContext) -> list[Row]:
    """Auth0's two templates."""
    names = {"auth0-generic": "Auth0 Generic", "auth0-scim": "Auth0 SCIM"}
    return [
        {
            "id": template_id,
            "display_name": f"{name} User Attribute Profile Template",
            "template": _mappings(f"{name} User Attribute Profile", index),
        }
        for index, (template_id, name) in enumerate(names.items())
    ]


def _mappings(name: str, index: int) -> Row:
    return {
        "name": name,
        "user_id": {
            "oidc_mapping": "sub",
            "saml_mapping": [f"{CLAIMS}/upn", f"{CLAIMS}/nameidentifier"],
            "scim_mapping": ("userName", "externalId")[index % 2],
            "strategy_overrides": {"waad": {"oidc_mapping": "oid"}},
        },
        "user_attributes": {
            "email": {
                "description": "Email of the user",
                "label": "Email",
                "profile_required": True,
                "auth0_mapping": "email",
                "oidc_mapping": {"mapping": "${context.tokenset.email}", "display_name": "email"},
                "saml_mapping": [f"{CLAIMS}/emailaddress"],
                "scim_mapping": "emails[primary eq true].value",
            },
        },
    }


@seeded("verifiable_credential_templates")
def verifiable_credential_templates(context: SeedContext) -> list[Row]:
    """Templates for mobile driving licences."""
    return [
        {
            "id": context.id("vct_", index),
            "name": f"Licence {index}",
            "type": "mdl",
            "dialect": "simplified/1.0",
            "presentation": {f"{NAME_SPACE}.mDL": {NAME_SPACE: {"family_name": True, "birth_date": index % 2 == 0}}},
            "custom_certificate_authority": None,
            "well_known_trusted_issuers": "AAMVA",
            "created_at": context.moment(160 - index),
            "updated_at": context.moment(140 - index),
        }
        for index in range(CREDENTIAL_TEMPLATES)
    ]


@seeded("agents")
def agents(context: SeedContext) -> list[Row]:
    """Agents, every third with an external id."""
    return [
        {
            "agent_id": context.id("agt_", index),
            "name": f"Agent {index}",
            "metadata": {"team": f"team-{index % 7}"},
            "created_at": context.moment(180 - index),
            "updated_at": context.moment(120 - index),
            **({"external_agent_id": f"bot-{index}"} if index % 3 == 0 else {}),
        }
        for index in range(AGENTS)
    ]
