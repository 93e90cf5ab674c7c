"""The log by checkpoint pagination: order, late events, retention, and the events of operations on users."""

import re
from datetime import datetime, timedelta, timezone
from urllib.parse import parse_qs, quote, urlsplit

import pytest

from auth0_simulator import Simulator

NOW = datetime(2026, 9, 9, tzinfo=timezone.utc)
UNKNOWN_ID = "900" + "0" * 53
DAY = 86_400


def next_link(answer):
    """The URL of the next page in the Link header."""
    return re.fullmatch('<([^>]+)>; rel="next"', answer.headers["link"])[1]


def read_all(client, start=UNKNOWN_ID, take=100):
    """Every event after an id, page by page along the Link header."""
    rows = []
    while True:
        answer = client.get("/logs", from_=start, take=take)
        assert (200, True) == (answer.status, len(answer.json) <= take)
        if not answer.json:
            return rows
        rows += answer.json
        (start,) = parse_qs(urlsplit(next_link(answer)).query)["from"]


def ids(rows):
    return [row["log_id"] for row in rows]


def events_since(sim, count):
    """The events after the first `count`."""
    return sim.tenant.log.rows()[count:]


def test_ids_are_56_digits_and_begin_with_the_moment_of_arrival(client):
    rows = read_all(client)
    assert 700 == len({row["log_id"] for row in rows})
    assert all(re.fullmatch(r"900\d{53}", row["log_id"]) and row["log_id"] == row["_id"] for row in rows)
    stamps = [datetime.strptime(row["log_id"][3:20], "%Y%m%d%H%M%S%f").replace(tzinfo=timezone.utc) for row in rows]
    lateness = [at - datetime.fromisoformat(row["date"]) for at, row in zip(stamps, rows, strict=True)]
    assert timedelta(0) <= min(lateness)
    assert timedelta(seconds=1) < max(lateness) <= timedelta(seconds=5)


def test_a_checkpoint_is_ordered_by_id_and_exclusive(client):
    rows = read_all(client, take=97)
    assert sorted(ids(rows)) == ids(rows)
    assert rows[13:23] == client.get("/logs", from_=rows[12]["log_id"], take=10).json


def test_a_checkpoint_s_order_is_not_that_of_dates(connect):
    with Simulator(users=20, log_events=500, log_days=0.002) as sim:
        dates = [row["date"] for row in read_all(connect(sim))]
        assert sorted(dates) != dates


def test_a_page_holds_fifty_unless_asked_otherwise_and_a_hundred_at_most(client):
    assert 50 == len(client.get("/logs", from_=UNKNOWN_ID).json)
    refused = client.get("/logs", from_=UNKNOWN_ID, take=101)
    assert (400, "invalid_query_string") == (refused.status, refused.json["errorCode"])
    assert 400 == client.get("/logs", from_=UNKNOWN_ID, take=0).status


def test_a_tenant_s_pages_may_be_smaller_than_asked_for(connect):
    with Simulator(users=20, page_limit=50) as sim:
        answer = connect(sim).get("/logs", from_=UNKNOWN_ID, take=100)
        assert 50 == len(answer.json)
        assert "take=100" in next_link(answer)


def test_an_empty_page_has_a_link_header_too(client, sim):
    last = client.get("/logs").json[0]["log_id"]
    answer = client.get("/logs", from_=last, take=7)
    assert [] == answer.json
    assert f"https://{sim.domain}/api/v2/logs?from={last}&take=7" == next_link(answer)


def test_beside_from_every_other_parameter_is_ignored(client):
    expected = client.get("/logs", from_=UNKNOWN_ID, take=5).json
    ignored = {
        "q": "type:sapi",
        "sort": "date:-1",
        "page": 3,
        "per_page": 2,
        "fields": "date",
        "include_totals": "true",
    }
    assert expected == client.get("/logs", from_=UNKNOWN_ID, take=5, **ignored).json


@pytest.mark.parametrize(
    "query", [{"limit": 5}, {"from_": UNKNOWN_ID, "cursor": "x"}, {"from_": UNKNOWN_ID, "take": "ten"}]
)
def test_what_is_no_parameter_or_of_another_kind_is_refused(client, query):
    assert (400, "invalid_query_string") == (
        client.get("/logs", **query).status,
        client.get("/logs", **query).json["errorCode"],
    )


