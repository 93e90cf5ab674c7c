"""Applications, APIs and client grants."""

from __future__ import annotations

from auth0_simulator.api.paging import OFFSET, OFFSET_AND_CHECKPOINT, Paging
from auth0_simulator.api.parameters import QueryParameter, equals, one_of
from auth0_simulator.api.route import FieldGuard, Route

CLIENT_SECRETS = frozenset({"client_secret", "signing_keys", "encryption_key", "client_authentication_methods"})
CLIENT_GUARDS = (
    FieldGuard(("read:client_keys", "read:client_credentials"), CLIENT_SECRETS, refuse=True),
    FieldGuard(
        ("read:clients", "read:client_keys", "read:client_credentials"),
        keep=frozenset({"client_id", "app_type", "name", "description"}),
        refuse=True,
    ),
)
CLIENT_SCOPES = ("read:clients", "read:client_keys", "read:client_credentials", "read:client_summary")

ROUTES = (
    Route(
        "/clients",
        CLIENT_SCOPES,
        "clients",
        "clients",
        Paging(checkpoint=True, minimum=0),
        fields=True,
        params=(
            QueryParameter("is_global", "boolean", matches=equals("global")),
            QueryParameter("is_first_party", "boolean", matches=equals("is_first_party")),
            QueryParameter("app_type", matches=lambda row, types: row["app_type"] in types.split(",")),
            QueryParameter("external_client_id", matches=equals("external_client_id")),
        ),
        guards=CLIENT_GUARDS,
        secrets=CLIENT_SECRETS,
    ),
    Route(
        "/clients/{id}",
        CLIENT_SCOPES,
        "clients",
        kind="item",
        fields=True,
        guards=CLIENT_GUARDS,
        secrets=CLIENT_SECRETS,
    ),
    Route(
        "/resource-servers",
        ("read:resource_servers",),
        "resource_servers",
        "resource_servers",
        OFFSET,
        params=(
            QueryParameter("identifiers", "list", matches=one_of("identifier")),
            QueryParameter("include_fields", "boolean"),
        ),
        secrets=frozenset({"signing_secret"}),
    ),
    Route(
        "/client-grants",
        ("read:client_grants",),
        "client_grants",
        "client_grants",
        OFFSET_AND_CHECKPOINT,
        params=(
            QueryParameter("audience", matches=equals("audience")),
            QueryParameter("client_id", matches=equals("client_id")),
            QueryParameter("allow_any_organization", "boolean", matches=equals("allow_any_organization")),
            QueryParameter(
                "subject_type", choices=("client", "user", "anonymous_user"), matches=equals("subject_type")
            ),
            QueryParameter("default_for", choices=("third_party_clients",), matches=equals("default_for")),
        ),
    ),
)
