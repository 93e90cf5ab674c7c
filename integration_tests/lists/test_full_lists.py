"""Device credentials and grants of which Auth0 shows at most 1,000 in one list."""

from typing import Any

import pytest

from auth0_simulator import Simulator

CREDENTIALS, GRANTS = "device_credentials", "user_grants"


def fill(sim: Simulator, applications: int, count: int, *, full: int = 0) -> None:
    """So many rotating refresh tokens and grants over so many applications, and more of the first one."""
    clients = [row["client_id"] for row in sim.tenant.clients][:applications]
    assert len(clients) == applications
    users = list(sim.tenant.users)
    owners = [clients[number % applications] for number in range(count)] + clients[:1] * full
    for number, owner in enumerate(owners):
        user_id = users[number % len(users)]
        token = {"id": f"dcr_x{number}", "type": "rotating_refresh_token", "user_id": user_id, "client_id": owner}
        sim.tenant.device_credentials.append({**token, "device_name": "", "device_id": ""})
        grant = {"id": f"grant{number}", "clientID": owner, "user_id": user_id, "audience": "a", "scope": []}
        sim.tenant.user_grants.append(grant)


def empty(sim: Simulator) -> None:
    sim.tenant.device_credentials.clear()
    sim.tenant.user_grants.clear()


def keys(rows: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    return sorted((row["id"], row["user_id"], row.get("client_id") or row.get("clientID")) for row in rows)


@pytest.fixture(params=["refused", "cut"])
def cap(request, sim: Simulator) -> str:
    """What Auth0 does beyond 1,000 rows, which is not established."""
    sim.settings.release.full_credentials, sim.settings.release.grant_page_cap = request.param, 1000
    return str(request.param)


@pytest.mark.usefixtures("cap")
def test_1650_rows_of_20_applications_all_arrive(sim, read, requests):
    empty(sim)
    fill(sim, 20, 1650)
    done = read(CREDENTIALS, GRANTS)
    assert (0, 1650) == (done.code, len(done.records[CREDENTIALS]))
    assert keys(sim.tenant.device_credentials) == keys(done.records[CREDENTIALS])
    assert keys(sim.tenant.user_grants) == keys(done.records[GRANTS])
    # Of each type one, and of the full one another for each application that `clients` lists.
    assert 3 + len(sim.tenant.clients) == requests()["/device-credentials"]


def test_grants_that_page_on_beyond_a_thousand_cost_no_request_more(sim, read, requests):
    empty(sim)
    fill(sim, 20, 1650)
    done = read(GRANTS)
    assert keys(sim.tenant.user_grants) == keys(done.records[GRANTS])
    assert {"/grants": 17, "/oauth/token": 1} == dict(requests())


@pytest.mark.usefixtures("cap")
def test_a_full_application_fails_by_name_unless_read_by_user(sim, read):
    empty(sim)
    fill(sim, 5, 50, full=1000)
    done = read(CREDENTIALS, GRANTS)
    assert 1 == done.code
    first = sim.tenant.clients[0]["client_id"]
    for name in (CREDENTIALS, GRANTS):
        assert f"`{name}` has 1,000 rows or more of the application {first}" in done.stream_errors[name]
        assert "device_credentials_by_user" in done.stream_errors[name]
    assert "user_refresh_tokens" in done.stream_errors[CREDENTIALS]
    done = read(CREDENTIALS, GRANTS, device_credentials_by_user=True)
    assert (0, 1050, 1050) == (done.code, *(len(done.records[name]) for name in (CREDENTIALS, GRANTS)))
    assert keys(sim.tenant.device_credentials) == keys(done.records[CREDENTIALS])
    assert keys(sim.tenant.user_grants) == keys(done.records[GRANTS])
    limited = read(CREDENTIALS, device_credentials_by_user=True, start_date="2020-01-01T00:00:00Z")
    assert "cannot be read for each user while Start Date" in limited.stream_errors[CREDENTIALS]


def test_rows_of_an_application_that_is_not_listed_are_an_error_by_name(sim, read):
    empty(sim)
    fill(sim, 20, 1650)
    sim.tenant.device_credentials[-1]["client_id"] = "gone"
    done = read(CREDENTIALS)
    assert "Auth0 counted 1650 rows of `device_credentials` and sent 1649" in done.stream_errors[CREDENTIALS]


@pytest.mark.usefixtures("cap")
def test_a_row_whose_application_is_no_text_is_kept_where_users_are_asked(sim, read):
    empty(sim)
    fill(sim, 5, 50, full=1000)
    sim.tenant.device_credentials[-1]["client_id"] = ["x"]
    done = read(CREDENTIALS, device_credentials_by_user=True)
    assert (0, {}) == (done.code, done.stream_errors)
    found = {row["id"]: row["client_id"] for row in done.records[CREDENTIALS]}
    assert {row["id"]: row["client_id"] for row in sim.tenant.device_credentials} == found


def test_a_tenant_below_the_limit_costs_no_request_more(sim, read, requests):
    done = read(CREDENTIALS, GRANTS)
    assert keys(sim.tenant.device_credentials) == keys(done.records[CREDENTIALS])
    assert keys(sim.tenant.user_grants) == keys(done.records[GRANTS])
    assert {"/device-credentials": 5, "/grants": 3, "/oauth/token": 1} == dict(requests())
