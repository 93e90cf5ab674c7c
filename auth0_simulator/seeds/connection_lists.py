"""What belongs to connections: applications, keys, nodes, provisioning, and the profiles they are made from."""

from __future__ import annotations

from auth0_simulator.accounts import Row
from auth0_simulator.seeds import Seeding, seeded

SCIM_STRATEGIES = frozenset({"okta", "oidc", "samlp", "waad"})
KEYED = frozenset({"okta", "oidc", "samlp"})
PROFILES = 25
LONG = 130


@seeded("connection_clients", "connections")
def connection_clients(seeding: Seeding, connection: Row) -> list[Row]:
    """The applications that a connection is enabled for: one of them for all, and the third application always."""
    clients = [client["client_id"] for client in seeding.tenant.rows("clients")]
    chosen = seeding.random.sample(clients, seeding.random.randint(0, 4))
    first = connection["id"] == seeding.tenant.rows("connections")[0]["id"]
    return [{"client_id": client} for client in (clients if first else dict.fromkeys((clients[2], *chosen)))]


@seeded("connection_keys", "connections")
def connection_keys(seeding: Seeding, connection: Row) -> list[Row]:
    """The key in use and the next one; the certificates are public."""
    if connection["strategy"] not in KEYED:
        return []
    rows: list[Row] = [
        {
            "kid": seeding.id("", connection["id"], which, length=43),
            "cert": "-----BEGIN CERTIFICATE-----\r\nMIID\r\n-----END CERTIFICATE-----",
            "pkcs": "-----BEGIN PKCS7-----\r\nMIID\r\n-----END PKCS7-----",
            which: True,
            "fingerprint": seeding.id("", connection["id"], which, "fingerprint", length=40),
            "thumbprint": seeding.id("", connection["id"], which, "thumbprint", length=40),
            "algorithm": "RS256",
            "key_use": "signing",
            "subject_dn": f"/CN={connection['name']}",
        }
        for which in ("current", "next")
    ]
    rows[0]["current_since"] = seeding.moment(30)
    return rows


@seeded("connection_nodes", "connections")
def connection_nodes(seeding: Seeding, connection: Row) -> list[Row]:
    """The connectors of a directory; two directories in three have one."""
    directories = [row["id"] for row in seeding.tenant.rows("connections") if row["strategy"] == "ad"]
    online = connection["id"] in directories and directories.index(connection["id"]) % 3 != 0
    return [{"id": seeding.id("node_", connection["id"])}] if online else []


@seeded("connection_scim_configurations")
def connection_scim_configurations(seeding: Seeding) -> list[Row]:
    """Inbound SCIM for each connection that can have it."""
    return [
        {
            "connection_id": connection["id"],
            "connection_name": connection["name"],
            "strategy": connection["strategy"],
            "tenant_name": seeding.tenant.name,
            "user_id_attribute": "externalId" if index % 2 else "userName",
            "mapping": seeding.tenant.rows("connection_scim_default_mapping", connection["id"]),
            "created_at": seeding.moment(120 - index / 2),
            "updated_on": seeding.moment(60 - index / 4),
        }
        for index, connection in enumerate(seeding.tenant.rows("connections"))
        if connection["strategy"] in SCIM_STRATEGIES
    ]


@seeded("connection_scim_default_mapping", "connections")
def connection_scim_default_mapping(seeding: Seeding, connection: Row) -> list[Row]:
    """What Auth0 proposes for the connection's strategy."""
    del seeding
    if connection["strategy"] not in SCIM_STRATEGIES:
        return []
    return [
        {"auth0": "preferred_username", "scim": "userName"},
        {"auth0": "email", "scim": "emails[primary eq true].value"},
    ]


@seeded("connection_scim_tokens", "connections")
def connection_scim_tokens(seeding: Seeding, connection: Row) -> list[Row]:
    """Up to two tokens of a SCIM client, shown without their values."""
    if connection["strategy"] not in SCIM_STRATEGIES:
        return []
    return [
        {
            "token_id": seeding.id("tok_", connection["id"], number),
            "scopes": ["get:users", "post:users", "put:users", "patch:users", "delete:users"],
            "created_at": seeding.moment(100 - number),
            "valid_until": seeding.moment(-200) if number else None,
            "last_used_at": None,
        }
        for number in range(seeding.random.randint(0, 2))
    ]


@seeded("connection_directory_provisionings")
def connection_directory_provisionings(seeding: Seeding) -> list[Row]:
    """Google Workspace directories that are read."""
    return [
        {
            "connection_id": connection["id"],
            "connection_name": connection["name"],
            "strategy": connection["strategy"],
            "mapping": seeding.tenant.rows("connection_directory_default_mapping"),
            "synchronize_automatically": index % 2 == 0,
            "synchronize_groups": ("selected", "all", "off")[index % 3],
            "created_at": seeding.moment(100 - index / 4),
            "updated_at": seeding.moment(64 - index / 4),
            "last_synchronization_at": seeding.moment(0.5),
            "last_synchronization_status": "success",
        }
        for index, connection in enumerate(seeding.tenant.rows("connections"))
        if connection["strategy"] == "google-apps"
    ]


@seeded("connection_directory_default_mapping")
def connection_directory_default_mapping(seeding: Seeding) -> list[Row]:
    """What Auth0 proposes for Google Workspace."""
    del seeding
    return [{"auth0": "email", "idp": "primaryEmail"}, {"auth0": "family_name", "idp": "name.familyName"}]


@seeded("connection_synchronized_groups", "connections")
def connection_synchronized_groups(seeding: Seeding, connection: Row) -> list[Row]:
    """The selected groups of a directory, many of the first one."""
    configured = [row["connection_id"] for row in seeding.tenant.rows("connection_directory_provisionings")]
    count = LONG if configured[:1] == [connection["id"]] else seeding.random.randint(0, 4)
    return [
        {
            "id": seeding.id("0", connection["id"], number, length=14).lower(),
            "name": f"Team {number}",
            "email": f"team{number}@google.example.com",
            "direct_members_count": number % 40,
        }
        for number in range(count)
    ]


@seeded("connection_profiles")
def connection_profiles(seeding: Seeding) -> list[Row]:
    """From which organizations make their connections."""
    return [{"id": seeding.id("cop_", index), **_profile(index)} for index in range(PROFILES)]


@seeded("connection_profile_templates")
def connection_profile_templates(seeding: Seeding) -> list[Row]:
    """What Auth0 offers to begin with."""
    del seeding
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
