import math
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests

from source_auth0.api.http.deadlines import MIN_STEADY_BYTES, limit_rest, steady_chunks, when_slow
from source_auth0.api.http.session import PooledSession
from testing.network import RECEIVE_BYTES
from testing.servers.dripping_servers import (
    BODY,
    DRIP_SECONDS,
    GZIP_BODY,
    HEADER,
    TLS_RECORD,
    TUNNEL,
    drip,
    dripping_server,
    server,
    tls_server,
)

#: Connect and read timeouts in seconds, and the most that an exchange may take: both, and a busy machine's delay.
TIMEOUT, MAX_SECONDS = (0.4, 0.6), 5.0
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]"


@contextmanager
def timed() -> Iterator[None]:
    began = time.monotonic()
    yield
    assert time.monotonic() - began < MAX_SECONDS


def get(url: str, **options: Any) -> requests.Response:
    with PooledSession() as session:
        return session.get(url, timeout=TIMEOUT, **options)


@pytest.mark.parametrize("parts", [(HEADER,), (BODY,), (GZIP_BODY,), (b"HTTP/1.1 100 Continue\r\nX-Pad: ",)])
def test_a_response_that_drips_ends_at_the_read_timeout(parts: tuple[bytes, ...]):
    with dripping_server(*parts) as address, timed(), pytest.raises(requests.Timeout):
        get(f"http://{address}/")


@pytest.mark.parametrize("head", [HEADER, BODY])
def test_a_response_that_drips_behind_tls_ends_at_the_read_timeout(head: bytes, tmp_path: Path):
    def serve(connection: socket.socket) -> None:
        connection.recv(RECEIVE_BYTES)
        connection.sendall(head)
        drip(connection)

    running, authority = tls_server(tmp_path, serve)
    with running as address, timed(), pytest.raises(requests.Timeout):
        get(f"https://{address}/", verify=str(authority))


def test_a_tls_handshake_that_drips_ends_at_the_connect_timeout():
    with dripping_server(TLS_RECORD, reads=False) as address, timed(), pytest.raises(requests.Timeout):
        get(f"https://{address}/")


@pytest.mark.parametrize("parts", [(HEADER,), (TUNNEL, TLS_RECORD)])
def test_a_proxy_that_drips_ends_at_the_connect_timeout(parts: tuple[bytes, ...]):
    """Its answer to CONNECT, and the handshake through the tunnel."""
    with dripping_server(*parts) as address, timed(), pytest.raises(requests.Timeout):
        get("https://acme.us.auth0.com/", proxies={"https": f"http://{address}"})


def test_a_plain_proxy_that_drips_ends_at_the_read_timeout():
    with dripping_server(HEADER) as address, timed(), pytest.raises(requests.Timeout):
        get("http://acme.us.auth0.com/", proxies={"http": f"http://{address}"})


@pytest.mark.parametrize(
    ("how", "head"), [(socket.SHUT_WR, BODY), (socket.SHUT_RD, HEADER), (socket.SHUT_RD, BODY), (socket.SHUT_WR, b"")]
)
def test_a_half_closed_connection_is_an_error_within_the_timeouts(how: int, head: bytes):
    over = threading.Event()

    def serve(connection: socket.socket) -> None:
        connection.recv(RECEIVE_BYTES)
        connection.sendall(head)
        connection.shutdown(how)
        over.wait(30)

    with server(serve) as address, timed():
        with pytest.raises(requests.RequestException):
            get(f"http://{address}/")
        over.set()


def test_all_addresses_of_a_host_share_the_connect_timeout(monkeypatch: pytest.MonkeyPatch):
    """A firewall that drops packets would cost the timeout once for each of them."""
    addresses = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (f"127.0.0.{n}", 443)) for n in range(2, 42)]
    timeouts = []

    def connect(address: tuple[str, int], timeout: float, *_: Any) -> socket.socket:
        timeouts.append(timeout)
        time.sleep(0.1)
        raise TimeoutError

    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: addresses)
    monkeypatch.setattr("source_auth0.api.http.deadlines.create_connection", connect)
    with timed(), pytest.raises(requests.Timeout):
        get("https://acme.us.auth0.com/")
    assert 2 <= len(timeouts) <= 5
    assert sorted(timeouts, reverse=True) == timeouts


def test_a_host_is_tried_at_its_next_address(monkeypatch: pytest.MonkeyPatch):
    with server(lambda connection: connection.sendall(ANSWER)) as address:
        port = int(address.partition(":")[2])
        found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (ip, port)) for ip in ("127.0.0.2", "127.0.0.1")]
        original = socket.getaddrinfo
        monkeypatch.setattr(
            socket, "getaddrinfo", lambda host, *args: found if host == "acme.test" else original(host, *args)
        )
        assert [] == get(f"http://acme.test:{port}/").json()


