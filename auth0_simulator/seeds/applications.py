"""Applications, APIs and the grants between them."""

from __future__ import annotations

from auth0_simulator.accounts import Row
from auth0_simulator.seeds import Seeding, seeded

APP_TYPES = ("spa", "regular_web", "native", "non_interactive")
CLIENTS = 60
APIS = ("Orders", "Billing", "Search", "Catalog", "Shipping", "Notifications", "Reports")
BEFORE = (["implicit"], ["password"], ["implicit", "http://auth0.com/oauth/legacy/grant-type/ro"])
ACTIONS = ("read", "create", "update", "delete")


@seeded("clients")
def clients(seeding: Seeding) -> list[Row]:
    """The application that reads, the global client, and others of every type."""
    application = seeding.tenant.application
    own = _client(seeding, 0, "Airbyte source", "non_interactive")
    own |= {"client_id": application.client_id, "client_secret": application.client_secret}
    everything = _client(seeding, 1, "All Applications", "spa") | {"global": True}
    named = (f"{APP_TYPES[i % 4].replace('_', ' ').title()} application {i}" for i in range(2, CLIENTS))
    return [own, everything, *(_client(seeding, i, name, APP_TYPES[i % 4]) for i, name in enumerate(named, start=2))]


def _client(seeding: Seeding, index: int, name: str, app_type: str) -> Row:
    confidential = app_type in {"regular_web", "non_interactive"}
    client = {
        "tenant": seeding.tenant.name,
        "global": False,
        "client_id": seeding.id("", index, length=32),
        "client_secret": seeding.secret(index),
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
            {"cert": seeding.secret(index, "cert"), "pkcs7": seeding.secret(index, "pkcs7"), "subject": "/CN=t"}
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
        "created_at": seeding.moment(400 - index),
        "updated_at": seeding.moment(max(0.5, 200 - 3 * index)),
    }
    if index % 8 == 5:  # noqa: PLR2004 - a few encrypt, and a few have add-ons whose settings hold keys
        client["encryption_key"] = {
            "pub": seeding.secret(index, "pub"),
            "cert": seeding.secret(index, "enc"),
            "subject": "/CN=e",
        }
        client["addons"] = {"layer": {"providerId": f"p-{index}", "privateKey": seeding.secret(index, "layer")}}
    return client


def _grant_types(index: int, app_type: str) -> list[str]:
    """What suits the type, and in one application of nine a grant from before: implicit, password, or a legacy one."""
    own = ["client_credentials"] if app_type == "non_interactive" else ["authorization_code", "refresh_token"]
    before = BEFORE[index // 9 % len(BEFORE)] if index % 9 == 4 and app_type != "non_interactive" else []  # noqa: PLR2004
    return [*own, *before]


@seeded("resource_servers")
def resource_servers(seeding: Seeding) -> list[Row]:
    """The Management API, which is the tenant's own, and the customer's APIs; every third has a shared secret."""
    tenant = seeding.tenant
    management = _api(seeding, 0, "Auth0 Management API", tenant.audience) | {"is_system": True}
    management["scopes"] = [
        {"value": scope, "description": f"Permits {scope}"} for scope in sorted(tenant.known_scopes)
    ]
    rows = [
        management,
        *(_api(seeding, i, name, f"https://{name.lower()}.example.com/") for i, name in enumerate(APIS, 1)),
    ]
    for index, row in enumerate(rows):
        if index % 3 == 1:
            row |= {"signing_alg": "HS256", "signing_secret": seeding.secret(index)}
    return rows


def _api(seeding: Seeding, index: int, name: str, identifier: str) -> Row:
    return {
        "id": seeding.id("", index, length=24).lower(),
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
def client_grants(seeding: Seeding) -> list[Row]:
    """What each machine-to-machine application may ask for."""
    tenant = seeding.tenant
    machines = [client for client in tenant.rows("clients") if client["app_type"] == "non_interactive"]
    grants = []
    for index, client in enumerate(machines):
        for api in seeding.random.sample(tenant.rows("resource_servers")[1:], 3):
            grant: Row = {
                "id": seeding.id("cgr_", index, api["id"]),
                "client_id": client["client_id"],
                "audience": api["identifier"],
                "scope": [scope["value"] for scope in api["scopes"][: 1 + index % 4]],
                "subject_type": "client",
                "organization_usage": ("deny", "allow", "require")[index % 3],
                "allow_any_organization": index % 2 == 0,
            }
            grants.append(grant)
    return grants