@pytest.mark.parametrize("value", ["x", "", "9" * 56, UNKNOWN_ID + "0", "900" + "x" * 53])
def test_what_is_no_id_of_an_event_is_refused(client, value):
    assert 400 == client.get("/logs", from_=value).status


@pytest.mark.parametrize("scope", ["read:logs", "read:logs_users"])
def test_either_scope_opens_the_log(client, sim, scope):
    client.token = sim.mint_token([scope])
    log_id = client.get("/logs").json[0]["log_id"]
    assert 200 == client.get(f"/logs/{log_id}").status
    client.token = sim.mint_token(["read:users"])
    refused = client.get("/logs")
    assert "Insufficient scope, expected any of: read:logs, read:logs_users" == refused.json["message"]


def test_the_log_has_a_limit_of_its_own_on_a_self_service_plan(connect):
    with Simulator(users=20, plan="self_service") as sim:
        client = connect(sim)
        sim.clock.freeze()
        assert [200] * 10 + [429] == [client.get("/logs", from_=UNKNOWN_ID).status for _ in range(11)]
        sim.clock.advance(60)
        assert [200] * 10 + [429] == [client.get("/logs", page=0).status for _ in range(11)]


def test_one_event_is_read_by_its_id(client):
    row = client.get("/logs").json[17]
    assert row == client.get(f"/logs/{row['log_id']}").json
    for unknown in (UNKNOWN_ID, "x", row["log_id"][:-1]):
        assert (404, "Log not found.") == (
            client.get(f"/logs/{unknown}").status,
            client.get(f"/logs/{unknown}").json["message"],
        )


def test_a_late_event_has_a_later_id_than_what_happened_after_it(client, sim):
    sim.tenant.log.add("s", user_id="auth0|x")
    late = sim.tenant.log.add("fp", late=3600)
    before, after = client.get("/logs", from_=UNKNOWN_ID, take=100).json[-1], read_all(client)[-2:]
    assert after[1]["log_id"] == late > after[0]["log_id"] > before["log_id"]
    assert after[1]["date"] < after[0]["date"]


def test_events_of_one_millisecond_have_rising_ids(client, sim):
    sim.clock.freeze()
    added = [sim.tenant.log.add("s") for _ in range(30)]
    sim.clock.advance(-100)
    added.append(sim.tenant.log.add("s"))
    assert sorted(set(added)) == added == ids(read_all(client))[-31:]


def test_an_event_cannot_arrive_before_it_happens(sim):
    with pytest.raises(ValueError, match="before it happens"):
        sim.tenant.log.add("s", date=sim.clock.now() + timedelta(seconds=1))
    with pytest.raises(ValueError, match="after the tenant is made"):
        Simulator(users=1, now=NOW, log_at=lambda _: NOW + timedelta(seconds=1))


def test_what_is_older_than_the_retention_is_gone(connect):
    with Simulator(users=20, now=NOW, log_events=300, log_lateness=0, log_retention=2) as sim:
        client = connect(sim)
        sim.clock.freeze(NOW)
        rows = read_all(client)
        assert 200 == len(rows) == len(sim.tenant.log.rows())
        assert "2026-09-07T00:00:00.000Z" == rows[0]["date"]
        assert 200 == client.get(f"/logs/{rows[0]['log_id']}").status
        sim.clock.advance(DAY / 4)
        assert rows[25:] == read_all(client)
        assert 404 == client.get(f"/logs/{rows[0]['log_id']}").status
        assert ids(rows[25:26]) == ids(client.get("/logs", sort="date:1", per_page=1).json)


def test_a_late_event_may_be_older_than_those_that_are_gone(connect):
    with Simulator(users=20, now=NOW, log_events=0, log_retention=1) as sim:
        sim.clock.freeze(NOW)
        for late in (2 * DAY, DAY, DAY + 1, 0):
            sim.tenant.log.add("s", late=late)
        assert ["2026-09-08T00:00:00.000Z", "2026-09-09T00:00:00.000Z"] == [r["date"] for r in read_all(connect(sim))]


