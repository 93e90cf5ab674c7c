"""The file of an export: its lines, its signed link, and faults of its download."""

import asyncio
import gzip
import http.client
import json
import threading
import time
import zlib

import pytest

from auth0_simulator import Fault, Simulator
from auth0_simulator.exports.downloads import DOWNLOAD_TEMPLATE
from auth0_simulator.state.identities import CONNECTION_NAMES, SEEDED_CONNECTIONS
from auth0_simulator.wire.chunked_response import ChunkedResponseWriter
from auth0_simulator.wire.messages import HttpResponse

IDS = [{"name": "user_id"}]


@pytest.fixture
def link(client, sim):
    """Creates a job, waits until it is completed, and returns its link."""

    def make(**request):
        job = client.post("/jobs/users-exports", request)
        assert 200 == job.status, job.body
        sim.clock.advance(1)
        return client.get(f"/jobs/{job.json['id']}").json["location"]

    return make


@pytest.fixture
def rows(client, link):
    """The lines of an export."""

    def read(**request):
        answer = client.call("GET", link(**request))
        assert (200, "application/gzip") == (answer.status, answer.headers["content-type"])
        assert "content-encoding" not in answer.headers
        return [json.loads(line) for line in gzip.decompress(answer.body).splitlines()]

    return read


def test_every_user_is_a_line_with_the_requested_fields(rows, sim):
    names = ("user_id", "email", "app_metadata", "user_metadata", "identities", "multifactor", "picture", "department")
    lines = rows(fields=[{"name": name} for name in names])
    assert 2500 == len(lines)
    users = {user_id: sim.tenant.users.get(user_id) for user_id in sim.tenant.users}
    for line in lines:
        user = users.pop(line["user_id"])
        assert {name: user[name] for name in names if name in user} == line
    assert {} == users


def test_the_users_come_in_no_order(rows):
    lines = rows(fields=[{"name": "user_id"}, {"name": "created_at"}])
    for key in ("user_id", "created_at"):
        column = [line[key] for line in lines]
        assert sorted(column) not in (column, column[::-1])


def test_names_are_paths_and_can_be_renamed(rows, sim):
    claim = "http://schemas.globex.example/claims/costcenter"
    names = ["user_id", "identities[0].connection", "user_metadata.address.city", "identities[7].provider", claim]
    fields = [{"name": name} for name in names] + [{"name": "email", "export_as": "mail"}]
    lines = {line["user_id"]: line for line in rows(fields=fields)}
    user = next(sim.tenant.users.get(user_id) for user_id in lines if claim in sim.tenant.users.get(user_id))
    assert {
        "user_id": user["user_id"],
        "identities[0].connection": user["identities"][0]["connection"],
        "user_metadata.address.city": user["user_metadata"]["address"]["city"],
        claim: user[claim],
        "mail": user["email"],
    } == lines[user["user_id"]]


def test_what_cannot_be_exported_is_left_out(rows, sim):
    first = next(iter(sim.tenant.users))
    sim.tenant.update_user(first, blocked_for=[{"identifier": "x"}], guardian_authenticators=[1], tenant="demo-tenant")
    names = ("user_id", "blocked_for", "guardian_authenticators", "tenant", "blocked_for.identifier", "nope", ".", "")
    assert {("user_id",)} == {tuple(line) for line in rows(fields=[{"name": name} for name in names])}


def test_without_fields_the_profile_is_exported_and_no_metadata(rows):
    lines = rows(limit=50)
    assert all("user_id" in line and "created_at" in line for line in lines)
    assert all({"app_metadata", "user_metadata", "identities"}.isdisjoint(line) for line in lines)


def test_tokens_of_identity_providers_are_exported_where_the_scope_opens_them(rows, client, sim):
    fields = [{"name": "identities"}, {"name": "identities[0].access_token", "export_as": "token"}]
    assert "SECRET-" in json.dumps(rows(fields=fields))
    client.token = sim.mint_token(["read:users"])
    assert "SECRET-" not in json.dumps(rows(fields=fields))


def test_an_export_can_be_of_one_connection_and_of_so_many_users(rows, sim):
    counts = {}
    for connection in sim.tenant.connections[: len(SEEDED_CONNECTIONS) + 1]:
        lines = rows(connection_id=connection["id"], fields=[{"name": "identities"}])
        assert {connection["name"]} >= {line["identities"][0]["connection"] for line in lines}
        counts[connection["name"]] = len(lines)
    assert (2500, set(CONNECTION_NAMES)) == (sum(counts.values()), {name for name, count in counts.items() if count})
    smallest = sim.tenant.connections[2]
    assert 7 == len(rows(connection_id=smallest["id"], limit=7, fields=IDS))
    assert 2500 == len(rows(limit=9999, fields=IDS))


