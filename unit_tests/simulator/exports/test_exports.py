"""Jobs that export users: created, polled, rejected."""

import time
from urllib.parse import parse_qs, urlsplit

import pytest

from auth0_simulator import Fault, Simulator
from auth0_simulator.state.identities import DATABASE

FIELDS = [{"name": "user_id"}, {"name": "email"}]


def envelope(status, error, message, code=None):
    body = {"statusCode": status, "error": error, "message": message}
    return body if code is None else {**body, "errorCode": code}


def payload_error(problem):
    return envelope(400, "Bad Request", f"Payload validation error: {problem}.", "invalid_body")


def test_a_job_is_answered_as_pending(client, sim):
    connection = sim.tenant.connections[0]
    request = {"connection_id": connection["id"], "format": "json", "limit": 5, "fields": FIELDS}
    sim.clock.freeze()
    job = client.post("/jobs/users-exports", request)
    assert 200 == job.status
    assert {
        **request,
        "type": "users_export",
        "status": "pending",
        "connection": DATABASE,
        "created_at": sim.clock.now().isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "id": job.json["id"],
    } == job.json
    assert job.json["id"].startswith("job_")
    assert 20 == len(job.json["id"])


def test_a_job_of_the_whole_tenant_names_no_connection(client):
    job = client.post("/jobs/users-exports", {}).json
    assert (None, "json") == (job["connection"], job["format"])
    assert {"connection_id", "fields", "limit", "location"}.isdisjoint(job)


def test_a_job_goes_on_by_the_tenant_s_clock(client, sim):
    sim.clock.freeze()
    sim.exports.seconds = 400
    path = "/jobs/" + client.post("/jobs/users-exports", {"fields": FIELDS}).json["id"]
    assert ("pending", False) == ((job := client.get(path).json)["status"], "percentage_done" in job)
    sim.clock.advance(300)
    job = client.get(path).json
    assert ("processing", 75, 100) == (job["status"], job["percentage_done"], job["time_left_seconds"])
    assert "location" not in job
    sim.clock.advance(100)
    job = client.get(path).json
    assert ("completed", 100, 0) == (job["status"], job["percentage_done"], job["time_left_seconds"])
    assert FIELDS == job["fields"]
    sim.exports.seconds = 0.2


def test_a_job_goes_on_by_real_time(client, sim):
    sim.clock.freeze()
    path = "/jobs/" + client.post("/jobs/users-exports", {}).json["id"]
    assert "pending" == client.get(path).json["status"]
    time.sleep(0.21)
    assert "completed" == client.get(path).json["status"]


def test_each_poll_of_a_completed_job_gives_another_link_for_a_minute(client, sim):
    sim.clock.freeze()
    path = "/jobs/" + client.post("/jobs/users-exports", {}).json["id"]
    sim.clock.advance(1)
    links = [urlsplit(client.get(path).json["location"]) for _ in range(2)]
    assert links[0] != links[1]
    for link in links:
        assert f"{link.scheme}://{link.netloc}" == sim.download_url != sim.base_url
        assert f"/{path.rpartition('/')[2]}/demo-tenant.json.gz" == link.path
        query = parse_qs(link.query)
        assert {"Expires", "Key-Pair-Id", "Signature"} == set(query)
        assert 59 < int(query["Expires"][0]) - sim.clock.epoch() <= 61


def test_a_job_is_gone_after_a_day(client, sim):
    client.token = sim.mint_token(lifetime=90_000)
    sim.clock.freeze()
    path = "/jobs/" + client.post("/jobs/users-exports", {}).json["id"]
    sim.clock.advance(86_399)
    assert "completed" == client.get(path).json["status"]
    sim.clock.advance(1)
    expected = envelope(404, "Not Found", "The job does not exist.", "inexistent_job")
    assert expected == client.get(path).json == client.get("/jobs/job_0000000000000001").json
    client.post("/jobs/users-exports", {})
    assert 1 == len(sim.exports.jobs)


