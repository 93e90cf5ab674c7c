"""Rows with values of any type in any field but their key, at the first, a middle and the last place of a page."""

import json
import random
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from jsonschema import Draft7Validator

from auth0_simulator import Simulator
from source_auth0.conformance.loose_columns import loose_columns
from source_auth0.manifest.assembly import json_schema, load_stream, primary_key
from testing.command import CommandResult, run
from testing.in_process import catalog_of
from testing.servers.intercepting_proxy import InterceptingProxy, UpstreamResponse
from testing.tenants import config_of

Row = dict[str, Any]
DEEP = 3000
#: Text of JSON, since Python's own writer and parser go less deep.
DEEP_TEXT = "[" * DEEP + "]" * DEEP
VALUES = [
    *(None, True, False, 0, 1, -1.5, 1e300, "", "x", "0", "false", "2024-01-01T00:00:00.000Z", "\N{GRINNING FACE}"),
    *([], ["x"], [None], [[1]], {}, {"a": 1}, {"$date": "2024-01-01T00:00:00Z"}, {"a": {"b": [{"c": None}]}}),
]
BIG = 115912345678901234567
#: Stream to the fields that its reading depends on: its key, that of its children, and what it is in the order of.
READ_BY = {
    "users": {"user_id", "created_at", "updated_at"},
    "logs": {"log_id", "_id", "date", "type", "details"},
    "signing_keys": {"kid"},
    "user_sessions": {"id", "user_id"},
    "user_refresh_tokens": {"id", "user_id"},
    "clients": {"client_id"},
    "organizations": {"id"},
    "connections": {"id"},
    "roles": {"id"},
}
PATHS = {
    "users": "/api/v2/users",
    "logs": "/api/v2/logs",
    "signing_keys": "/api/v2/keys/signing",
    **{name: f"/api/v2/{name}" for name in ("clients", "organizations", "connections", "roles")},
}


def rows_in(body: Any) -> list[Row]:
    """The rows of an answer: a bare list, or the one list of an envelope."""
    lists = [body] if isinstance(body, list) else [value for value in body.values() if isinstance(value, list)]
    return lists[0] if lists and all(isinstance(row, dict) for row in lists[0]) else []


def stream_of(target: str) -> str | None:
    path = urlsplit(target).path
    if path.startswith("/api/v2/users/") and path.endswith(("/sessions", "/refresh-tokens")):
        return "user_sessions" if path.endswith("/sessions") else "user_refresh_tokens"
    return next((name for name, one in PATHS.items() if one == path), None)


class OddTenant:
    """A tenant whose rows `change` makes odd, and all that was sent of each row, by stream and key."""

    def __init__(self, sim: Simulator, proxy: InterceptingProxy, change: Callable[[str, list[Row]], None]) -> None:
        self.sim, self.proxy, self.change = sim, proxy, change
        self.sent: dict[str, dict[str, list[Row]]] = {name: {} for name in READ_BY}

    def rewrite(self, upstream: UpstreamResponse) -> bytes:
        name = stream_of(upstream.target)
        if name is None or upstream.status != 200:
            return upstream.raw()
        body = json.loads(upstream.body)
        rows = rows_in(body)
        self.change(name, rows)
        text = json.dumps(body).replace('"DEEP"', DEEP_TEXT)
        for row in rows:
            self.sent[name].setdefault(row[key_of(name)], []).append(row)
        return upstream.raw(text.encode())

    def read(self, *names: str, **config: Any) -> CommandResult:
        self.proxy.begin(self.rewrite)
        options = config_of(self.sim, base_url=self.proxy.base_url, **config)
        return run("read", config=options, catalog=catalog_of(*names))


@pytest.fixture(scope="module")
def behind_proxy() -> Iterator[tuple[Simulator, InterceptingProxy]]:
    with Simulator(users=230) as sim, InterceptingProxy(sim.base_url) as proxy:
        yield sim, proxy


