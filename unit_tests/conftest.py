"""What the tests share: a clock that nobody waits for, a config, a token, a mocked host, and a user search."""

import base64
import json
import re
import signal
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from integration_tests.parsed_once import parse_once
from source_auth0.api import admission
from source_auth0.api import client as api_module
from source_auth0.api.auth import access_token, authenticators, token_endpoint
from source_auth0.api.auth.authenticators import ClientCredentialsAuthenticator
from source_auth0.api.client import ManagementApiRequester
from source_auth0.api.rate_limit import api_budget
from source_auth0.api.tenant import Tenant
from source_auth0.errors import QueryTimeoutError, system_error
from source_auth0.retrievers.users import export_job
from source_auth0.timestamps import to_iso

# A shell has what it starts in the background pass over Ctrl-C, and so would the processes that are tested.
signal.signal(signal.SIGINT, signal.default_int_handler)

BASE = "https://acme.us.auth0.com"
API = f"{BASE}/api/v2"
SECRET = "made-up-client-secret"

parse_once()

# A busy machine is no failure.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")


class Clock:
    """Stands in for the `time` module: sleeping moves it on, and nobody waits."""

    def __init__(self) -> None:
        self.moment = 1_000_000.0
        self.sleeps: list[float] = []

    def monotonic(self) -> float:
        return self.moment

    def time(self) -> float:
        return self.moment

    def sleep(self, seconds: float) -> None:
        if not seconds >= 0:
            raise ValueError("sleep length must be non-negative")
        self.sleeps.append(seconds)
        self.moment += seconds

    def __getattr__(self, name: str) -> Any:
        return getattr(time, name)


class Tokens:
    """An authenticator that hands out `token-0`, and `token-1` and so on when asked to renew.

    accepted: what was told to be good.
    """

    def __init__(self, scopes: frozenset[str] | None = None, *, renewable: bool = True) -> None:
        self.scopes = scopes
        self.renewable = renewable
        self.renewals = 0
        self.accepted: list[str] = []

    @property
    def token(self) -> str:
        return f"Bearer token-{self.renewals}"

    def record_accepted(self, accepted: str) -> None:
        self.accepted.append(accepted)

    def renew(self, refused: str) -> bool:
        if self.renewable and refused == self.token:
            self.renewals += 1
        return self.renewable


User = dict[str, Any]
RANGE = re.compile(r"(created_at|updated_at|user_id):\[(\S+) TO (?:(\*)\]|(\S+)\})")
CONNECTION = re.compile(r'identities\.connection:"([^"]*)"')
#: What Auth0 may say of the number of matching rows: the truth, the truth up to the cap, or nothing.
TOTALS: list[Callable[[int], int | None]] = [lambda count: count, lambda count: min(count, 1000), lambda _: None]


class Directory:
    """The user search of a small tenant: ranges, ascending order, the cap of 1,000 rows, totals that may be capped.

    limit: rows of a page, whatever is asked for. slow: a query that matches more rows takes too long. knows_ids:
    whether it sorts by `user_id`. meanwhile: called with each query before it is answered.
    """

    def __init__(
        self,
        users: list[User],
        *,
        limit: int = 100,
        total: Callable[[int], int | None] = TOTALS[0],
        slow: float = float("inf"),
        knows_ids: bool = True,
        connections: Any = (),
        **config: Any,
    ) -> None:
        self.tenant, self.name = Tenant(config), "users"
        self.users, self.limit, self.total, self.slow, self.knows_ids = users, limit, total, slow, knows_ids
        self.connections = connections
        self.queries: list[dict[str, Any]] = []
        self.meanwhile: Callable[[dict[str, Any]], None] = lambda _: None

    def get(self, _: Any, query: dict[str, Any]) -> Any:
        self.meanwhile(query)
        self.queries.append(query)
        assert ("true", "v3") == (query["include_totals"], query["search_engine"])
        field, _, direction = query["sort"].partition(":")
        assert "1" == direction
        if field == "user_id" and not self.knows_ids:
            raise system_error("Auth0 refused `users` (400 invalid_sort).")
        conditions = [_condition(clause) for clause in query["q"].split(" AND ")]
        found = [user for user in self.users if all(holds(user) for holds in conditions)]
        if len(found) > self.slow:
            raise QueryTimeoutError("users")
        found.sort(key=lambda user: (user[field], user["user_id"]))
        size = min(query["per_page"], self.limit)
        start = query["page"] * size
        assert start + size <= 1000, "asked for a page beyond the first 1,000 rows"
        page = [dict(user) for user in found[start : start + size]]
        beside = {} if (total := self.total(len(found))) is None else {"total": total}
        return {"users": page, "start": start, "limit": size, "length": len(page), **beside}

    def get_path(self, path: str, query: dict[str, Any]) -> Any:
        """The connections, two a page."""
        asked = {"take": 100, "fields": "name", "include_fields": "true"}
        assert ("connections", asked) == (path, {name: query[name] for name in query.keys() - {"from"}})
        if isinstance(self.connections, Exception):
            raise self.connections
        start = int(query.get("from", 0))
        page = [{"name": name} for name in self.connections[start : start + 2]]
        more = {"next": str(start + 2)} if start + 2 < len(self.connections) else {}
        return {"connections": page, **more}