@pytest.mark.parametrize(("expired", "status"), [("oldest", 200), ("error", 400), ("missing", 404)])
def test_the_response_to_an_expired_id_is_a_setting(connect, expired, status):
    with Simulator(users=20, now=NOW, log_events=300, log_expired=expired) as sim:
        client = connect(sim)
        client.token = sim.mint_token(lifetime=90 * DAY)
        sim.clock.freeze(NOW)
        first, second = client.get("/logs", sort="date:1", per_page=2).json
        assert 200 == client.get("/logs", from_=first["log_id"]).status
        sim.clock.advance(28 * DAY)
        answer = client.get("/logs", from_=first["log_id"], take=1)
        assert status == answer.status == client.get("/logs", from_=UNKNOWN_ID).status
        if status == 200:
            assert answer.json == client.get("/logs", sort="date:1", per_page=1).json
            assert second["log_id"] != answer.json[0]["log_id"]
        else:
            assert {"statusCode", "error", "message"} <= set(answer.json)
        kept = client.get("/logs").json[0]["log_id"]
        assert [] == client.get("/logs", from_=kept).json


def test_an_unknown_response_to_an_expired_id_is_rejected(sim):
    with pytest.raises(ValueError, match="oldest, error, missing"):
        sim.tenant.log.expired = "ignore"


def test_the_same_seed_makes_the_same_log(connect):
    def log_of(seed):
        with Simulator(users=50, seed=seed, now=NOW) as sim:
            return client_bytes(connect(sim))

    def client_bytes(client):
        return client.get("/logs", from_=UNKNOWN_ID, take=100).body, client.get("/logs", q="type:sapi").body

    assert log_of(5) == log_of(5)
    assert log_of(5) != log_of(6)


def test_a_reset_brings_the_log_back_to_its_seed(client, sim):
    before = client.get("/logs").body
    sim.tenant.simulate_activity(logins=5, creates=2, deletes=3)
    assert before != client.get("/logs").body
    assert 5 + 2 + 2 * 3 == len(events_since(sim, 700))
    sim.reset()
    assert before == client.get("/logs").body
    assert 700 == len(read_all(client))


def test_seeded_events_do_not_depend_on_later_changes_of_the_tenant(connect):
    with Simulator(users=50, now=NOW) as first, Simulator(users=50, now=NOW) as second:
        second.tenant.clients.clear()
        second.tenant.organizations.clear()
        assert first.tenant.log.rows() == second.tenant.log.rows()


def test_a_tenant_without_users_or_organizations_has_a_log(connect):
    with Simulator(users=0, organizations=0) as sim:
        assert 700 == len(read_all(connect(sim)))