def test_an_export_shows_the_users_as_they_were_when_it_was_asked_for(client, sim):
    gone, changed, stays = (sim.tenant.create_user(nickname="old") for _ in range(3))
    early = next(iter(sim.tenant.users))
    sim.tenant.delete_user(early)
    job = client.post("/jobs/users-exports", {"fields": [*IDS, {"name": "nickname"}]}).json["id"]
    sim.tenant.delete_user(gone)
    sim.tenant.update_user(changed, nickname="new")
    late = sim.tenant.create_user()
    sim.clock.advance(1)
    body = client.call("GET", client.get(f"/jobs/{job}").json["location"]).body
    lines = {row["user_id"]: row["nickname"] for row in map(json.loads, gzip.decompress(body).splitlines())}
    assert 2502 == len(lines)
    assert ("old", "old", "old") == (lines[gone], lines[changed], lines[stays])
    assert {early, late}.isdisjoint(lines)


@pytest.mark.parametrize("users", [0, 1, 2, 63, 64, 65, 128])
def test_an_export_of_any_size_is_complete(connect, users):
    with Simulator(users=users, export_seconds=0) as sim:
        client = connect(sim)
        job = client.post("/jobs/users-exports", {"fields": IDS}).json["id"]
        body = client.call("GET", client.get(f"/jobs/{job}").json["location"]).body
        assert set(sim.tenant.users) == {json.loads(line)["user_id"] for line in gzip.decompress(body).splitlines()}


def test_a_request_with_an_authorization_header_is_refused_and_counted(client, sim, link):
    url = link(fields=IDS)
    refused = client.call("GET", url, headers={"authorization": f"Bearer {client.token}"})
    assert (400, "application/xml") == (refused.status, refused.headers["content-type"])
    assert b"<Code>InvalidArgument</Code>" in refused.body
    assert (200, 1) == (client.call("GET", url).status, sim.exports.authorized_downloads)


def test_a_link_ends_after_a_minute_and_another_one_opens(client, sim, link):
    sim.clock.freeze()
    url = link(fields=IDS)
    sim.clock.advance(59)
    assert 200 == client.call("GET", url).status
    sim.clock.advance(2)
    expired = client.call("GET", url)
    assert (403, True) == (expired.status, b"<Code>AccessDenied</Code>" in expired.body)
    again = client.get(f"/jobs/{sim.exports.jobs[0].id}").json["location"]
    assert 200 == client.call("GET", again).status


def test_a_link_opens_only_as_it_was_signed(client, sim, link):
    url = link(fields=IDS)
    statuses = [
        client.call("GET", wrong).status
        for wrong in (
            url[:-1] + ("0" if url[-1] != "0" else "1"),
            url.replace("Expires=", "Expires=9"),
            url.replace("/job_", "/job_x"),
            url.partition("?")[0],
            f"{sim.download_url}/",
            f"{sim.download_url}/users?Expires=x&Key-Pair-Id=y&Signature=z",
        )
    ]
    assert [403] * 6 == statuses
    assert 405 == client.call("POST", url, {}).status
    assert b"<Code>MissingKey</Code>" in client.call("GET", url.replace("&Key-Pair-Id", "&Key")).body


def test_the_journal_shows_downloads(client, sim, link):
    client.call("GET", link(fields=IDS))
    entry = sim.journal[-1]
    assert ("GET", DOWNLOAD_TEMPLATE, 200) == (entry.method, entry.template, entry.status)
    assert "Signature" in entry.query
    assert "date" in client.call("GET", link(fields=IDS)).headers


def test_a_connection_is_kept_for_the_next_download(sim, link):
    url = link(fields=IDS)
    connection = http.client.HTTPConnection(sim.download_url.removeprefix("http://"), timeout=5)
    for _ in range(2):
        connection.request("GET", url.removeprefix(sim.download_url))
        assert 2500 == len(gzip.decompress(connection.getresponse().read()).splitlines())
    connection.close()


def test_a_connection_may_be_reset_after_the_file(client, sim, link):
    url = link(fields=IDS)
    sim.faults.add(Fault("reset_after", DOWNLOAD_TEMPLATE))
    assert 2500 == len(gzip.decompress(client.call("GET", url).body).splitlines())


def test_a_download_breaks_off(client, sim, link):
    sim.faults.add(Fault("reset_during", DOWNLOAD_TEMPLATE))
    url = link(fields=IDS)
    with pytest.raises(http.client.IncompleteRead) as broken:
        client.call("GET", url)
    assert 0 < len(broken.value.partial)
    assert 200 == client.call("GET", url).status


