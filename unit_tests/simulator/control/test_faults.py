"""Faults: when and on which routes they apply, and their effects."""

import gzip
import http.client
import json
import socket
import time
from urllib.parse import urlsplit

import pytest

from auth0_simulator import Fault
from auth0_simulator.control.faults import FAULT_KINDS


def raw_response(client, path, headers=None):
    """Everything the server sends until it closes, whatever it is."""
    parts = urlsplit(client.simulator.base_url)
    lines = [f"GET /api/v2{path} HTTP/1.1", "host: x", f"authorization: Bearer {client.token}", "connection: close"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    with socket.create_connection((parts.hostname, parts.port), timeout=5) as connection:
        connection.sendall("\r\n".join([*lines, "", ""]).encode())
        received = b""
        while True:
            try:
                data = connection.recv(65_536)
            except ConnectionResetError:
                return received
            if not data:
                return received
            received += data


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        ("once", "x....."),
        ("always", "xxxxxx"),
        ("every:2", ".x.x.x"),
        ("after:4", "....xx"),
        ("first:2", "xx...."),
        ("nth:3", "..x..."),
    ],
)
def test_a_fault_applies_by_count(client, sim, when, expected):
    sim.faults.add(Fault("status", "/roles", when, status=500))
    statuses = [client.get("/roles").status for _ in range(6)]
    assert expected == "".join("x" if status == 500 else "." for status in statuses)


def test_a_fault_applies_only_to_its_routes(client, sim):
    sim.faults.add(Fault("status", "/roles*", "always", status=503), Fault("status", "/oauth/token", status=500))
    role = sim.tenant.roles[0]["id"]
    answers = [client.get(path).status for path in ("/roles", f"/roles/{role}", "/users")]
    assert [503, 503, 200] == answers
    assert [500, 200] == [client.request_token().status for _ in range(2)]
    sim.faults.clear()
    assert 200 == client.get("/roles").status


def test_a_fault_may_depend_on_the_query(client, sim):
    sim.faults.add(Fault("status", "/users", "once", status=502, where={"page": "2"}))
    assert [200, 200, 502, 200] == [client.get("/users", page=page).status for page in (0, 1, 2, 2)]


def test_a_429_has_headers_or_not(client, sim):
    sim.faults.add(
        Fault("status", status=429, seconds=5), Fault("status", when="nth:2", status=429, with_headers=False)
    )
    first, second = client.get("/roles"), client.get("/roles")
    assert "Global limit has been reached" == first.json["message"] == second.json["message"]
    assert int(first.headers["x-ratelimit-reset"]) >= sim.clock.epoch() + 4
    assert "x-ratelimit-reset" not in second.headers


def test_a_connection_may_end_before_or_amid_the_answer(client, sim):
    sim.faults.add(Fault("reset_before"))
    with pytest.raises((http.client.RemoteDisconnected, ConnectionResetError)):
        client.get("/roles")
    assert 0 == sim.journal[-1].status
    sim.faults.add(Fault("reset_during"))
    with pytest.raises(http.client.IncompleteRead):
        client.get("/users")


def test_a_connection_may_be_reset_after_the_answer(client, sim):
    """The response arrives complete and says that the connection stays open; then the connection is reset."""
    sim.faults.add(Fault("reset_after", "/users"))
    parts = urlsplit(sim.base_url)
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=5)
    headers = {"authorization": f"Bearer {client.token}"}
    connection.request("GET", "/api/v2/users", headers=headers)
    answer = connection.getresponse()
    assert (200, 50, "keep-alive") == (answer.status, len(json.loads(answer.read())), answer.headers["connection"])
    with pytest.raises(ConnectionError):
        connection.sock.recv(1)
    connection.close()
    assert 200 == client.get("/users").status


def test_a_page_from_before_the_faults_were_removed_is_not_repeated(client, sim):
    sim.faults.add(Fault("repeat_page", "/users", "nth:9"))
    client.get("/users", page=4, per_page=5)
    sim.faults.clear()
    client.get("/roles")
    sim.faults.add(Fault("repeat_page", "/users"))
    expected = client.get("/users", page=0, per_page=5).json
    sim.faults.clear()
    assert expected == client.get("/users", page=0, per_page=5).json


