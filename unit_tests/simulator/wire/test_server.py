"""HTTP: keep-alive, concurrent requests, compression."""

import http.client
import json
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

from auth0_simulator import Simulator


def test_a_connection_is_kept_and_answers_come_in_order(client, sim):
    parts = urlsplit(sim.base_url)
    head = f"authorization: Bearer {client.token}\r\n\r\n"
    requests = "".join(f"GET /api/v2/users?per_page=1&page={page} HTTP/1.1\r\n{head}" for page in range(5))
    with socket.create_connection((parts.hostname, parts.port), timeout=5) as connection:
        connection.sendall(requests.encode()[:100])
        time.sleep(0.01)
        connection.sendall(requests.encode()[100:])
        received = []
        for _ in range(5):
            response = http.client.HTTPResponse(connection)
            # Responses follow one another in the stream: an unbuffered reader does not swallow the next one.
            response.fp = connection.makefile("rb", buffering=0)
            response.begin()
            received.append(json.loads(response.read())[0]["user_id"])
            response.close()
    expected = [row["user_id"] for row in client.get("/users", per_page=5).json]
    assert expected == received


def test_many_answers_wait_at_once(connect):
    with Simulator(users=10, latency=0.2) as sim, ThreadPoolExecutor(40) as pool:
        client = connect(sim)
        started = time.monotonic()
        assert [200] * 40 == [answer.status for answer in pool.map(lambda _: client.get("/roles"), range(40))]
        assert 0.2 <= time.monotonic() - started < 2


def test_a_large_answer_is_compressed_for_those_who_take_it(client, connect):
    packed = client.get("/users", headers={"accept-encoding": "gzip, deflate"})
    assert "gzip" == packed.headers["content-encoding"]
    plain = client.get("/users")
    assert "content-encoding" not in plain.headers
    assert plain.json == packed.json
    assert "content-encoding" not in client.get("/users", headers={"accept-encoding": "gzip"}, per_page=0).headers
    with Simulator(users=100, gzip=False) as sim:
        answer = connect(sim).get("/users", headers={"accept-encoding": "gzip"})
        assert "content-encoding" not in answer.headers


def test_what_is_no_http_is_answered_400(sim):
    parts = urlsplit(sim.base_url)
    with socket.create_connection((parts.hostname, parts.port), timeout=5) as connection:
        connection.sendall(b"hello\r\n\r\n")
        assert connection.recv(1000).startswith(b"HTTP/1.1 400 ")


def test_the_date_is_the_tenant_s(client, sim):
    sim.clock.freeze()
    sim.clock.advance(86_400 * 365)
    client.token = sim.mint_token()
    assert str(sim.clock.now().year) in client.get("/roles").headers["date"]


def test_it_listens_on_loopback_and_ends_with_its_block():
    with Simulator(users=1) as sim:
        url = sim.base_url
        assert url.startswith("http://127.0.0.1:")
    parts = urlsplit(url)
    with socket.socket() as probe:
        assert probe.connect_ex((parts.hostname, parts.port)) != 0