def test_a_download_ends_early_amid_the_gzip(client, sim, link):
    sim.faults.add(Fault("truncated_gzip", DOWNLOAD_TEMPLATE))
    body = client.call("GET", link(fields=IDS)).body
    reader = zlib.decompressobj(31)
    assert 1000 < reader.decompress(body).count(b"\n") < 1500
    assert not reader.eof


def test_a_download_ends_early_amid_a_line(client, sim, link):
    sim.faults.add(Fault("truncated_json", DOWNLOAD_TEMPLATE))
    text = gzip.decompress(client.call("GET", link(fields=IDS)).body)
    assert 1000 < text.count(b"\n") < 1500
    assert not text.endswith(b"\n")


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (Fault("status", DOWNLOAD_TEMPLATE, status=403), (403, b"<Code>AccessDenied</Code>")),
        (Fault("status", DOWNLOAD_TEMPLATE, status=503), (503, b"<Code>SlowDown</Code>")),
        (Fault("html", DOWNLOAD_TEMPLATE), (200, b"<!DOCTYPE html>")),
        (Fault("empty", DOWNLOAD_TEMPLATE), (200, b"")),
        (Fault("redirect", DOWNLOAD_TEMPLATE, to="http://127.0.0.1:1/"), (302, b"")),
        (Fault("vanish_parent", DOWNLOAD_TEMPLATE), (404, b"Not Found")),
    ],
    ids=lambda value: value.kind if isinstance(value, Fault) else "",
)
def test_a_download_fails(client, sim, link, fault, expected):
    sim.faults.add(fault)
    url = link(fields=IDS)
    answer = client.call("GET", url)
    assert (expected[0], True) == (answer.status, expected[1] in answer.body)
    assert 200 == client.call("GET", url).status


def test_a_download_is_slow(client, sim, link):
    sim.faults.add(Fault("slow", DOWNLOAD_TEMPLATE, seconds=0.005))
    start = time.monotonic()
    assert 2500 == len(gzip.decompress(client.call("GET", link(fields=IDS)).body).splitlines())
    assert time.monotonic() - start > 0.15


def test_others_are_served_during_a_download(connect):
    with Simulator(users=40_000, export_seconds=0) as sim:
        client = connect(sim)
        job = client.post("/jobs/users-exports", {"fields": [{"name": "app_metadata"}]}).json["id"]
        url = client.get(f"/jobs/{job}").json["location"]
        finished = threading.Event()
        bodies = []
        thread = threading.Thread(target=lambda: (bodies.append(client.call("GET", url).body), finished.set()))
        began = time.monotonic()
        thread.start()
        waits = []
        while not finished.is_set():
            start = time.monotonic()
            client.get("/roles")
            waits.append(time.monotonic() - start)
        took = time.monotonic() - began
        thread.join()
        assert 40_000 == len(gzip.decompress(bodies[0]).splitlines())
        assert len(waits) > 10
        # As a part of the download, which takes as much longer where the machine has other work: 1 % on any.
        assert sorted(waits)[len(waits) // 2] < took / 30


class FakeTransport:
    """A fake of asyncio.Transport that records what is written."""

    def __init__(self):
        self.sent = []
        self.closed = False

    def write(self, data):
        self.sent.append(data)

    def is_closing(self):
        return self.closed

    def close(self):
        self.closed = True


def test_no_chunk_is_produced_while_the_client_does_not_read():
    async def send():
        transport, finished = FakeTransport(), []
        response = HttpResponse(200, b"", stream=lambda _share, **_: iter([b"one", b"", b"two"]))
        writer = ChunkedResponseWriter(transport, response, lambda: finished.append(True), keep_alive=True)
        writer.pause()
        for _ in range(9):
            await asyncio.sleep(0)
        before = list(transport.sent[1:])
        writer.resume()
        writer.resume()
        for _ in range(9):
            await asyncio.sleep(0)
        return before, transport.sent[1:], finished

    chunks = [b"3\r\none\r\n", b"3\r\ntwo\r\n", b"0\r\n\r\n"]
    assert (chunks[:1], chunks, [True]) == asyncio.run(send())


def test_the_connection_of_an_abandoned_download_is_closed(client, sim, link):
    sim.faults.add(Fault("slow", DOWNLOAD_TEMPLATE, seconds=0.05))
    reader = http.client.HTTPConnection(sim.download_url.removeprefix("http://"), timeout=5)
    reader.request("GET", link(fields=IDS).removeprefix(sim.download_url), headers={"connection": "close"})
    with reader.getresponse() as response:
        assert 200 == response.status
    reader.close()
    deadline = time.monotonic() + 5
    while sim._listeners.downloads._connections and time.monotonic() < deadline:
        time.sleep(0.01)
    assert set() == sim._listeners.downloads._connections
