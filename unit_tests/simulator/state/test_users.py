"""Users: operations on them, and when a search shows the changes."""

from datetime import datetime, timedelta, timezone
from urllib.parse import quote

import pytest

from auth0_simulator import Simulator

ALL = "updated_at:[* TO *]"
BURST = datetime(2026, 5, 5, 5, 5, 5, 555_000, tzinfo=timezone.utc)


def by_id(client, user_id):
    return client.get(f"/users/{quote(user_id, safe='')}")


def test_a_user_is_found_under_the_id_that_lists_show(client):
    kinds = set()
    for row in client.get("/users", per_page=100).json:
        kinds.add(row["user_id"].partition("|")[0])
        assert row == by_id(client, row["user_id"]).json
    assert {"auth0", "google-oauth2", "sms", "okta", "samlp"} == kinds


@pytest.mark.parametrize("user_id", ["auth0|none", "auth0|" + "0" * 24, "x", "sms|", "google-oauth2|1" + "9" * 20])
def test_an_unknown_user_is_not_found(client, user_id):
    expected = {
        "statusCode": 404,
        "error": "Not Found",
        "message": "The user does not exist.",
        "errorCode": "inexistent_user",
    }
    assert expected == by_id(client, user_id).json


def test_changes_are_seen_at_once_without_a_lag(client, sim):
    sim.clock.freeze()
    now = sim.clock.now().isoformat(timespec="milliseconds").replace("+00:00", "Z")
    new = sim.tenant.create_user(email="new@example.com")
    old = next(iter(sim.tenant.users))
    sim.tenant.login(old)
    rows = client.search(f"updated_at:[{now} TO *]", sort="updated_at:1").json
    assert {new, old} == {row["user_id"] for row in rows}
    assert now == by_id(client, old).json["last_login"]
    sim.tenant.delete_user(old)
    assert (404, []) == (by_id(client, old).status, client.search(f'user_id:"{old}"').json)
    assert 2500 == len(sim.tenant.users) == client.get("/users", include_totals="true").json["total"]


def test_an_update_moves_updated_at_unless_it_sets_it(sim):
    user_id = next(iter(sim.tenant.users))
    before = sim.tenant.users.get(user_id)
    sim.tenant.update_user(user_id, nickname="nick", updated_at="2026-01-01T00:00:00.000Z")
    assert {**before, "nickname": "nick", "updated_at": "2026-01-01T00:00:00.000Z"} == sim.tenant.users.get(user_id)
    sim.tenant.update_user(user_id, nickname="nack")
    assert sim.tenant.users.get(user_id)["updated_at"] > before["updated_at"]


def test_what_is_not_there_cannot_be_changed(sim):
    user_id = next(iter(sim.tenant.users))
    with pytest.raises(ValueError, match="exists already"):
        sim.tenant.create_user(user_id=user_id)
    sim.tenant.delete_user(user_id)
    for act in (sim.tenant.delete_user, sim.tenant.login, sim.tenant.update_user):
        with pytest.raises(KeyError, match="no user has the id"):
            act(user_id)


def test_a_deleted_user_leaves_organizations_and_roles(client, sim):
    organization = sim.tenant.organizations[0]["id"]
    members = sim.tenant.rows("organization_members", organization)
    deleted = members[0]["user_id"]
    sim.tenant.delete_user(deleted)
    shown = [
        row["user_id"] for page in client.pages(f"/organizations/{organization}/members", "members") for row in page
    ]
    assert deleted not in shown
    assert 1249 == len(shown)


def test_a_search_lags_and_a_user_by_id_does_not(connect):
    with Simulator(users=50, index_lag=30) as sim:
        client = connect(sim)
        sim.clock.freeze()
        ids = list(sim.tenant.users)
        new = sim.tenant.create_user()
        sim.tenant.update_user(ids[0], nickname="changed")
        sim.tenant.delete_user(ids[1])

        def seen():
            return {row["user_id"]: row for row in client.search(ALL, per_page=100).json}

        sim.clock.advance(29)
        assert set(ids) == set(seen())
        assert seen()[ids[0]]["nickname"] != "changed"
        assert (200, 404) == (by_id(client, new).status, by_id(client, ids[1]).status)
        assert "changed" == by_id(client, ids[0]).json["nickname"]
        sim.clock.advance(1)
        assert {*ids, new} - {ids[1]} == set(seen())
        assert "changed" == seen()[ids[0]]["nickname"]


def test_users_are_spread_over_the_time_before_the_tenant_was_made(connect):
    now = datetime(2026, 6, 1, tzinfo=timezone.utc)
    with Simulator(users=100, spread=timedelta(days=10), now=now) as sim:
        rows = connect(sim).search("created_at:[* TO *]", sort="created_at:1", per_page=100).json
        assert "2026-05-22T00:00:00.000Z" == rows[0]["created_at"]
        assert "2026-06-01" > rows[-1]["created_at"] > "2026-05-31"
        assert all(row["created_at"] <= row["updated_at"] < "2026-06-01T00:00:00.001Z" for row in rows)


def test_users_may_all_be_created_in_one_millisecond(connect):
    with Simulator(users=1500, created_at=lambda _: BURST, updated_at=lambda _: BURST) as sim:
        client = connect(sim)
        window = "updated_at:[2026-05-05T05:05:05.555Z TO 2026-05-05T05:05:05.555Z]"
        assert 1500 == client.search(window, include_totals="true").json["total"]
        half = client.search(f"{window} AND user_id:[* TO auth0|8}}", include_totals="true").json["total"]
        rest = client.search(f"{window} AND user_id:[auth0|8 TO *]", include_totals="true").json["total"]
        assert 1500 == half + rest
        assert 0 not in (half, rest)


def test_fields_of_users_can_be_included_and_excluded(client):
    assert {"user_id", "email"} >= set(client.get("/users", fields="user_id,email", per_page=1).json[0])
    row = client.get("/users", fields="identities,picture", include_fields="false", per_page=1).json[0]
    assert {"identities", "picture"}.isdisjoint(row)
    assert "user_id" in row


def test_a_row_is_as_large_as_a_real_one(client):
    sizes = [len(str(row)) for row in client.get("/users", per_page=100).json]
    assert 900 < sum(sizes) / len(sizes) < 1600


def test_users_by_email_are_as_they_are_now(connect):
    with Simulator(users=50, index_lag=600) as sim:
        client = connect(sim)

        def by_email(email, **query):
            return client.get("/users-by-email", email=email, **query).json

        user = next(row for row in client.get("/users", per_page=50).json if "email" in row)
        assert ([user], []) == (by_email(user["email"]), by_email(user["email"].upper()))
        sim.tenant.login(user["user_id"])
        assert [sim.tenant.users.get(user["user_id"])["last_login"]] == [
            row["last_login"] for row in by_email(user["email"])
        ]
        new = sim.tenant.create_user(email=user["email"])
        assert [user["user_id"], new] == [row["user_id"] for row in by_email(user["email"])]
        assert [{"user_id": user["user_id"]}, {"user_id": new}] == by_email(user["email"], fields="user_id")
        sim.tenant.update_user(user["user_id"], email="moved@example.com")
        sim.tenant.delete_user(new)
        assert [] == by_email(user["email"]) == by_email("nobody@example.com") == by_email("x.ffffffff@example.com")
        assert [user["user_id"]] == [row["user_id"] for row in by_email("moved@example.com")]
        assert 400 == client.get("/users-by-email").status
