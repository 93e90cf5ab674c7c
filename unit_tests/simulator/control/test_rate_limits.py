"""Rate limits: buckets, headers, refill."""

import pytest

from auth0_simulator import Simulator


@pytest.fixture
def limited(connect):
    """Makes a client of a tenant on a plan, with a frozen clock."""
    running = []

    def start(plan):
        simulator = Simulator(users=20, plan=plan).__enter__()
        running.append(simulator)
        simulator.clock.freeze()
        return connect(simulator)

    yield start
    for simulator in running:
        simulator.__exit__(None, None, None)


def statuses(client, path, count):
    return [client.get(path).status for _ in range(count)]


def test_without_limits_there_are_no_headers(client):
    assert not any(name.startswith("x-ratelimit") for name in client.get("/roles").headers)


def test_the_tenant_s_bucket_is_counted_first(limited):
    client = limited("free")
    assert [200, 200, 429] == [client.get(path).status for path in ("/roles", "/users", "/clients")]
    expected = {
        "statusCode": 429,
        "error": "Too Many Requests",
        "message": "Global limit has been reached",
        "errorCode": "too_many_requests",
    }
    assert expected == client.get("/roles").json
    assert "retry-after" not in client.get("/roles").headers


def test_headers_say_when_one_more_request_is_allowed(limited):
    client = limited("enterprise")
    now = int(client.simulator.clock.epoch())
    headers = client.get("/roles").headers
    assert ("50", "49") == (headers["x-ratelimit-limit"], headers["x-ratelimit-remaining"])
    assert now < int(headers["x-ratelimit-reset"]) <= now + 2
    statuses(client, "/roles", 49)
    refused = client.get("/roles")
    assert (429, "0") == (refused.status, refused.headers["x-ratelimit-remaining"])
    client.simulator.clock.advance(1)
    assert [200] * 16 + [429] == statuses(client, "/roles", 17)


def test_an_endpoint_has_a_bucket_of_its_own(limited):
    client = limited("enterprise")
    assert [200] * 10 + [429] == statuses(client, "/organizations", 11)
    assert "Endpoint limit has been reached" == client.get("/organizations").json["message"]
    assert 200 == client.get("/roles").status


def test_self_service_endpoints_share_what_has_no_bucket_of_its_own(limited):
    client = limited("self_service")
    assert [200] * 5 == statuses(client, "/roles", 5)
    assert [200] * 5 + [429] == statuses(client, "/log-streams", 6)
    assert 429 == client.get("/roles").status
    assert [200] * 5 + [429] == statuses(client, "/connections", 6)
    assert [200] * 40 + [429] == statuses(client, "/users", 41)


def test_limits_per_minute_are_refilled_by_whole_seconds(limited):
    client = limited("self_service")
    clock = client.simulator.clock
    statuses(client, "/connections", 5)
    clock.advance(1)
    assert 429 == client.get("/connections").status
    clock.advance(1)
    assert [200, 429] == statuses(client, "/connections", 2)


def test_a_refused_request_is_allowed_at_the_reset(limited):
    client = limited("enterprise_non_production")
    statuses(client, "/roles", 10)
    refused = client.get("/roles")
    clock = client.simulator.clock
    clock.advance(int(refused.headers["x-ratelimit-reset"]) - clock.epoch())
    assert 200 == client.get("/roles").status


def test_the_token_endpoint_has_its_own_bucket(limited):
    client = limited("free")
    assert [200] * 30 + [429] == [client.request_token().status for _ in range(31)]
    assert 200 == client.get("/roles").status


def test_a_plan_is_named_and_can_change(client, sim):
    sim.plan = "free"
    assert "2" == client.get("/roles").headers["x-ratelimit-limit"]
    with pytest.raises(ValueError, match="known are unlimited, free"):
        sim.plan = "gold"
    sim.plan = "unlimited"
