"""Shapes that rows of real tenants had, at the first, a middle and the last place of a page."""

import gzip
import json
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from auth0_simulator import Simulator
from testing.command import CommandResult, run
from testing.in_process import catalog_of
from testing.odd_values.responses import rows_in
from testing.odd_values.routes import routes
from testing.odd_values.values import DEEP, json_text, misfits
from testing.servers.intercepting_proxy import InterceptingProxy, UpstreamResponse
from testing.tenants import config_of

Row = dict[str, Any]
#: Changes the rows of a page of a stream in place; it gets the stream's name, the rows, and the request's query.
Change = Callable[[str, list[Row], dict[str, list[str]]], None]
#: Where an odd value is to have the field left out.
ABSENT = object()
ROUTES = routes()


def read(behind_proxy: tuple[Simulator, InterceptingProxy], change: Change, *names: str) -> CommandResult:
    """Read these streams of a tenant whose pages are changed on their way."""
    sim, proxy = behind_proxy

    def rewrite(upstream: UpstreamResponse) -> bytes:
        parts = urlsplit(upstream.target)
        name = next((name for name in names if ROUTES[name].pattern.fullmatch(parts.path)), None)
        if name is None or upstream.status != 200:
            return upstream.raw()
        body = json.loads(upstream.body)
        change(name, rows_in(body, ROUTES[name].rows), parse_qs(parts.query))
        return upstream.raw(json_text(body))

    proxy.begin(rewrite)
    return run("read", config=config_of(sim, base_url=proxy.base_url), catalog=catalog_of(*names))


@pytest.fixture(scope="module")
def behind_proxy() -> Iterator[tuple[Simulator, InterceptingProxy]]:
    with Simulator(users=230) as sim, InterceptingProxy(sim.base_url) as proxy:
        yield sim, proxy


def with_odd(row: Row, odd: Row) -> Row:
    return {name: value for name, value in {**row, **odd}.items() if value is not ABSENT}