def places(rows: list[Row]) -> list[int]:
    return sorted({0, len(rows) // 2, len(rows) - 1}) if rows else []


def lost(sent: Row, row: Row) -> list[str]:
    """The columns whose values are neither there nor under `unconforming`; what is too deep or too large is text."""
    aside = row.get("unconforming", {})

    def is_kept(column: str, value: Any) -> bool:
        if value == "DEEP":
            return bool(aside.get(column) == DEEP_TEXT)
        expected = str(BIG) if value == BIG else value
        return expected is None or any(
            json.dumps(expected) == json.dumps(found) for found in (row.get(column), aside.get(column))
        )

    return [column for column, value in sent.items() if not is_kept(column, value)]


def assert_marked_columns_fit(name: str, row: Row) -> None:
    definition = load_stream(name)
    schema = json_schema(definition)
    marked = {*loose_columns(definition["schema_loader"]["schema"]), "unconforming"}
    properties = {column: declared for column, declared in schema["properties"].items() if column in marked}
    Draft7Validator({"type": "object", "properties": properties}).validate(row)


def key_of(name: str) -> str:
    """The last column of the key, which the connector does not fill itself."""
    return primary_key(load_stream(name))[-1]


def secret_columns(name: str) -> set[str]:
    """The columns that are or hold secrets: of their values, some are withheld."""
    declared = load_stream(name)["schema_loader"]["schema"]["properties"]
    return {column for column, one in declared.items() if "x-secret" in json.dumps(one)}


@pytest.mark.parametrize("seed", range(2))
def test_any_value_in_any_field_but_the_key_stops_nobody_and_is_kept(
    behind_proxy: tuple[Simulator, InterceptingProxy], seed: int
):
    rng = random.Random(seed)

    def change(name: str, rows: list[Row]) -> None:
        columns = sorted(set(json_schema(load_stream(name))["properties"]) - READ_BY[name] - FILLED)
        for place in places(rows):
            for column in rng.sample(columns, min(6, len(columns))):
                rows[place][column] = rng.choice([*VALUES, BIG, "DEEP"])

    tenant = OddTenant(*behind_proxy, change)
    done = tenant.read(*READ_BY)
    assert (0, {}) == (done.code, done.stream_errors)
    for name, sent in tenant.sent.items():
        rows = {row[key_of(name)]: row for row in done.records.get(name, [])}
        assert set(sent) == set(rows), name
        for key, row in rows.items():
            assert_marked_columns_fit(name, row)
            losses = [set(lost(version, row)) - secret_columns(name) for version in sent[key]]
            assert set() in losses, (name, key, losses)


@pytest.mark.parametrize(
    "odd",
    [
        {"date": None},
        {"date": {"$date": "2026-01-01T00:00:00Z"}},
        {"date": "soon"},
        {"user_id": 12345, "client_id": ["a", "b"], "scope": ["openid"], "auth0_client": []},
        {"type": None, "details": [1, "x"]},
        {"type": "sdu", "user_id": 12345, "strategy": "auth0", "date": {}},
    ],
    ids=str,
)
def test_an_odd_event_of_the_log_is_read_as_any_other(behind_proxy: tuple[Simulator, InterceptingProxy], odd: Row):
    """And everything that is made of the log is as complete."""

    def change(name: str, rows: list[Row]) -> None:
        for place in places(rows) if name == "logs" else []:
            rows[place].update(odd)

    tenant = OddTenant(*behind_proxy, change)
    done = tenant.read("logs", "changes", "user_deletions")
    assert (0, {}) == (done.code, done.stream_errors)
    assert set(tenant.sent["logs"]) == {row["log_id"] for row in done.records["logs"]}
    for name in ("logs", "changes"):
        for row in done.records[name]:
            assert_marked_columns_fit(name, row)
    if odd.get("type") == "sdu":
        assert "auth0|12345" in {row["user_id"] for row in done.records["user_deletions"]}


def swapped(rows: list[Row]) -> None:
    """The last two events, and the first two, in the other order."""
    rows[:2], rows[-2:] = rows[1::-1], rows[:-3:-1]


def without_log_id(rows: list[Row]) -> None:
    for place in places(rows):
        rows[place].pop("log_id")


def with_numeric_ids(rows: list[Row]) -> None:
    for place in places(rows):
        rows[place].update({name: int(rows[place][name]) for name in ("log_id", "_id")})


@pytest.mark.parametrize("change", [swapped, without_log_id, with_numeric_ids])
def test_each_event_is_read_once_by_its_id(
    behind_proxy: tuple[Simulator, InterceptingProxy], change: Callable[[list[Row]], None]
):
    """Whatever the order of a page, whichever of its two names the id has, and whatever its type."""
    sim, proxy = behind_proxy
    due: dict[str, str] = {}

    def rewrite(upstream: UpstreamResponse) -> bytes:
        if stream_of(upstream.target) != "logs" or upstream.status != 200:
            return upstream.raw()
        rows = json.loads(upstream.body)
        due.update({row["log_id"]: row["type"] for row in rows_in(rows)})
        if isinstance(rows, list) and len(rows) > 3:
            change(rows)
        return upstream.raw(json.dumps(rows).encode())

    proxy.begin(rewrite)
    config = config_of(sim, base_url=proxy.base_url)
    done = run("read", config=config, catalog=catalog_of("logs", "changes"))
    assert (0, {}) == (done.code, done.stream_errors)
    assert Counter(due.keys()) == Counter(row["log_id"] for row in done.records["logs"])
    assert due == {row["log_id"]: row["type"] for row in done.records["logs"]}
    writes = {row["log_id"] for row in done.records["changes"]}
    assert writes
    assert {"sapi"} == {due[log_id] for log_id in writes}


#: Columns that the connector fills itself.
FILLED = {"read_at", "unconforming", "additional_attributes"}
