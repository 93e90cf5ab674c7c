"""What log events refer to: the tenant's seeded users, applications, connections and organizations."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from auth0_simulator.state.identifiers import opaque_id
from auth0_simulator.state.identities import DATABASE, SEEDED_CONNECTIONS
from auth0_simulator.state.users import UserStore
from auth0_simulator.wire.rows import Row

ENVIRONMENT = "prod-us-1"
USER_AGENTS = (
    "Chrome 120.0.0 / Mac OS X 10.15.7",
    "Firefox 133.0.0 / Ubuntu 24.04",
    "Mobile Safari 18.1.0 / iOS 18.1.1",
    "Other 0.0.0 / Other 0.0.0",
)
STRATEGY_TYPES = {"auth0": "database", "sms": "passwordless", "email": "passwordless", "google-oauth2": "social"}
_CONNECTIONS = {provider: connection for _, connection, provider, _ in SEEDED_CONNECTIONS}


@dataclass(frozen=True)
class TenantSnapshot:
    """The ids and names that events refer to; later changes of the tenant do not change its past events."""

    domain: str
    audience: str
    seed: int
    users: UserStore
    clients: tuple[tuple[str, str], ...]
    connections: dict[str, str]
    organizations: tuple[tuple[str, str], ...]
    roles: tuple[str, ...]
    apis: tuple[str, ...]

    @classmethod
    def of(cls, domain: str, audience: str, users: UserStore, rows: Callable[[str], Iterable[Row]]) -> TenantSnapshot:
        """A snapshot from the seeded collections, which `rows` returns by name."""
        return cls(
            domain,
            audience,
            users.profiles.seed,
            users,
            tuple((row["client_id"], row["name"]) for row in rows("clients")),
            {row["name"]: row["id"] for row in rows("connections")},
            tuple((row["id"], row["name"]) for row in rows("organizations")),
            tuple(row["id"] for row in rows("roles")),
            tuple(row["identifier"] for row in rows("resource_servers")),
        )

    def user_id(self, number: int) -> str:
        """The id of a seeded user; a made-up id when there are no users."""
        if not self.users.seeded:
            return f"auth0|{number:024x}"
        return self.users.profiles.user_id(number % self.users.seeded)

    @property
    def tenant(self) -> str:
        """The tenant's name."""
        return self.domain.partition(".")[0]

    def connection_fields_of(self, user: Row) -> Row:
        """The columns of an event that name a user's connection."""
        identities = user.get("identities") or [{}]
        return self.connection_fields(user["user_id"], identities[0].get("connection", ""))

    def connection_fields(self, user_id: str, connection: str = "") -> Row:
        """The same for a user id; the connection is derived from the id unless given."""
        provider = user_id.partition("|")[0]
        name = connection or _CONNECTIONS.get(provider, DATABASE)
        return {
            "connection": name,
            "connection_id": self.connections.get(name, ""),
            "strategy": provider,
            "strategy_type": STRATEGY_TYPES.get(provider, "enterprise"),
        }

    def client(self, number: int) -> Row:
        """The columns of an event that name an application."""
        client_id, name = self.clients[number % len(self.clients)]
        return {"client_id": client_id, "client_name": name}

    def organization(self, number: int) -> Row:
        """The columns of an event that name an organization; none where the tenant has no organizations."""
        if not self.organizations:
            return {}
        key, name = self.organizations[number % len(self.organizations)]
        return {"organization_id": key, "organization_name": name}

    def secret(self, *parts: object) -> str:
        """A secret that the log contains and that the connector must never emit."""
        return "SECRET-" + opaque_id(self.seed, "log", *parts, length=40)


@dataclass(frozen=True)
class EventContext:
    """What one seeded event is generated from: its index, its time, random bytes, and the tenant."""

    index: int
    at: int
    random: bytes
    tenant_snapshot: TenantSnapshot

    def number(self, position: int, below: int = 1 << 32) -> int:
        """The random number in [0, below) at one of 12 positions."""
        return int.from_bytes(self.random[4 * position : 4 * position + 4], "big") % below

    def hex(self, position: int, length: int) -> str:
        """Random hexadecimal digits from a position on."""
        return self.random[4 * position :].hex()[:length]

    @property
    def user_id(self) -> str:
        """The user of the event."""
        return self.tenant_snapshot.user_id(self.number(0))

    @property
    def client(self) -> Row:
        """The columns that name the application of the event."""
        return self.tenant_snapshot.client(self.number(2))

    @property
    def deleted_user_id(self) -> str:
        """The id of a database user who was deleted."""
        return f"auth0|{self.hex(1, 24)}"

    def origin_fields(self) -> Row:
        """The columns with IP address and user agent."""
        return {"ip": f"203.0.113.{self.random[40]}", "user_agent": USER_AGENTS[self.random[41] % len(USER_AGENTS)]}