def test_a_body_may_be_truncated_under_a_matching_content_length(client, sim):
    sim.faults.add(Fault("truncated_json", when="always"))
    with pytest.raises(json.JSONDecodeError):
        _ = client.get("/users", headers={"accept-encoding": "gzip"}).json
    sim.faults.clear()
    sim.faults.add(Fault("truncated_gzip"))
    head, _, body = raw_response(client, "/users", {"accept-encoding": "gzip"}).partition(b"\r\n\r\n")
    assert b"content-encoding: gzip" in head
    with pytest.raises(EOFError):
        gzip.decompress(body)


def test_other_bodies_than_json_come_back(client, sim):
    sim.faults.add(Fault("html"), Fault("empty", when="nth:2"), Fault("wrong_content_type", when="nth:3"))
    html, empty, mislabeled = (client.get("/roles") for _ in range(3))
    assert (200, True) == (html.status, html.body.startswith(b"<!DOCTYPE html>"))
    assert (200, b"") == (empty.status, empty.body)
    assert ("text/html; charset=utf-8", 11) == (mislabeled.headers["content-type"], len(mislabeled.json))


def test_a_page_may_come_twice(client, sim):
    sim.faults.add(Fault("repeat_page", "/users", "nth:3"))
    pages = [client.get("/users", page=page, per_page=5).json for page in range(4)]
    assert pages[1] == pages[2]
    assert pages[2] != pages[3]


def test_a_checkpoint_may_lead_to_itself_or_expire(client, sim):
    sim.faults.add(Fault("looping_next", "/organizations", "always"))
    cursor = client.get("/organizations", take=5).json["next"]
    assert cursor == client.get("/organizations", from_=cursor).json["next"]
    sim.faults.clear()
    sim.faults.add(Fault("expired_checkpoint", "/organizations", "always"))
    assert [200, 400] == [
        client.get("/organizations", take=5).status,
        client.get("/organizations", from_=cursor).status,
    ]


def test_an_answer_may_be_slow_or_never_come(client, sim):
    sim.faults.add(Fault("slow", seconds=0.001), Fault("hang", when="nth:2"))
    started = time.monotonic()
    assert "friendly_name" in client.get("/tenants/settings").json
    assert time.monotonic() - started > 0.3
    parts = urlsplit(sim.base_url)
    with socket.create_connection((parts.hostname, parts.port), timeout=0.2) as connection:
        connection.sendall(f"GET /api/v2/roles HTTP/1.1\r\nauthorization: Bearer {client.token}\r\n\r\n".encode())
        with pytest.raises(TimeoutError):
            connection.recv(1)


def test_the_date_header_may_be_wrong(client, sim):
    sim.clock.freeze()
    expected = client.get("/roles").headers["date"]
    sim.faults.add(Fault("skew", seconds=-3600))
    assert expected != client.get("/roles").headers["date"]
    assert expected == client.get("/roles").headers["date"]


def test_a_token_may_be_revoked_and_a_scope_withdrawn(client, sim):
    sim.faults.add(Fault("withdraw_scope", "/roles", scope="read:roles"))
    refused = client.get("/roles")
    assert (403, "Insufficient scope, expected any of: read:roles") == (refused.status, refused.json["message"])
    sim.faults.add(Fault("revoke_token", "/roles", "once"))
    assert [401, 401] == [client.get("/roles").status for _ in range(2)]
    client.token = sim.mint_token()
    assert 200 == client.get("/roles").status


def test_a_parent_may_vanish(client, sim):
    path = f"/organizations/{sim.tenant.organizations[0]['id']}/members"
    sim.faults.add(Fault("vanish_parent", "/organizations/{id}/members"))
    answer = client.get(path)
    assert (404, "No organization found by that id or name") == (answer.status, answer.json["message"])
    assert 200 == client.get(path).status


def test_a_redirect_names_its_target(client, sim):
    sim.faults.add(Fault("redirect", to="http://127.0.0.2/elsewhere"))
    answer = client.get("/roles")
    assert (302, "http://127.0.0.2/elsewhere") == (answer.status, answer.headers["location"])


def test_a_page_may_lead_elsewhere(client, sim):
    sim.faults.add(Fault("lead_astray", when="always", to="http://127.0.0.2/next"))
    answer = client.get("/roles", per_page=1, page=0, include_totals="true")
    assert '<http://127.0.0.2/next>; rel="next"' == answer.headers["link"]
    assert ("http://127.0.0.2/next", None) == (answer.json["next"], answer.json.get("location"))
    bare = client.get("/roles")
    assert (list, answer.headers["link"]) == (type(bare.json), bare.headers["link"])


