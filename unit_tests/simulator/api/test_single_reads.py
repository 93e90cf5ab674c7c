"""Single reads: a row by its id is the row of its list, and an unknown id is not found."""

import pytest

from auth0_simulator import Simulator
from auth0_simulator.routes.registry import ROUTES
from auth0_simulator.routes.single_reads import KEYS, NAMED
from auth0_simulator.state.resources import key_column

UNKNOWN = "nothing-has-this-id"


@pytest.fixture(scope="module")
def sim():
    with Simulator(users=12) as simulator:
        yield simulator


def parents(sim, route):
    """Ids in the path of a list that has rows."""
    found = [()]
    for parent in route.parents:
        ids = (
            list(sim.tenant.users)
            if parent == "users"
            else [row[key_column(parent)] for row in sim.tenant.rows(parent)]
        )
        found = [(*above, one) for above in found for one in ids]
    return found


def filled(path, values):
    for value in values:
        start, end = path.index("{"), path.index("}")
        path = path[:start] + value + path[end + 1 :]
    return path


@pytest.mark.parametrize(
    ("source", "path", "key"), [*NAMED, *((path, f"{path}/{{id}}", key) for path, key in KEYS.items())]
)
def test_a_row_is_read_by_its_id_as_its_list_has_it(sim, client, source, path, key):
    route = next(route for route in ROUTES if route.path == source)
    for above in parents(sim, route):
        body = client.get(filled(source, above).replace("|", "%7C")).json
        rows = body if isinstance(body, list) else body.get(route.wrapper, [body]) if route.wrapper else [body]
        rows = [row for row in rows if key in row]
        if not rows:
            continue
        single = client.get(filled(path, (*above, rows[-1][key])).replace("|", "%7C"))
        assert (200, rows[-1]) == (single.status, single.json)
        assert 404 == client.get(filled(path, (*above, UNKNOWN)).replace("|", "%7C")).status
        return
    pytest.fail("no list has a row")


def test_what_belongs_to_a_user_is_found_by_its_own_id(sim, client):
    user_id = next(iter(sim.tenant.users))
    for collection, path in (("user_sessions", "sessions"), ("user_refresh_tokens", "refresh-tokens")):
        row = sim.tenant.uncached_rows(collection, user_id)[-1]
        assert row == client.get(f"/{path}/{row['id']}").json
        assert 404 == client.get(f"/{path}/{UNKNOWN}").status
    enrollment = sim.tenant.uncached_rows("user_enrollments", user_id)[0]
    assert enrollment["phone_number"] == client.get(f"/guardian/enrollments/{enrollment['id']}").json["phone_number"]


def test_the_refresh_tokens_of_a_user_are_listed_beside_the_users_path(sim, client):
    user_id = next(iter(sim.tenant.users))
    pages = client.pages("/refresh-tokens", "refresh_tokens", user_id=user_id)
    assert sim.tenant.uncached_rows("user_refresh_tokens", user_id) == [row for page in pages for row in page]
    assert 404 == client.get("/refresh-tokens", user_id="auth0|nobody").status
    assert 400 == client.get("/refresh-tokens").status


def test_blocks_are_found_by_email_address(sim, client):
    user = next(user for user in map(sim.tenant.users.get, sim.tenant.users) if user.get("email"))
    blocks = client.get(f"/user-blocks/{user['user_id'].replace('|', '%7C')}").json
    assert blocks == client.get("/user-blocks", identifier=user["email"]).json
    assert {"blocked_for": []} == client.get("/user-blocks", identifier="nobody@example.com").json
    assert 404 == client.get("/anomaly/blocks/ips/192.0.2.1").status


def test_the_log_of_a_user_has_that_users_events_alone(sim, client):
    user_id = next(iter(sim.tenant.users))
    sim.tenant.login(user_id)
    events = client.get(f"/users/{user_id.replace('|', '%7C')}/logs").json
    assert events
    assert {user_id} == {event["user_id"] for event in events}


def test_settings_of_rules_and_secrets_of_hooks_come_without_values(sim, client):
    assert [{"key": "API_KEY"}, {"key": "WEBHOOK_URL"}] == client.get("/rules-configs").json
    assert {"API_KEY": "_VALUE_NOT_SHOWN_"} == client.get(f"/hooks/{sim.tenant.hooks[0]['id']}/secrets").json


def test_a_screen_has_its_rendering(sim, client):
    row = sim.tenant.prompt_renderings[0]
    assert row == client.get(f"/prompts/{row['prompt']}/screen/{row['screen']}/rendering").json
    assert 404 == client.get(f"/prompts/{row['prompt']}/screen/{UNKNOWN}/rendering").status


def test_an_export_has_no_errors(client):
    job = client.post("/jobs/users-exports", {"format": "json"}).json["id"]
    assert (204, b"") == ((answer := client.get(f"/jobs/{job}/errors")).status, answer.body)
    assert 404 == client.get(f"/jobs/{UNKNOWN}/errors").status
