"""User profiles, each generated from (seed, index) alone.

The attributes are those of
https://auth0.com/docs/manage-users/user-accounts/user-profiles/user-profile-structure; some users
have further ones at the root, as enterprise connections deliver them.
"""

from __future__ import annotations

import hashlib
from unicodedata import normalize

from auth0_simulator.state.clock import timestamp
from auth0_simulator.state.identifiers import BITS_32, scramble, unscramble
from auth0_simulator.state.identities import (
    DATABASE,
    DECIMAL_DIGITS,
    GOOGLE,
    HEX_DIGITS,
    OKTA,
    SAML,
    SEEDED_CONNECTIONS,
    SMS,
    make_identity,
    make_user_id,
)
from auth0_simulator.wire.rows import Row

GIVEN = ("Ada", "Bruno", "Chioma", "Dmitri", "Élodie", "Farah", "Goran", "Hana", "Ines", "Jörg", "Kaito", "Lucía")
FAMILY = ("Abe", "Brandt", "Costa", "Dubois", "Eriksen", "Fraser", "García", "Haddad", "Ivanova", "Jansen", "Łukasz")
CITIES = ("Lisbon", "Nairobi", "Osaka", "Quito", "Tallinn", "Utrecht", "Valparaíso", "Zürich")
DEPARTMENTS = ("Engineering", "Finance", "Legal", "Operations", "Research", "Sales", "Support")
METADATA_PLANS = ("free", "pro", "team", "enterprise")
LANGUAGES = ("en", "de", "es", "fr", "ja", "pt-BR")

# Email addresses and user names are ASCII, names are not.
_ASCII = {name: normalize("NFKD", name).encode("ascii", "ignore").decode().lower() for name in GIVEN + FAMILY}

KEYS = frozenset({"created_at", "updated_at", "user_id", "identities"})


class ProfileGenerator:
    """Generates the seeded users: id, times and row by index, and the index by id."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self._key = hashlib.blake2b(str(seed).encode(), digest_size=32).digest()

    def _digest(self, index: int) -> bytes:
        return hashlib.blake2b(index.to_bytes(8, "big"), key=self._key, digest_size=48).digest()

    def last_update(self, index: int, created: int, now: int) -> int:
        """When the user was last updated; a quarter of the users never logged in and were not updated."""
        number = scramble(self.seed + 1, index)
        if number & 3 == 0 or created >= now:
            return created
        return created + 1 + ((now - created - 1) * (number >> 2) >> 30)

    def user_id(self, index: int) -> str:
        """The id of the user at an index, in the format of its connection's provider."""
        return make_user_id(self._digest(index), scramble(self.seed, index))

    def index(self, user_id: str) -> int | None:
        """The index of the user with this id; None when no index has it."""
        provider, _, rest = user_id.partition("|")
        local = rest.rpartition("|")[2].partition("@")[0]
        decimal = provider == GOOGLE
        tail = local[-DECIMAL_DIGITS if decimal else -HEX_DIGITS :]
        try:
            number = int(tail, 10 if decimal else 16)
        except ValueError:
            return None
        index = unscramble(self.seed, number & BITS_32)
        return index if self.user_id(index) == user_id else None

    def index_by_email(self, email: str) -> int | None:
        """The index of the seeded user who may have this address, which has the number of the user in it."""
        try:
            return unscramble(self.seed, int(email.partition("@")[0].rpartition(".")[2], 16) & BITS_32)
        except ValueError:
            return None

    def row(self, index: int, created: int, updated: int) -> Row:
        """The user's row as Auth0 sends it to a caller with every scope."""
        random = self._digest(index)
        number = scramble(self.seed, index)
        since, until = timestamp(created), timestamp(updated)
        identity = make_identity(random, number)
        connection = identity["connection"]
        row: Row = {
            "created_at": since,
            "identities": [identity],
            "name": " ".join(_names(random)),
            "nickname": _nickname(random, number),
            "picture": f"https://s.gravatar.com/avatar/{random[3:19].hex()}?s=480&r=pg&d=https%3A%2F%2Fcdn.auth0.com%2Favatars",
            "updated_at": until,
            "user_id": make_user_id(random, number),
        }
        row.update(_contact(connection, number, random))
        row.update(_metadata(index, random, since))
        if connection in {OKTA, SAML}:
            row.update(_enterprise(random, number))
        if updated > created:
            row.update(_logins(random, until))
        if random[6] < 5:  # noqa: PLR2004 - one user in fifty is blocked
            row["blocked"] = True
        return row

    def new_row(self, index: int, now: int, attributes: Row) -> Row:
        """A new user's row, of the database connection unless `user_id` names another provider."""
        row = self.row(index, now, now)
        local = row["user_id"].rpartition("|")[2].partition("@")[0][-24:].rjust(24, "0")
        row["user_id"] = attributes.get("user_id", f"auth0|{local}")
        provider, _, local = row["user_id"].partition("|")
        known = {of: (connection, social) for _, connection, of, social in SEEDED_CONNECTIONS}
        connection, social = known.get(provider, (DATABASE, False))
        row["identities"] = [{"connection": connection, "user_id": local, "provider": provider, "isSocial": social}]
        row.setdefault("email", f"{row['nickname']}@example.com")
        return {**row, **attributes}

    def key_row(self, index: int, created: int, updated: int) -> Row:
        """The columns in KEYS only, which takes a fifth of the time."""
        random, number = self._digest(index), scramble(self.seed, index)
        return {
            "created_at": timestamp(created),
            "identities": [make_identity(random, number)],
            "updated_at": timestamp(updated),
            "user_id": make_user_id(random, number),
        }