def places(rows: list[Row]) -> list[int]:
    return sorted({0, len(rows) // 2, len(rows) - 1}) if rows else []


@pytest.mark.parametrize(
    "odd",
    [
        {"date": None},
        {"date": ABSENT},
        {"date": {"$date": "2026-01-01T00:00:00Z"}},
        {"date": "soon"},
        {"user_id": 12345, "client_id": ["a", "b"], "scope": ["openid"], "auth0_client": []},
        {"type": None, "details": [1, "x"]},
        {"type": "sdu", "user_id": 12345, "strategy": "auth0", "date": {}},
    ],
    ids=lambda odd: json.dumps(odd, default=lambda _: "absent"),
)
def test_an_odd_event_of_the_log_is_read_as_any_other(behind_proxy: tuple[Simulator, InterceptingProxy], odd: Row):
    """And everything that is made of the log is as complete."""
    sent: set[str] = set()

    def change(_: str, rows: list[Row], __: Any) -> None:
        for place in places(rows):
            rows[place] = with_odd(rows[place], odd)
        sent.update(row["log_id"] for row in rows)

    done = read(behind_proxy, change, "logs", "changes", "user_deletions")
    assert (0, {}) == (done.code, done.stream_errors)
    assert sent == {row["log_id"] for row in done.records["logs"]}
    for name in ("logs", "changes"):
        assert [] == [misfit for row in done.records[name] for misfit in misfits(name, row)]
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
    due: dict[str, str] = {}

    def change_page(_: str, rows: list[Row], __: Any) -> None:
        due.update({row["log_id"]: row["type"] for row in rows})
        if len(rows) > 3:
            change(rows)

    done = read(behind_proxy, change_page, "logs", "changes")
    assert (0, {}) == (done.code, done.stream_errors)
    assert Counter(due.keys()) == Counter(row["log_id"] for row in done.records["logs"])
    assert due == {row["log_id"]: row["type"] for row in done.records["logs"]}
    writes = {row["log_id"] for row in done.records["changes"]}
    assert writes
    assert {"sapi"} == {due[log_id] for log_id in writes}


@pytest.mark.parametrize("place", [0, 30, -1])
def test_an_event_that_the_search_shows_and_the_list_leaves_out_stops_no_reading(
    behind_proxy: tuple[Simulator, InterceptingProxy], place: int
):
    """The last one of the log is handed on as the search shows it; what follows an earlier one is read."""
    sim, _ = behind_proxy
    ghost = sim.tenant.log.id(range(len(sim.tenant.log))[place])

    def change(_: str, rows: list[Row], query: dict[str, list[str]]) -> None:
        rows[:] = [row for row in rows if "from" not in query or row["log_id"] != ghost]

    done = read(behind_proxy, change, "logs")
    assert (0, {}) == (done.code, done.stream_errors)
    ids = [row["log_id"] for row in done.records["logs"]]
    everything = {sim.tenant.log.id(slot) for slot in range(len(sim.tenant.log))}
    assert len(ids) == len(set(ids))
    assert everything - {ghost} == set(ids) - {ghost}
    if place == -1:
        assert ghost in ids
        assert any(ghost in message and "emitted as" in message for message in done.log)


#: What Auth0 sends of a user, what the columns have, and what is kept under `unconforming`.
ODD_USER: dict[str, tuple[Any, Any, Any]] = {
    "email_verified": ("ada@example.com", True, "ada@example.com"),
    "phone_verified": ("0", False, "0"),
    "blocked": ("false", False, "false"),
    "multifactor": ({"guardian": True}, None, {"guardian": True}),
    "user_metadata": ("DEEP3000", None, DEEP["DEEP3000"]),
    "app_metadata": ({"google": 115912345678901234567}, {"google": "115912345678901234567"}, None),
}


def test_a_user_of_a_directory_that_maps_attributes_has_columns_of_their_types(
    behind_proxy: tuple[Simulator, InterceptingProxy],
):
    odd_ones: set[str] = set()

    def change(_: str, rows: list[Row], __: Any) -> None:
        # Pages overlap, and a profile is the same on both.
        if len(rows) > 50 and not odd_ones:
            odd_ones.update(rows[place]["user_id"] for place in places(rows))
        for row in rows:
            if row["user_id"] in odd_ones:
                row.update({column: sent for column, (sent, _, _) in ODD_USER.items()})

    done = read(behind_proxy, change, "users")
    assert (0, {}) == (done.code, done.stream_errors)
    assert set(behind_proxy[0].tenant.users) == {row["user_id"] for row in done.records["users"]}
    odd_rows = [row for row in done.records["users"] if "unconforming" in row]
    assert odd_ones
    assert odd_ones == {row["user_id"] for row in odd_rows}
    for row in odd_rows:
        assert {column: due for column, (_, due, _) in ODD_USER.items()} == {name: row.get(name) for name in ODD_USER}
        assert {name: aside for name, (_, _, aside) in ODD_USER.items() if aside is not None} == row["unconforming"]


@pytest.mark.parametrize("attribute", ["created_at", "updated_at"])
@pytest.mark.parametrize("value", [None, ABSENT, {"$date": 5}, "yesterday"], ids=["null", "absent", "object", "text"])
def test_an_odd_date_of_a_user_costs_nothing_wherever_it_stands(
    behind_proxy: tuple[Simulator, InterceptingProxy], attribute: str, value: Any
):
    def change(_: str, rows: list[Row], __: Any) -> None:
        for place in places(rows) if len(rows) > 50 else []:
            rows[place] = with_odd(rows[place], {attribute: value})

    done = read(behind_proxy, change, "users")
    assert (0, {}) == (done.code, done.stream_errors)
    assert set(behind_proxy[0].tenant.users) == {row["user_id"] for row in done.records["users"]}


def test_a_null_among_rows_is_called_that_by_its_place(behind_proxy: tuple[Simulator, InterceptingProxy]):
    faults = {"roles": 0, "clients": 1, "connections": 2, "logs": 1}
    due: dict[str, str] = {}

    def change(name: str, rows: list[Row], _: Any) -> None:
        if len(rows) > 2:
            place = places(rows)[faults[name]]
            rows[place] = None  # type: ignore[call-overload]
            due.setdefault(name, f"row {place + 1} of {len(rows)}" if name != "logs" else f"{place + 1}")

    done = read(behind_proxy, change, *faults)
    assert set(faults) == set(done.stream_errors)
    for name, message in done.stream_errors.items():
        assert "null" in message, message
        assert f"`{name}`" in message, message
        assert due[name] in message, message


def test_a_user_in_an_export_without_a_date_is_kept_wherever_in_the_file(
    behind_proxy: tuple[Simulator, InterceptingProxy],
):
    """Whoever may be due by the start date is read."""
    sim, _ = behind_proxy
    without: set[str] = set()

    def rewrite(upstream: UpstreamResponse) -> bytes:
        users = [json.loads(line) for line in gzip.decompress(upstream.body).splitlines()]
        for place in places(users):
            users[place] = with_odd(users[place], {"updated_at": ABSENT, "created_at": ABSENT})
            without.add(users[place]["user_id"])
        return upstream.raw(gzip.compress(b"".join(json_text(user) + b"\n" for user in users)))

    by_export = {"users_initial_load": "export_only", "start_date": "2000-01-01T00:00:00Z"}
    with InterceptingProxy(sim.download_url) as downloads:
        downloads.begin(rewrite)
        sim.exports.base_url = downloads.base_url
        done = run("read", config=config_of(sim, **by_export), catalog=catalog_of("users", full_refresh=True))
    assert (0, {}) == (done.code, done.stream_errors)
    assert 3 == len(without)
    assert set(sim.tenant.users) == {row["user_id"] for row in done.records["users"]}


def test_an_event_that_arrived_late_is_read_after_an_expired_offset(behind_proxy: tuple[Simulator, InterceptingProxy]):
    """It has a time before the saved one; that of the event that was read last comes again, and is no row."""
    sim, proxy = behind_proxy
    times = {"late": "2026-11-20T09:56:00.000Z", "old": "2026-11-20T10:00:00.000Z", "new": "2026-11-20T10:01:00.000Z"}
    begun_from: list[dict[str, list[str]]] = []

    def rewrite(upstream: UpstreamResponse) -> bytes:
        parts = urlsplit(upstream.target)
        if parts.path != "/api/v2/events":
            return upstream.raw()
        begun_from.append(parse_qs(parts.query))
        if begun_from[-1].get("from") == ["o5"]:
            return upstream.raw(b'{"statusCode":410,"error":"Gone","message":"gone"}', status=410)
        messages = [
            b"event: user.created\ndata: " + json_text({"offset": f"o{number}", "event": {"id": name, "time": time}})
            for number, (name, time) in enumerate(times.items(), 4)
        ]
        head = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n"
        return head + b"\n\n".join([*messages, b'event: offset-only\ndata: {"offset": "o7"}', b""])

    proxy.begin(rewrite)
    saved = {"offset": "o5", "time": times["old"], "event": "old"}
    state = [{"type": "STREAM", "stream": {"stream_descriptor": {"name": "events"}, "stream_state": saved}}]
    config = config_of(sim, base_url=proxy.base_url, events_idle_seconds=1)
    done = run("read", config=config, catalog=catalog_of("events"), state=state)
    assert (0, {}) == (done.code, done.stream_errors)
    assert ["2026-11-20T09:55:00Z"] == begun_from[1]["from_timestamp"]
    assert ["late", "new"] == [row["id"] for row in done.records["events"]]