def test_seeded_events_arrive_at_the_times_given(connect):
    with Simulator(
        users=5, now=NOW, log_events=40, log_lateness=0, log_at=lambda index: NOW - timedelta(index // 10)
    ) as sim:
        dates = [row["date"][:10] for row in read_all(connect(sim))]
        assert ["2026-09-06"] * 10 + ["2026-09-07"] * 10 + ["2026-09-08"] * 10 + ["2026-09-09"] * 10 == dates


def test_a_log_of_hundreds_of_thousands_is_read_where_it_is_asked_for(connect):
    with Simulator(users=50, log_events=300_000) as sim:
        client = connect(sim)
        middle = client.get(
            "/logs", q=f"date:[{sim.tenant.log.row(150_000)['date'][:19]} TO *]", sort="date:1", per_page=1
        )
        page = client.get("/logs", from_=middle.json[0]["log_id"], take=100).json
        assert 100 == len(page)
        assert sim.tenant.log.row(150_200)["log_id"] > page[-1]["log_id"] > sim.tenant.log.row(149_900)["log_id"]
        assert sim.tenant.log.row(299_999)["log_id"] >= client.get("/logs").json[0]["log_id"]


def test_operations_on_users_are_logged(client, sim):
    sim.clock.freeze()
    user_id = sim.tenant.create_user(email="new@example.com")
    sim.tenant.login(user_id)
    sim.tenant.update_user(user_id, nickname="nick")
    made = sim.tenant.create_user(by="api")
    signup, login, update, creation = events_since(sim, 700)
    assert ("ss", user_id, "new@example.com") == (signup["type"], signup["user_id"], signup["user_name"])
    assert ("s", user_id, "auth0", "database") == tuple(
        login[n] for n in ("type", "user_id", "strategy", "strategy_type")
    )
    assert {"nickname": "nick"} == update["details"]["request"]["body"]
    assert f"/api/v2/users/{quote(user_id)}" == update["details"]["request"]["path"]
    assert ("Create a User", made) == (creation["description"], creation["details"]["response"]["body"]["user_id"])
    assert {sim.clock.now().isoformat(timespec="milliseconds").replace("+00:00", "Z")} == {
        r["date"] for r in events_since(sim, 700)
    }


def test_a_deletion_is_logged_by_the_connection_and_then_by_the_api(client, sim):
    user_id = next(user for user in sim.tenant.users if user.startswith("auth0|"))
    sim.tenant.delete_user(user_id)
    deletion, request = events_since(sim, 700)
    assert {
        "type": "sdu",
        "description": f"user_id: {user_id[6:]}",
        "user_id": "",
        "connection": "Username-Password-Authentication",
        "strategy": "auth0",
    }.items() <= deletion.items()
    assert ("sapi", "Delete a User") == (request["type"], request["description"])
    assert {"method": "delete", "path": f"/api/v2/users/auth0%7C{user_id[6:]}", "body": None}.items() <= request[
        "details"
    ]["request"].items()
    assert 204 == request["details"]["response"]["statusCode"]
    assert deletion["date"] < request["date"]


@pytest.mark.parametrize("by", ["api", "dashboard"])
@pytest.mark.parametrize(
    ("events", "types"), [("both", ["sdu", "sapi"]), ("sdu", ["sdu"]), ("sapi", ["sapi"]), ("none", [])]
)
def test_the_events_of_a_deletion_can_be_chosen(sim, by, events, types):
    user_id = next(iter(sim.tenant.users))
    sim.tenant.delete_user(user_id, by=by, events=events)
    assert types == [row["type"] for row in events_since(sim, 700)]
    assert user_id not in sim.tenant.users
    channels = [row["details"]["request"]["channel"] for row in events_since(sim, 700) if row["type"] == "sapi"]
    assert all((by == "api") == (channel == "api") for channel in channels)


def test_the_deletion_of_a_user_by_email_address_is_logged_without_an_id(sim):
    user_id = sim.tenant.create_user(email="who@example.com")
    sim.tenant.delete_user(user_id, by="connection", events="sapi")
    request = events_since(sim, 700)[-1]["details"]["request"]
    assert {"email": "who@example.com"} == request["query"]
    assert user_id[6:] not in request["path"]


def test_a_deletion_may_be_logged_late(sim):
    sim.clock.freeze(sim.clock.now().replace(microsecond=0))
    first, second = list(sim.tenant.users)[:2]
    sim.tenant.delete_user(first, late=60)
    sim.tenant.delete_user(second)
    dates = [datetime.fromisoformat(row["date"]) for row in events_since(sim, 700)]
    assert timedelta(seconds=60) == dates[2] - dates[0] == dates[3] - dates[1]


def test_a_failed_deletion_is_logged_and_changes_nothing(sim):
    user_id = next(iter(sim.tenant.users))
    sim.tenant.failed_delete_user(user_id)
    failed, refused = events_since(sim, 700)
    assert ("fdu", "fapi", 400) == (failed["type"], refused["type"], refused["details"]["response"]["statusCode"])
    assert user_id in sim.tenant.users
    sim.tenant.failed_delete_user("auth0|nobody", events="sdu")
    assert "fdu" == events_since(sim, 702)[0]["type"]


@pytest.mark.parametrize("asked", [{"by": "magic"}, {"events": "all"}])
def test_an_unknown_way_of_deleting_is_refused_before_anything_is_done(sim, asked):
    user_id = next(iter(sim.tenant.users))
    with pytest.raises(ValueError, match="known are"):
        sim.tenant.delete_user(user_id, **asked)
    assert user_id in sim.tenant.users
    assert [] == events_since(sim, 700)


@pytest.mark.parametrize("provider", ["auth0", "google-oauth2", "samlp"])
def test_a_deleted_user_s_id_may_come_back_without_what_belonged_to_it(client, sim, provider):
    organization = sim.tenant.organizations[0]["id"]
    members = sim.tenant.rows("organization_members", organization)
    user_id = next(row["user_id"] for row in members if row["user_id"].startswith(provider))
    before = sim.tenant.users.get(user_id)
    for email in ("one@example.com", "two@example.com"):
        sim.tenant.delete_user(user_id)
        assert 404 == client.get(f"/users/{quote(user_id)}").status
        assert user_id == sim.tenant.create_user(user_id=user_id, email=email)
        row = client.get(f"/users/{quote(user_id)}").json
        assert (email, before["identities"][0]["connection"]) == (row["email"], row["identities"][0]["connection"])
        assert [email] == [found["email"] for found in client.search(f'user_id:"{user_id}"').json]
        assert 2500 == len(sim.tenant.users) == len(set(sim.tenant.users))
    assert user_id not in {row["user_id"] for row in sim.tenant.rows("organization_members", organization)}
    for role in sim.tenant.roles:
        assert user_id not in {row["user_id"] for row in sim.tenant.rows("role_users", role["id"])}
    members.append({"user_id": user_id, "roles": []})
    assert user_id in {row["user_id"] for row in sim.tenant.rows("organization_members", organization)}


def test_the_logged_response_of_a_write_holds_no_token_of_an_identity_provider(sim):
    user_id = next(user for user in sim.tenant.users if user.startswith("google-oauth2|"))
    sim.tenant.update_user(user_id, nickname="nick")
    assert "access_token" not in events_since(sim, 700)[0]["details"]["response"]["body"]["identities"][0]


def test_any_api_write_can_be_logged(sim):
    path = "/organizations/org_1/members/auth0%7Cx/roles"
    log_id = sim.tenant.log_api_write("POST", path, body={"roles": ["rol_1"]}, status=204, user="auth0|boss")
    row = events_since(sim, 700)[0]
    assert (log_id, "Assign organization roles to a member") == (row["log_id"], row["description"])
    assert ("post", f"/api/v2{path}", "auth0|boss") == (
        row["details"]["request"]["method"],
        row["details"]["request"]["path"],
        row["details"]["request"]["auth"]["user"]["user_id"],
    )
    sim.tenant.log_api_write("PUT", "/api/v2/unheard/of", status=409, late=5)
    assert ("fapi", "PUT /unheard/of") == tuple(events_since(sim, 701)[0][name] for name in ("type", "description"))


def test_the_control_plane_adds_events_and_changes_settings(client, sim):
    log_id = client.control("POST", "/logs", {"type": "fp", "user_id": "auth0|x", "late": 5}).json["log_id"]
    assert "auth0|x" == client.get(f"/logs/{log_id}").json["user_id"]
    client.control("POST", "/logs", {"type": "s", "date": "2026-01-01T00:00:00Z"})
    assert 701 == len(sim.tenant.log.rows())
    user_id = next(iter(sim.tenant.users))
    client.control("POST", "/users", {"delete": user_id, "by": "dashboard", "events": "sapi"})
    assert ["fp", "sapi"] == [row["type"] for row in events_since(sim, 700)]
    settings = {"log_expired": "missing", "log_retention": 0.5, "log_search_lag": 3}
    before = {name: client.control("GET", "/settings").json[name] for name in settings}
    assert settings.items() <= client.control("PATCH", "/settings", settings).json.items()
    assert 404 == client.get("/logs", from_=UNKNOWN_ID).status
    assert before.items() <= client.control("PATCH", "/settings", before).json.items()


@pytest.mark.parametrize(
    ("method", "path", "body", "problem"),
    [
        ("POST", "/logs", {"user_id": "x"}, "type"),
        ("POST", "/logs", {"type": "s", "date": "soon"}, "soon"),
        ("PATCH", "/settings", {"log_expired": "never"}, "oldest, error, missing"),
    ],
)
def test_the_control_plane_names_the_problem_of_a_request(client, method, path, body, problem):
    answer = client.control(method, path, body)
    assert (400, True) == (answer.status, problem in answer.json["error"])