def test_an_answer_may_repeat_what_was_sent(client, sim):
    sim.faults.add(Fault("echo", "/roles", status=403))
    answer = client.get("/roles")
    assert (403, True) == (answer.status, f"Bearer {client.token}" in answer.json["message"])


def test_a_fault_that_is_not_known_is_refused_with_those_that_are():
    with pytest.raises(ValueError, match="known are " + ", ".join(FAULT_KINDS)):
        Fault("gremlin")
    with pytest.raises(ValueError, match="known are once"):
        Fault("hang", when="sometimes")
    with pytest.raises(ValueError, match="needs a status"):
        Fault("status")


SEARCH = {"q": "updated_at:[* TO *]", "search_engine": "v3", "sort": "updated_at:1", "per_page": 100}


@pytest.mark.parametrize(("true_total", "total"), [(False, 0), (True, 2500)])
def test_a_page_may_be_valid_and_empty(client, sim, true_total, total):
    sim.faults.add(Fault("empty_page", "/users", "nth:2", true_total=true_total))
    answers = [client.get("/users", include_totals="true", page=page, **SEARCH) for page in (0, 1, 1)]
    assert [(200, 100), (200, 0), (200, 100)] == [(answer.status, len(answer.json["users"])) for answer in answers]
    assert {"start": 100, "limit": 100, "length": 0, "users": [], "total": total} == answers[1].json
    assert [2500, 2500] == [answers[place].json["total"] for place in (0, 2)]


def test_an_empty_page_has_the_shape_that_was_asked_for(client, sim):
    sim.faults.add(Fault("empty_page", when="always"))
    assert [] == client.get("/users", **SEARCH).json
    assert {"organizations": []} == client.get("/organizations", take=2).json
    assert {"statusCode": 404} == {name: client.get("/nowhere").json[name] for name in ["statusCode"]}
    assert isinstance(client.get("/stats/active-users").json, int)
    assert "flags" in client.get("/tenants/settings").json


def test_a_list_may_be_empty_whatever_was_asked_for(client, sim):
    sim.faults.add(Fault("empty_list", "/users", "every:2"))
    answers = [client.get("/users", include_totals="true", **SEARCH).json for _ in range(4)]
    assert [2500, [], 2500, []] == [answer if isinstance(answer, list) else answer["total"] for answer in answers]


def test_an_answer_may_have_no_content(client, sim):
    sim.faults.add(Fault("empty", "/users", status=204))
    answer = client.get("/users", **SEARCH)
    assert (204, b"", False) == (answer.status, answer.body, "content-length" in answer.headers)
    parts = urlsplit(sim.base_url)
    sim.faults.add(Fault("empty", "/users", status=204))
    connection = http.client.HTTPConnection(parts.netloc, timeout=5)
    statuses = []
    for _ in range(3):
        connection.request("GET", "/api/v2/users", headers={"authorization": f"Bearer {client.token}"})
        response = connection.getresponse()
        statuses.append((response.status, len(response.read()) > 2))
    connection.close()
    assert [(204, False), (200, True), (200, True)] == statuses


@pytest.mark.parametrize(
    ("more", "lacking"), [({}, [99]), ({"rows": 3}, [97, 98, 99]), ({"rows": 2, "amid": True}, [49, 50])]
)
def test_a_page_may_be_short_of_rows_under_a_total_that_is_right(client, sim, more, lacking):
    whole = client.get("/users", include_totals="true", **SEARCH).json
    sim.faults.add(Fault("short_page", "/users", **more))
    short = client.get("/users", include_totals="true", **SEARCH).json
    expected = [row for place, row in enumerate(whole["users"]) if place not in lacking]
    assert {**whole, "users": expected, "length": len(expected)} == short
    assert whole == client.get("/users", include_totals="true", **SEARCH).json


def test_a_short_page_keeps_its_next_unless_nothing_is_left(client, sim):
    sim.faults.add(Fault("short_page", "/organizations"), Fault("short_page", "/organizations", "nth:2", rows=9))
    body = client.get("/organizations", take=2).json
    assert (1, True) == (len(body["organizations"]), "next" in body)
    assert {"organizations": []} == client.get("/organizations", take=2).json