def _names(random: bytes) -> tuple[str, str]:
    return GIVEN[random[1] % len(GIVEN)], FAMILY[random[2] % len(FAMILY)]


def _nickname(random: bytes, number: int) -> str:
    given, family = _names(random)
    return f"{_ASCII[given]}.{_ASCII[family]}.{number:08x}"


def _contact(connection: str, number: int, random: bytes) -> Row:
    given, family = _names(random)
    if connection == SMS:
        return {"phone_number": f"+1555{number % 10**7:07d}", "phone_verified": True}
    contact: Row = {
        "email": f"{_nickname(random, number)}@example.com",
        "email_verified": random[4] < 230,  # noqa: PLR2004 - nine in ten
        "given_name": given,
        "family_name": family,
    }
    if connection == DATABASE and random[5] & 1:
        contact["username"] = f"{_ASCII[given][:3]}{number:08x}"
    return contact


def _metadata(index: int, random: bytes, since: str) -> Row:
    return {
        "app_metadata": {
            "plan": METADATA_PLANS[random[32] % len(METADATA_PLANS)],
            "account": {"number": index, "tier": random[33] % 5, "region": CITIES[random[34] % len(CITIES)]},
            "entitlements": [f"module-{random[35 + step] % 40:02d}" for step in range(4)],
            "terms": {"version": f"2.{random[39] % 9}", "accepted_at": since},
        },
        "user_metadata": {
            "language": LANGUAGES[random[40] % len(LANGUAGES)],
            "address": {"city": CITIES[random[41] % len(CITIES)], "postal_code": f"{random[42] * 391:05d}"},
            "newsletter": bool(random[43] & 1),
            "bio": "Prefers the quiet carriage, reads the manual, writes the test first.",
        },
    }


def _enterprise(random: bytes, number: int) -> Row:
    department = DEPARTMENTS[random[44] % len(DEPARTMENTS)]
    return {
        "department": department,
        "employee_number": number % 100_000,
        "groups": [department, "All Employees"],
        "upn": f"{number:08x}@corp.example",
        "http://schemas.globex.example/claims/costcenter": f"CC-{random[45]:03d}",
        "multifactor": ["guardian"],
        "multifactor_last_modified": timestamp(1_600_000_000_000 + number * 10),
    }


def _logins(random: bytes, until: str) -> Row:
    return {
        "last_ip": f"203.0.113.{random[46]}",
        "last_login": until,
        "logins_count": 1 + random[47],
    }