LIMIT = "limit (Limit the number of records.)"


@pytest.mark.parametrize(
    ("body", "problem", "where"),
    [
        ({"users": 1}, "Additional properties not allowed: users", None),
        (
            {"connection_id": "con_1"},
            "String does not match pattern ^con_[A-Za-z0-9]{16}$: con_1",
            "connection_id (connection_id of the connection from which users will be exported.)",
        ),
        ({"format": "xml"}, "No enum match for: xml", "format (Format of the file. Must be `json` or `csv`.)"),
        ({"limit": 0}, "Value 0 is less than minimum 1", LIMIT),
        ({"limit": "5"}, "Expected type integer but found type string", LIMIT),
        ({"limit": True}, "Expected type integer but found type boolean", LIMIT),
        (
            {"fields": [{"name": "x" * 101}]},
            "String is too long (101 chars), maximum 100",
            "fields[0].name (Name of the field in the profile.)",
        ),
        (
            {"fields": [{"name": "email", "export_as": None}]},
            "Expected type string but found type null",
            "fields[0].export_as (Title of the column in the exported CSV.)",
        ),
        ([], "Expected type object but found type array", None),
    ],
)
def test_a_body_that_auth0_does_not_take_is_refused(client, body, problem, where):
    answer = client.post("/jobs/users-exports", body)
    expected = payload_error(f"'{problem}'" + (f" on property {where}" if where else ""))
    assert (400, expected) == (answer.status, answer.json)


@pytest.mark.parametrize("fields", [{}, ["email"], [[{"name": "email"}]], [{}], [{"name": "email", "as": "mail"}]])
def test_fields_are_a_list_of_objects_with_a_name(client, fields):
    answer = client.post("/jobs/users-exports", {"fields": fields})
    assert (400, "invalid_body") == (answer.status, answer.json["errorCode"])


def test_a_body_is_json(client, sim):
    headers = {"authorization": f"Bearer {client.token}", "content-type": "application/json"}
    url = f"{sim.base_url}/api/v2/jobs/users-exports"
    assert "Invalid request payload JSON format" == client.call("POST", url, b"{", headers).json["message"]
    assert payload_error("'Expected type object but found type null'") == client.call("POST", url, b"", headers).json
    assert 415 == client.call("POST", url, b"limit=5", {**headers, "content-type": "text/plain"}).status


def test_an_unknown_connection_is_refused(client):
    answer = client.post("/jobs/users-exports", {"connection_id": "con_" + "0" * 16})
    expected = envelope(400, "Bad Request", "The connection does not exist.", "inexistent_connection")
    assert expected == answer.json


def test_csv_is_refused_as_a_limit_of_the_simulator(client):
    answer = client.post("/jobs/users-exports", {"format": "csv"})
    assert (400, True) == (answer.status, "simulator" in answer.json["message"])


def test_scopes_of_jobs(client, sim):
    job = client.post("/jobs/users-exports", {}).json["id"]
    assert "create:users" not in sim.scopes
    client.token = sim.mint_token(["create:users"])
    assert 200 == client.get(f"/jobs/{job}").status
    refused = client.post("/jobs/users-exports", {})
    assert "Insufficient scope, expected any of: read:users" == refused.json["message"]
    client.token = sim.mint_token(["read:roles"])
    refused = client.get(f"/jobs/{job}")
    assert "Insufficient scope, expected any of: create:users, read:users" == refused.json["message"]


def test_methods_of_jobs(client, sim):
    job = client.post("/jobs/users-exports", {}).json["id"]
    assert 405 == client.get("/jobs/users-exports").status
    assert 405 == client.post(f"/jobs/{job}", {}).status
    assert 404 == client.get("/jobs").status
    assert 400 == client.post("/jobs/users-exports?limit=5", {}).status