def _condition(clause: str) -> Callable[[User], bool]:
    """Whether a user meets one part of a query."""
    if match := RANGE.fullmatch(clause):
        field, low, _, end = match.groups()
        low, end = low.strip('"'), end and end.strip('"')
        assert end is None or low == "*" or low <= end, f"asked for time that runs backwards: {clause}"
        return lambda user: (low == "*" or user[field] >= low) and (end is None or user[field] < end)
    wanted = set(CONNECTION.findall(clause))
    assert wanted, clause
    assert CONNECTION.sub("X", clause) in {"X", "NOT X", *(f"({' OR '.join(['X'] * n)})" for n in range(1, 5))}, clause
    excluded = clause.startswith("NOT ")
    return lambda user: excluded != bool(wanted & {identity["connection"] for identity in user["identities"]})


#: 2024-01-01T00:00:00Z
MIDNIGHT = 1_704_067_200_000


def moment(second: float) -> str:
    """That many seconds after midnight."""
    return to_iso(MIDNIGHT + round(second * 1000))


def users_at(*seconds: float, connection: str = "db") -> list[User]:
    """Users that were created and last updated so many seconds after midnight."""
    return [
        {
            "user_id": f"auth0|{n:05d}",
            "created_at": moment(second),
            "updated_at": moment(second),
            "identities": [{"connection": connection}],
        }
        for n, second in enumerate(seconds)
    ]


def ids(rows: list[User]) -> list[str]:
    return [row["user_id"] for row in rows]


def jwt(**claims: Any) -> str:
    """A JSON Web Token with these claims and no valid signature."""
    encoded = (base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in ({}, claims))
    return ".".join([*encoded, "signature"])


def in_threads(number: int, work: Callable[[int], Any], patience: float = 10) -> list[Any]:
    """What `work` returned (or raised) in each of some threads that start together."""
    start = threading.Barrier(number)

    def one(index: int) -> Any:
        start.wait(patience)
        try:
            return work(index)
        except Exception as error:  # noqa: BLE001 - errors are results here
            return error

    with ThreadPoolExecutor(number) as pool:
        return [future.result(patience) for future in [pool.submit(one, index) for index in range(number)]]


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The time of all modules that wait or that look at the clock."""
    clock = Clock()
    for module in (api_module, authenticators, api_budget, export_job, access_token, token_endpoint, admission):
        monkeypatch.setattr(module, "time", clock)
    return clock


@pytest.fixture
def pool_sizes(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many threads the pools may have that are made for what streams share."""
    sizes: list[int] = []

    class Pool(ThreadPoolExecutor):
        def __init__(self, size: int, name: str = "") -> None:
            sizes.append(size)
            super().__init__(size, name)

    for module in ("logs.derived_events", "user_lists.user_ids"):
        monkeypatch.setattr(f"source_auth0.retrievers.{module}.ThreadPoolExecutor", Pool)
    return sizes


@pytest.fixture
def config() -> dict[str, Any]:
    """A config as the streams see it: addresses are normalised already."""
    return {
        "base_url": BASE,
        "credentials": {
            "auth_type": "oauth2_confidential_application",
            "audience": f"{API}/",
            "client_id": "made-up-client-id",
            "client_secret": SECRET,
        },
    }


@pytest.fixture
def tenant(config: dict[str, Any]) -> Tenant:
    return Tenant(config)


@pytest.fixture
def make_api(tenant: Tenant, clock: Clock) -> Callable[..., ManagementApiRequester]:
    """Builds requesters for a made-up stream `things`."""

    def make(**changes: Any) -> ManagementApiRequester:
        arguments: dict[str, Any] = {
            "config": tenant,
            "name": "things",
            "url": "{{ config['base_url'] }}/api/v2/",
            "resource": "things",
            "authenticator": Tokens(),
        }
        return ManagementApiRequester(**{**arguments, **changes})

    return make


@pytest.fixture
def credentials(tenant: Tenant) -> ClientCredentialsAuthenticator:
    return ClientCredentialsAuthenticator(config=tenant)
