"""Applications, APIs and the grants between them."""

from __future__ import annotations

from auth0_simulator.seeds.registry import SeedContext, seeded
from auth0_simulator.wire.rows import Row

APP_TYPES = ("spa", "regular_web", "native", "non_interactive")
CLIENTS = 60
APIS = ("Orders", "Billing", "Search", "Catalog", "Shipping", "Notifications", "Reports")
LEGACY_GRANT_TYPES = (["implicit"], ["password"], ["implicit", "http://auth0.com/oauth/legacy/grant-type/ro"])
ACTIONS = ("read", "create", "update", "delete")


@seeded("clients")
def clients(context: SeedContext) -> list[Row]:
    """The connector's own application, the global client, and others of every type."""
    application = context.tenant.application
    own = _client(context, 0, "Airbyte source", "non_interactive")
    own |= {"client_id": application.client_id, "client_secret": application.client_secret}
    everything = _client(context, 1, "All Applications", "spa") | {"global": True}
    named = (f"{APP_TYPES[i % 4].replace('_', ' ').title()} application {i}" for i in range(2, CLIENTS))
    return [own, everything, *(_client(context, i, name, APP_TYPES[i % 4]) for i, name in enumerate(named, start=2))]


def _client(context: SeedContext, index: int, name: str, app_type: str) -> Row:
    confidential = app_type in {"regular_web", "non_interactive"}
    client = {
        "tenant": context.tenant.name,
        "global": False,
        "client_id": context.id("", index, length=32),
        "client_secret": context.secret(index),
        "name": name,
        "description": f"{name}, kept by team {index % 7}",
        "app_type": app_type,
        "is_first_party": index % 10 != 9,  # noqa: PLR2004 - one in ten is a third party's
        "oidc_conformant": True,
        "sso_disabled": False,
        "cross_origin_auth": False,
        "callbacks": [f"https://app{index}.example.com/callback"] if app_type != "non_interactive" else [],
        "allowed_origins": [],
        "web_origins": [],
        "client_aliases": [],
        "grant_types": _grant_types(index, app_type),
        "jwt_configuration": {"alg": "RS256", "lifetime_in_seconds": 36_000, "secret_encoded": False},
        "signing_keys": [
            {"cert": context.secret(index, "cert"), "pkcs7": context.secret(index, "pkcs7"), "subject": "/CN=t"}
        ],
        "token_endpoint_auth_method": "client_secret_post" if confidential else "none",
        "refresh_token": {
            "rotation_type": "rotating",
            "expiration_type": "expiring",
            "leeway": 0,
            "token_lifetime": 2_592_000,
        },
        "custom_login_page_on": True,
        "client_metadata": {"team": f"team-{index % 7}"},
        "created_at": context.moment(400 - index),
        "updated_at": context.moment(max(0.5, 200 - 3 * index)),
    }
    if index % 8 == 5:  # noqa: PLR2004 - a few encrypt, and a few have add-ons whose settings hold keys
        client["encryption_key"] = {
            "pub": context.secret(index, "pub"),
            "cert": context.secret(index, "enc"),
            "subject": "/CN=e",
        }
        client["addons"] = {
            "layer": {
                "providerId": f"p-{index}",
                "keyId": f"k-{index}",
                "privateKey": context.secret(index, "layer"),
            }
        }
    return client


def _grant_types(index: int, app_type: str) -> list[str]:
    """The grant types of an application; one of nine also has a deprecated one: implicit, password or legacy."""
    own = ["client_credentials"] if app_type == "non_interactive" else ["authorization_code", "refresh_token"]
    is_legacy = index % 9 == 4 and app_type != "non_interactive"  # noqa: PLR2004
    legacy = LEGACY_GRANT_TYPES[index // 9 % len(LEGACY_GRANT_TYPES)] if is_legacy else []
    return [*own, *legacy]


@seeded("resource_servers")
def resource_servers(context: SeedContext) -> list[Row]:
    """The Management API, which is a system API, and the customer's APIs; every third signs with a shared secret."""
    tenant = context.tenant
    management = _api(context, 0, "Auth0 Management API", tenant.audience) | {"is_system": True}
    management["scopes"] = [
        {"value": scope, "description": f"Permits {scope}"} for scope in sorted(tenant.known_scopes)
    ]
    rows = [
        management,
        *(_api(context, i, name, f"https://{name.lower()}.example.com/") for i, name in enumerate(APIS, 1)),
    ]
    for index, row in enumerate(rows):
        if index % 3 == 1:
            row |= {"signing_alg": "HS256", "signing_secret": context.secret(index)}
    return rows


def _api(context: SeedContext, index: int, name: str, identifier: str) -> Row:
    return {
        "id": context.id("", index, length=24).lower(),
        "name": name,
        "identifier": identifier,
        "is_system": False,
        "scopes": [
            {"value": f"{action}:{name.lower()}", "description": f"{action.title()} {name}"} for action in ACTIONS
        ],
        "signing_alg": "RS256",
        "allow_offline_access": index % 2 == 1,
        "skip_consent_for_verifiable_first_party_clients": True,
        "token_lifetime": 86_400,
        "token_lifetime_for_web": 7_200,
        "enforce_policies": index % 2 == 0,
        "token_dialect": "access_token_authz",
    }


@seeded("client_grants")
def client_grants(context: SeedContext) -> list[Row]:
    """Three client grants for each machine-to-machine application."""
    tenant = context.tenant
    machines = [client for client in tenant.rows("clients") if client["app_type"] == "non_interactive"]
    grants = []
    for index, client in enumerate(machines):
        for api in context.random.sample(tenant.rows("resource_servers")[1:], 3):
            grant: Row = {
                "id": context.id("cgr_", index, api["id"]),
                "client_id": client["client_id"],
                "audience": api["identifier"],
                "scope": [scope["value"] for scope in api["scopes"][: 1 + index % 4]],
                "subject_type": "client",
                "organization_usage": ("deny", "allow", "require")[index % 3],
                "allow_any_organization": index % 2 == 0,
            }
            grants.append(grant)
    return grants