def test_a_third_active_job_is_refused(client, sim):
    first, second = (client.post("/jobs/users-exports", {}).json["id"] for _ in range(2))
    refused = client.post("/jobs/users-exports", {})
    message = "There are 2 active export users jobs, please wait until some of them are finished and try again"
    assert envelope(429, "Too Many Requests", message) == refused.json
    assert "x-ratelimit-remaining" not in refused.headers
    sim.clock.advance(1)
    assert 200 == client.post("/jobs/users-exports", {}).status
    assert {"completed"} == {client.get(f"/jobs/{job}").json["status"] for job in (first, second)}


def test_the_outcome_of_a_job_can_be_a_failure(client, sim):
    sim.exports.next_outcomes = ["failed", "completed"]
    failed, completed = (client.post("/jobs/users-exports", {}).json["id"] for _ in range(2))
    sim.clock.advance(1)
    job = client.get(f"/jobs/{failed}").json
    assert ("failed", True) == (job["status"], job["status_details"].startswith("The export failed"))
    assert {"failed", "updated", "inserted", "total"} == set(job["summary"])
    assert "location" not in job
    assert "completed" == client.get(f"/jobs/{completed}").json["status"]


@pytest.mark.parametrize("outcome", ["pending", "processing"])
def test_a_job_can_be_made_to_hang_until_it_times_out(client, sim, outcome):
    sim.exports.next_outcomes = [outcome]
    path = "/jobs/" + client.post("/jobs/users-exports", {}).json["id"]
    sim.clock.advance(8 * 3600 - 60)
    assert outcome == client.get(path).json["status"]
    sim.clock.advance(60)
    assert "failed" == client.get(path).json["status"]


def test_a_status_may_be_an_undocumented_one(client, sim):
    sim.exports.next_outcomes = ["expired"]
    path = "/jobs/" + client.post("/jobs/users-exports", {}).json["id"]
    sim.clock.advance(1)
    assert "expired" == client.get(path).json["status"]


def test_an_outcome_that_is_not_known_is_refused_with_those_that_are(sim):
    with pytest.raises(ValueError, match="known are completed, failed, pending, processing"):
        sim.exports.outcome = "done"


def test_the_journal_shows_what_was_asked_for(client, sim):
    body = {"fields": FIELDS, "format": "json"}
    path = "/jobs/" + client.post("/jobs/users-exports", body).json["id"]
    client.get(path)
    created, polled = sim.journal
    assert ("POST", "/jobs/users-exports", body) == (created.method, created.template, created.body)
    assert ("GET", "/jobs/{id}", path) == (polled.method, polled.template, polled.path.removeprefix("/api/v2"))


def test_faults_and_rate_limits_apply_to_jobs_too(client, sim, connect):
    sim.faults.add(Fault("status", "/jobs/users-exports", status=503), Fault("status", "/jobs/{id}", status=500))
    assert 503 == client.post("/jobs/users-exports", {}).status
    path = "/jobs/" + client.post("/jobs/users-exports", {}).json["id"]
    assert [500, 200] == [client.get(path).status for _ in range(2)]
    with Simulator(users=5, plan="free") as small:
        free = connect(small)
        assert [200, 200, 429] == [free.post("/jobs/users-exports", {}).status for _ in range(3)]


def test_exports_are_controlled_over_http(client, sim):
    settings = {"seconds": 0, "link_seconds": 5, "outcome": "failed", "max_active": None}
    changed = client.control("PATCH", "/settings", {"exports": settings, "user_id_ranges": False}).json
    assert (settings, False) == (changed["exports"], changed["user_id_ranges"])
    path = "/jobs/" + client.post("/jobs/users-exports", {}).json["id"]
    assert "failed" == client.get(path).json["status"]
    for wrong in ({"speed": 1}, {"outcome": "done"}):
        assert 400 == client.control("PATCH", "/settings", {"exports": wrong}).status
    restored = {"seconds": 0.2, "link_seconds": 60, "outcome": "completed", "max_active": 2}
    client.control("PATCH", "/settings", {"exports": restored, "user_id_ranges": True})
