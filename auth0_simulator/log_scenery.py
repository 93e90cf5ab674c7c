"""What the events of a log tell of: the tenant's users, applications, connections and organizations, as seeded."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from auth0_simulator.accounts import CONNECTIONS, DATABASE, Row
from auth0_simulator.identifiers import opaque
from auth0_simulator.users import Users

ENVIRONMENT = "prod-us-1"
USER_AGENTS = (
    "Chrome 120.0.0 / Mac OS X 10.15.7",
    "Firefox 133.0.0 / Ubuntu 24.04",
    "Mobile Safari 18.1.0 / iOS 18.1.1",
    "Other 0.0.0 / Other 0.0.0",
)
STRATEGY_TYPES = {"auth0": "database", "sms": "passwordless", "email": "passwordless", "google-oauth2": "social"}
_CONNECTIONS = {provider: connection for _, connection, provider, _ in CONNECTIONS}


@dataclass(frozen=True)
class Scenery:
    """Ids and names that events carry; what is done to the tenant later does not change what its past tells."""

    domain: str
    audience: str
    seed: int
    users: Users
    clients: tuple[tuple[str, str], ...]
    connections: dict[str, str]
    organizations: tuple[tuple[str, str], ...]
    roles: tuple[str, ...]
    apis: tuple[str, ...]

    @classmethod
    def of(cls, domain: str, audience: str, users: Users, rows: Callable[[str], Iterable[Row]]) -> Scenery:
        """The scenery of a tenant whose seeded collections `rows` gives."""
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
        """One of the seeded users, or somebody when there are none."""
        if not self.users.seeded:
            return f"auth0|{number:024x}"
        return self.users.profiles.user_id(number % self.users.seeded)

    @property
    def tenant(self) -> str:
        """The tenant's name."""
        return self.domain.partition(".")[0]

    def account_of(self, user: Row) -> Row:
        """Which connection a user comes from, in the columns of an event."""
        identities = user.get("identities") or [{}]
        return self.account(user["user_id"], identities[0].get("connection", ""))

    def account(self, user_id: str, connection: str = "") -> Row:
        """Which connection a user with this id comes from, unless told."""
        provider = user_id.partition("|")[0]
        name = connection or _CONNECTIONS.get(provider, DATABASE)
        return {
            "connection": name,
            "connection_id": self.connections.get(name, ""),
            "strategy": provider,
            "strategy_type": STRATEGY_TYPES.get(provider, "enterprise"),
        }

    def client(self, number: int) -> Row:
        """One of the tenant's applications, in the columns of an event."""
        client_id, name = self.clients[number % len(self.clients)]
        return {"client_id": client_id, "client_name": name}

    def organization(self, number: int) -> Row:
        """An organization in the columns of an event; nothing where the tenant has none."""
        if not self.organizations:
            return {}
        key, name = self.organizations[number % len(self.organizations)]
        return {"organization_id": key, "organization_name": name}

    def secret(self, *parts: object) -> str:
        """Something that must never leave the tenant, although its log holds it."""
        return "SECRET-" + opaque(self.seed, "log", *parts, length=40)


@dataclass(frozen=True)
class Draw:
    """What one seeded event is made from: its number, when it happened, and bytes of its own."""

    index: int
    at: int
    random: bytes
    scenery: Scenery

    def number(self, position: int, below: int = 1 << 32) -> int:
        """A number in [0, below) for each of 12 positions."""
        return int.from_bytes(self.random[4 * position : 4 * position + 4], "big") % below

    def hex(self, position: int, length: int) -> str:
        """Hexadecimal digits that begin at a position."""
        return self.random[4 * position :].hex()[:length]

    @property
    def user_id(self) -> str:
        """The user that it is about."""
        return self.scenery.user_id(self.number(0))

    @property
    def client(self) -> Row:
        """The application that it came through, in the columns of an event."""
        return self.scenery.client(self.number(2))

    @property
    def stranger(self) -> str:
        """A user of the database who was there once and is not any more."""
        return f"auth0|{self.hex(1, 24)}"

    def where(self) -> Row:
        """Where it came from."""
        return {"ip": f"203.0.113.{self.random[40]}", "user_agent": USER_AGENTS[self.random[41] % len(USER_AGENTS)]}
