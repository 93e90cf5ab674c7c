"""Lists of a connection: applications, keys, nodes, provisioning; and connection profiles."""

from __future__ import annotations

from auth0_simulator.seeds.registry import SeedContext, seeded
from auth0_simulator.wire.rows import Row

SCIM_STRATEGIES = frozenset({"okta", "oidc", "samlp", "waad"})
KEYED = frozenset({"okta", "oidc", "samlp"})
PROFILES = 25
LONG_LIST_ROWS = 130


@seeded("connection_clients", "connections")
def connection_clients(context: SeedContext, connection: Row) -> list[Row]:
    """The applications that a connection is enabled for: all for the first connection; the third application always."""
    clients = [client["client_id"] for client in context.tenant.rows("clients")]
    chosen = context.random.sample(clients, context.random.randint(0, 4))
    first = connection["id"] == context.tenant.rows("connections")[0]["id"]
    return [{"client_id": client} for client in (clients if first else dict.fromkeys((clients[2], *chosen)))]


@seeded("connection_keys", "connections")
def connection_keys(context: SeedContext, connection: Row) -> list[Row]:
    """The key in use and the next one; the certificates are public."""
    if connection["strategy"] not in KEYED:
        return []
    rows: list[Row] = [
        {
            "kid": context.id("", connection["id"], which, length=43),
            "cert": "-----BEGIN CERTIFICATE-----\r\nMIID\r\n-----END CERTIFICATE-----",
            "pkcs": "-----BEGIN PKCS7-----\r\nMIID\r\n-----END PKCS7-----",
            which: True,
            "fingerprint": context.id("", connection["id"], which, "fingerprint", length=40),
            "thumbprint": context.id("", connection["id"], which, "thumbprint", length=40),
            "algorithm": "RS256",
            "key_use": "signing",
            "subject_dn": f"/CN={connection['name']}",
        }
        for which in ("current", "next")
    ]
    rows[0]["current_since"] = context.moment(30)
    return rows


@seeded("connection_nodes", "connections")
def connection_nodes(context: SeedContext, connection: Row) -> list[Row]:
    """The AD/LDAP connectors of a directory; two directories in three have one."""
    directories = [row["id"] for row in context.tenant.rows("connections") if row["strategy"] == "ad"]
    online = connection["id"] in directories and directories.index(connection["id"]) % 3 != 0
    return [{"id": context.id("node_", connection["id"])}] if online else []


@seeded("connection_scim_configurations")
def connection_scim_configurations(context: SeedContext) -> list[Row]:
    """An inbound SCIM configuration for each connection whose strategy supports it."""
    return [
        {
            "connection_id": connection["id"],
            "connection_name": connection["name"],
            "strategy": connection["strategy"],
            "tenant_name": context.tenant.name,
            "user_id_attribute": "externalId" if index % 2 else "userName",
            "mapping": context.tenant.rows("connection_scim_default_mapping", connection["id"]),
            "created_at": context.moment(120 - index / 2),
            "updated_on": context.moment(60 - index / 4),
        }
        for index, connection in enumerate(context.tenant.rows("connections"))
        if connection["strategy"] in SCIM_STRATEGIES
    ]


@seeded("connection_scim_default_mapping", "connections")
def connection_scim_default_mapping(context: SeedContext, connection: Row) -> list[Row]:
    """Auth0's default mapping for the connection's strategy."""
    del context
    if connection["strategy"] not in SCIM_STRATEGIES:
        return []
    return [
        {"auth0": "preferred_username", "scim": "userName"},
        {"auth0": "email", "scim": "emails[primary eq true].value"},
    ]


@seeded("connection_scim_tokens", "connections")
def connection_scim_tokens(context: SeedContext, connection: Row) -> list[Row]:
    """Up to two tokens of a SCIM client, without their values."""
    if connection["strategy"] not in SCIM_STRATEGIES:
        return []
    return [
        {
            "token_id": context.id("tok_", connection["id"], number),
            "scopes": ["get:users", "post:users", "put:users", "patch:users", "delete:users"],
            "created_at": context.moment(100 - number),
            "valid_until": context.moment(-200) if number else None,
            "last_used_at": None,
        }
        for number in range(context.random.randint(0, 2))
    ]


@seeded("connection_directory_provisionings")
def connection_directory_provisionings(context: SeedContext) -> list[Row]:
    """Directory provisioning of each Google Workspace connection."""
    return [
        {
            "connection_id": connection["id"],
            "connection_name": connection["name"],
            "strategy": connection["strategy"],
            "mapping": context.tenant.rows("connection_directory_default_mapping"),
            "synchronize_automatically": index % 2 == 0,
            "synchronize_groups": ("selected", "all", "off")[index % 3],
            "created_at": context.moment(100 - index / 4),
            "updated_at": context.moment(64 - index / 4),
            "last_synchronization_at": context.moment(0.5),
            "last_synchronization_status": "success",
        }
        for index, connection in enumerate(context.tenant.rows("connections"))
        if connection["strategy"] == "google-apps"
    ]


@seeded("connection_directory_default_mapping")
def connection_directory_default_mapping(context: SeedContext) -> list[Row]:
    """Auth0's default mapping for Google Workspace."""
    del context
    return [{"auth0": "email", "idp": "primaryEmail"}, {"auth0": "family_name", "idp": "name.familyName"}]


@seeded("connection_synchronized_groups", "connections")
def connection_synchronized_groups(context: SeedContext, connection: Row) -> list[Row]:
    """The synchronized groups of a directory; the first directory has many."""
    configured = [row["connection_id"] for row in context.tenant.rows("connection_directory_provisionings")]
    count = LONG_LIST_ROWS if configured[:1] == [connection["id"]] else context.random.randint(0, 4)
    return [
        {
            "id": context.id("0", connection["id"], number, length=14).lower(),
            "name": f"Team {number}",
            "email": f"team{number}@google.example.com",
            "direct_members_count": number % 40,
        }
        for number in range(count)
    ]


@seeded("connection_profiles")
def connection_profiles(context: SeedContext) -> list[Row]:
    """Profiles for the connections that organizations create."""
    return [{"id": context.id("cop_", index), **_profile(index)} for index in range(PROFILES)]


@seeded("connection_profile_templates")
def connection_profile_templates(context: SeedContext) -> list[Row]:
    """Auth0's two templates."""
    del context
    return [{"id": name, "display_name": name.title(), "template": _profile(0)} for name in ("default", "enterprise")]


def _profile(index: int) -> Row:
    return {
        "name": f"profile-{index}",
        "organization": {"show_as_button": "optional", "assign_membership_on_login": "required"},
        "connection_name_prefix_template": "con-{org_id}-",
        "enabled_features": ["scim", "universal_logout"],
        "connection_config": {},
        "strategy_overrides": {"okta": {"enabled_features": ["scim"]}},
    }
