"""The control plane: control of the simulator over HTTP, apart from the tenant's API."""

from pathlib import Path
from urllib.parse import quote

import pytest

from auth0_simulator.control.control_plane import CLOCK_ACTIONS, FAULT_FIELDS, USER_ACTIONS
from auth0_simulator.control.tenant_settings import SETTING_NAMES


def test_it_is_not_part_of_the_tenants_api(client, sim):
    assert sim.control_url != sim.base_url
    assert 404 == client.call("GET", f"{sim.base_url}/journal").status
    client.control("GET", "/journal")
    assert ["/journal"] == [entry.path for entry in sim.journal]


def test_the_journal_is_read_and_cleared(client):
    client.get("/roles", page=0)
    entry = client.control("GET", "/journal").json["requests"][0]
    assert ("GET", "/roles", {"page": "0"}, 200) == tuple(
        entry[key] for key in ("method", "template", "query", "status")
    )
    client.control("DELETE", "/journal")
    assert [] == client.control("GET", "/journal").json["requests"]


def test_users_are_changed_one_by_one(client, sim):
    created = client.control("POST", "/users", {"create": {"email": "made@example.com"}}).json["created"][0]
    client.control("POST", "/users", {"update": {"user_id": created, "nickname": "nick"}, "login": created})
    row = client.get(f"/users/{quote(created)}").json
    assert ("nick", 1) == (row["nickname"], row["logins_count"])
    assert 2500 == client.control("POST", "/users", {"delete": created}).json["users"]
    assert created not in sim.tenant.users


def test_users_are_changed_in_bulk(client):
    done = client.control("POST", "/users", {"logins": 30, "creates": 20, "deletes": 10}).json
    assert (30, 20, 10, 2510) == (*(len(done[key]) for key in ("logged_in", "created", "deleted")), done["users"])
    assert set(done["logged_in"]).isdisjoint(done["deleted"])


def test_the_clock_is_advanced(client, sim):
    sim.clock.freeze()
    before = sim.clock.epoch()
    client.control("POST", "/clock", {"advance": 90})
    assert 90 == pytest.approx(sim.clock.epoch() - before)


def test_faults_are_added_and_removed(client):
    client.control("POST", "/faults", {"kind": "status", "status": 503, "template": "/roles", "when": "always"})
    assert 503 == client.get("/roles").status
    client.control("DELETE", "/faults")
    assert 200 == client.get("/roles").status


def test_settings_are_read_and_changed(client, sim):
    changed = client.control("PATCH", "/settings", {"latency": 0.01, "plan": "free", "scopes": ["read:roles"]}).json
    assert (0.01, "free", ["read:roles"]) == (changed["latency"], changed["plan"], changed["scopes"])
    assert ["read:roles"] == client.request_token().json["scope"].split()
    everything = sorted(sim.tenant.known_scopes)
    client.control("PATCH", "/settings", {"latency": 0, "plan": "unlimited", "scopes": everything})
    assert "unlimited" == client.control("GET", "/settings").json["plan"]


def test_a_reset_restores_the_seed(client, sim):
    client.control("POST", "/users", {"creates": 3})
    assert {"users": 2500} == client.control("POST", "/reset").json
    assert [] == sim.journal


@pytest.mark.parametrize(
    ("method", "path", "body", "names"),
    [
        ("GET", "/nope", None, ["POST /reset", "GET /journal"]),
        ("POST", "/users", {"makes": 1}, ["create", "logins"]),
        ("POST", "/faults", {"kind": "gremlin"}, ["reset_before", "truncated_gzip"]),
        ("POST", "/faults", {"sort": "hang"}, ["kind", "template"]),
        ("PATCH", "/settings", {"plan": "gold"}, ["free", "enterprise"]),
        ("PATCH", "/settings", {"speed": 1}, ["latency"]),
        ("POST", "/clock", {"rewind": 1}, ["advance"]),
        ("POST", "/users", {"delete": "auth0|x"}, ["auth0|x"]),
    ],
)
def test_an_error_names_the_known_actions_and_fields(client, method, path, body, names):
    answer = client.control(method, path, body)
    assert answer.status in {400, 404}
    assert all(name in answer.json["error"] for name in names)


@pytest.mark.parametrize(
    ("call", "fields"),
    [
        ("POST /clock", CLOCK_ACTIONS),
        ("POST /faults", FAULT_FIELDS),
        ("POST /users", USER_ACTIONS),
        ("PATCH /settings", SETTING_NAMES),
    ],
)
def test_the_body_of_each_call_is_documented(call, fields):
    page = (Path(__file__).parents[3] / "docs" / "simulator.md").read_text(encoding="utf-8")
    line = next(line for line in page.splitlines() if line.startswith(f"| `{call}` |"))
    assert [] == [field for field in fields if f"`{field}`" not in line]


def test_every_call_is_documented(client):
    page = (Path(__file__).parents[3] / "docs" / "simulator.md").read_text(encoding="utf-8")
    known = client.control("GET", "/nothing").json["error"].partition("there are ")[2].split(", ")
    assert [] == [call for call in known if f"| `{call}` |" not in page]