@pytest.mark.parametrize(
    ("found", "expected"),
    [(socket.gaierror(socket.EAI_AGAIN, "Try again"), "NameResolutionError"), ([], "NewConnectionError")],
)
def test_a_host_without_an_address_is_a_connection_error(monkeypatch: pytest.MonkeyPatch, found: Any, expected: str):
    def getaddrinfo(*_: object, **__: object) -> Any:
        if isinstance(found, Exception):
            raise found
        return found

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    with pytest.raises(requests.ConnectionError, match=expected):
        get("https://acme.us.auth0.com/")


def test_a_connection_is_used_again_after_a_whole_response():
    connections = []

    def serve(connection: socket.socket) -> None:
        connections.append(connection)
        while connection.recv(RECEIVE_BYTES):
            connection.sendall(ANSWER)

    with server(serve) as address, PooledSession() as session:
        for timeout in (TIMEOUT, None, TIMEOUT):
            assert [] == session.get(f"http://{address}/", timeout=timeout).json()
    assert 1 == len(connections)


def test_a_streamed_body_takes_any_time_until_it_is_limited():
    with dripping_server(BODY) as address, PooledSession() as session, timed():
        response = session.get(f"http://{address}/", timeout=TIMEOUT, stream=True)
        began = time.monotonic()
        while time.monotonic() - began < 2 * TIMEOUT[1]:
            assert b"0" == response.raw.read(1)
        limit_rest(response, 0.2)
        with pytest.raises(Exception, match="timed out"):
            response.raw.read()
        limit_rest(response, math.inf)  # of a connection that is closed, which does no harm


def test_a_streamed_body_that_pauses_ends_at_the_read_timeout():
    over = threading.Event()

    def serve(connection: socket.socket) -> None:
        connection.recv(RECEIVE_BYTES)
        connection.sendall(BODY + b"0")
        over.wait(30)

    with server(serve) as address, PooledSession() as session, timed():
        response = session.get(f"http://{address}/", timeout=TIMEOUT, stream=True)
        with pytest.raises(Exception, match="timed out"):
            response.raw.read(2)
        over.set()


@pytest.mark.parametrize("head", [HEADER, BODY, b""])
def test_a_slow_exchange_acts_once_amid_it(head: bytes):
    """With b"", not a byte comes before the timeout: what is read after the action is not lost."""
    acts: list[str] = []

    def serve(connection: socket.socket) -> None:
        connection.recv(RECEIVE_BYTES)
        if head:
            connection.sendall(head)
            drip(connection)
        time.sleep(0.4)
        connection.sendall(ANSWER)

    with server(serve) as address, when_slow(0.2, lambda: acts.append(threading.current_thread().name)):
        if head:
            with pytest.raises(requests.Timeout):
                get(f"http://{address}/")
        else:
            assert [] == get(f"http://{address}/").json()
    assert [threading.current_thread().name] == acts


def test_an_exchange_that_is_over_does_not_act():
    acts: list[int] = []
    with dripping_server(BODY) as address, PooledSession() as session:
        with when_slow(0.2, lambda: acts.append(1)):
            response = session.get(f"http://{address}/", timeout=TIMEOUT, stream=True)
        time.sleep(0.3)
        response.raw.read(1)
        response.close()
    assert [] == acts


def test_a_file_takes_any_time_as_long_as_it_is_steady():
    """What its reader does with a chunk does not count; three times the timeout pass in all."""
    sent = MIN_STEADY_BYTES * 3

    def serve(connection: socket.socket) -> None:
        connection.recv(RECEIVE_BYTES)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % sent)
        for _ in range(3):
            time.sleep(TIMEOUT[1] / 3)
            connection.sendall(bytes(MIN_STEADY_BYTES))

    with server(serve) as address, PooledSession() as session:
        response = session.get(f"http://{address}/", timeout=TIMEOUT, stream=True)
        received = 0
        for chunk in steady_chunks(response, MIN_STEADY_BYTES // 2):
            time.sleep(TIMEOUT[1] / 3)
            received += len(chunk)
    assert sent == received


def test_a_file_whose_chunks_are_tiny_is_not_steady():
    """Each of them begins a new read."""

    def serve(connection: socket.socket) -> None:
        connection.recv(RECEIVE_BYTES)
        connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            connection.sendall(b"1\r\n0\r\n")
            time.sleep(DRIP_SECONDS)

    with server(serve) as address, PooledSession() as session, timed():
        response = session.get(f"http://{address}/", timeout=TIMEOUT, stream=True)
        with pytest.raises(Exception, match="timed out"):
            list(steady_chunks(response, 100))
