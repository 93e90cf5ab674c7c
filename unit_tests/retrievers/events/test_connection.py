import json
import queue
import socket
import threading
import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
import urllib3
from airbyte_cdk.models import FailureType
from airbyte_cdk.utils.traced_exception import AirbyteTracedException
from requests_mock import Mocker

from source_auth0.api.client import ManagementApiRequester
from source_auth0.api.http.event_stream import PositionRefusedError, TooManyConsumersError
from source_auth0.api.http.retry_policy import RetryPolicy
from source_auth0.errors import MissingScopeError
from source_auth0.retrievers.events import connection as connection_module
from source_auth0.retrievers.events.connection import EventStreamConnection
from testing.fakes.clock import FakeClock
from testing.fakes.management_api import API
from testing.network import RECEIVE_BYTES
from testing.servers.dripping_servers import BODY, dripping_server, server

URL = f"{API}/things"
STREAM = {"headers": {"content-type": "text/event-stream; charset=utf-8"}, "text": ":connected\n\n"}
Make = Callable[..., ManagementApiRequester]
TOO_MANY = "Maximum concurrent event stream connections reached. Please close existing connections."


def refusal(status: int, message: str, code: str | None = None) -> dict[str, Any]:
    return {"status_code": status, "json": {"statusCode": status, "message": message, "errorCode": code}}


def test_a_stream_is_requested_and_left_open(requests_mock: Mocker, make_api: Make):
    requests_mock.get(URL, **STREAM)
    api = make_api()
    response = api.open_event_stream({"from": "a=="})
    assert response is not None
    assert f"{URL}?from=a%3D%3D" == requests_mock.last_request.url
    sent = requests_mock.last_request.headers
    assert ("text/event-stream", "identity", "Bearer token-0") == (
        sent["Accept"],
        sent["Accept-Encoding"],
        sent["Authorization"],
    )
    assert requests_mock.last_request.stream
    assert b":connected\n\n" == response.raw.read()


def test_an_open_stream_holds_no_concurrency_permit(requests_mock: Mocker, make_api: Make):
    """Workers share a limited number of permits; a stream would hold one as long as it is open."""
    requests_mock.get(URL, **STREAM)
    api = make_api()
    open_streams = [api.open_event_stream({}) for _ in range(api.tenant.workers)]
    assert None not in open_streams
    assert api.tenant.concurrency_limit.acquire(blocking=False)


def test_the_token_does_not_follow_a_redirect(requests_mock: Mocker, make_api: Make):
    requests_mock.get(URL, status_code=302, headers={"Location": "https://evil.example/events"})
    with pytest.raises(AirbyteTracedException, match="must not go"):
        make_api().open_event_stream({})
    assert 1 == requests_mock.call_count


@pytest.mark.parametrize("status", [429, 401, 500, 503])
def test_retryable_statuses_are_retried(requests_mock: Mocker, make_api: Make, status: int):
    requests_mock.get(URL, [refusal(status, "not now"), STREAM])
    assert make_api().open_event_stream({}) is not None


@pytest.mark.parametrize(
    ("headers", "expected_text"), [({"content-type": "text/html"}, "text/html"), ({}, "no content type")]
)
def test_a_response_of_another_content_type_is_retried(
    requests_mock: Mocker, make_api: Make, clock: FakeClock, headers: dict[str, str], expected_text: str
):
    requests_mock.get(URL, text="<html>", headers=headers)
    with pytest.raises(AirbyteTracedException, match=rf"no event stream \({expected_text}\)") as caught:
        make_api().open_event_stream({})
    assert (FailureType.transient_error, 8) == (caught.value.failure_type, requests_mock.call_count)


def test_a_response_without_a_content_type_is_retried(requests_mock: Mocker, make_api: Make):
    requests_mock.get(URL, [{"text": "?"}, STREAM])
    assert make_api().open_event_stream({}) is not None


@pytest.mark.parametrize(
    ("response", "expected", "expected_text"),
    [
        (
            refusal(410, "Cursor points to data no longer available in the stream."),
            PositionRefusedError,
            "410 Cursor points",
        ),
        (refusal(400, "Invalid cursor format."), PositionRefusedError, "400 Invalid cursor format."),
        ({"status_code": 410, "reason": "Gone"}, PositionRefusedError, "410 Gone"),
        (refusal(403, TOO_MANY), TooManyConsumersError, "Stop another consumer"),
        (
            refusal(403, "Insufficient scope, expected any of: read:things", "insufficient_scope"),
            MissingScopeError,
            "`read:things`",
        ),
        (refusal(403, "Something else"), AirbyteTracedException, "Auth0 refused `things` (403"),
        (refusal(404, "Not Found"), AirbyteTracedException, "nothing at the address"),
    ],
)
def test_each_refusal_has_its_own_error(
    requests_mock: Mocker, make_api: Make, response: dict[str, Any], expected: type[Exception], expected_text: str
):
    requests_mock.get(URL, **response)
    with pytest.raises(AirbyteTracedException) as caught:
        make_api(required_scopes=["read:things"]).open_event_stream({})
    assert isinstance(caught.value, expected)
    assert expected_text in str(caught.value.message)
    assert 1 == requests_mock.call_count


@pytest.mark.parametrize(
    ("refused", "failure"),
    [
        (lambda: PositionRefusedError("events", 410, "gone"), FailureType.system_error),
        (lambda: TooManyConsumersError("events"), FailureType.config_error),
    ],
)
def test_refusals_have_a_failure_type_and_an_internal_message(
    refused: Callable[[], AirbyteTracedException], failure: FailureType
):
    error = refused()
    assert (failure, error.message) == (error.failure_type, error.internal_message)


@pytest.mark.parametrize(
    "response",
    [refusal(404, "Not Found"), refusal(400, "x", "feature_not_enabled"), refusal(403, "x", "feature_not_enabled")],
)
def test_a_missing_feature_opens_no_stream(requests_mock: Mocker, make_api: Make, response: dict[str, Any]):
    requests_mock.get(URL, **response)
    assert None is make_api(may_be_missing=True).open_event_stream({})


def test_a_refused_authorization_header_is_retried(requests_mock: Mocker, make_api: Make):
    requests_mock.get(URL, [refusal(400, "Bad HTTP authentication header format", "Bearer"), STREAM])
    assert make_api().open_event_stream({}) is not None


def test_a_truncated_refusal_is_retried(make_api: Make, clock: FakeClock):
    connections = []

    def serve(connection: socket.socket) -> None:
        connections.append(connection.recv(RECEIVE_BYTES))
        connection.sendall(BODY.replace(b"200 OK", b"410 Gone") + b"{")

    with server(serve) as address, pytest.raises(AirbyteTracedException, match=r"failed \(ChunkedEncodingError\)"):
        make_api(url=f"http://{address}/", retry_policy=RetryPolicy(attempts=2)).open_event_stream({})
    assert 2 == len(connections)


@pytest.mark.parametrize("status", [503, 410, 302])
def test_a_refusal_that_drips_ends_at_the_read_timeout(make_api: Make, clock: FakeClock, status: int):
    """What is no stream of events is an answer like any other, with a deadline for its body."""
    head = BODY.replace(b"200 OK", b"%d Whatever" % status)
    with dripping_server(head) as address:
        api = make_api(url=f"http://{address}/", retry_policy=RetryPolicy(timeout=(0.5, 0.5), attempts=2))
        began = time.monotonic()
        with pytest.raises(AirbyteTracedException, match="`things` could not be read"):
            api.open_event_stream({})
    assert time.monotonic() - began < 10


class FakeResponse:
    """A response whose chunks, end and errors a test queues one by one."""

    def __init__(self, *sent: bytes | Exception, shutdown_error: Exception | None = None) -> None:
        self.raw = self
        self.chunks: queue.Queue[bytes | Exception] = queue.Queue()
        self.shutdown_error = shutdown_error
        self.closed = threading.Event()
        for chunk in sent:
            self.chunks.put(chunk)

    def read1(self, size: int) -> bytes:
        assert size > 1000
        chunk = self.chunks.get()
        if isinstance(chunk, Exception):
            raise chunk
        return chunk

    def shutdown(self) -> None:
        if self.shutdown_error:
            raise self.shutdown_error
        self.chunks.put(b"")

    def close(self) -> None:
        self.closed.set()


def connected(fake_response: FakeResponse) -> EventStreamConnection:
    return EventStreamConnection(fake_response)  # type: ignore[arg-type] # it has what a connection needs of a response


def test_chunks_arrive_in_order_followed_by_the_end():
    fake_response = FakeResponse(b"a", b"b", b"")
    connection = connected(fake_response)
    assert [b"a", b"b", b""] == [connection.next(10) for _ in range(3)]
    assert fake_response.closed.wait(10)


def test_the_error_of_a_broken_connection_reaches_the_consumer():
    connection = connected(FakeResponse(b"a", urllib3.exceptions.ProtocolError("cut")))
    assert b"a" == connection.next(10)
    with pytest.raises(urllib3.exceptions.ProtocolError):
        connection.next(10)


def test_a_read_timeout_counts_as_a_closed_connection():
    connection = connected(FakeResponse(urllib3.exceptions.ReadTimeoutError(None, "", "silent")))  # type: ignore[arg-type]
    assert b"" == connection.next(10)


@pytest.mark.parametrize(("seconds", "expected"), [(0.01, 0.01), (0.0, 0.001), (-5.0, 0.001)])
def test_the_consumer_waits_no_longer_than_requested(monkeypatch: pytest.MonkeyPatch, seconds: float, expected: float):
    waits = []

    class Chunks(queue.Queue[Any]):
        def get(self, *args: Any, **options: Any) -> Any:
            waits.append(options)
            return super().get(*args, **options)

    monkeypatch.setattr(connection_module, "queue", SimpleNamespace(Queue=Chunks, Empty=queue.Empty, Full=queue.Full))
    fake_response = FakeResponse()
    connection = connected(fake_response)
    with pytest.raises(TimeoutError):
        connection.next(seconds)
    connection.close()
    assert fake_response.closed.wait(10)
    assert [{"timeout": expected}] == waits


def test_the_reader_is_a_named_daemon_thread():
    before = threading.enumerate()
    connection = connected(fake_response := FakeResponse())
    (reader,) = [thread for thread in threading.enumerate() if thread not in before]
    assert ("event-stream", True) == (reader.name, reader.daemon)
    connection.close()
    assert fake_response.closed.is_set()


def test_closing_ends_the_reader_thread():
    fake_response = FakeResponse(b"a")
    connection = connected(fake_response)
    assert b"a" == connection.next(10)
    connection.close()
    assert fake_response.closed.is_set()


def test_closing_ends_a_reader_thread_that_waits_on_a_full_queue(monkeypatch: pytest.MonkeyPatch):
    """The reader waits for room in the queue, and stops once the connection is closed."""
    is_full = threading.Event()

    class Chunks(queue.Queue[Any]):
        def put(self, *args: Any, **options: Any) -> None:
            if self.full():
                is_full.set()
            super().put(*args, **options)

    monkeypatch.setattr(connection_module, "queue", SimpleNamespace(Queue=Chunks, Empty=queue.Empty, Full=queue.Full))
    fake_response = FakeResponse(*[b"a"] * 100)
    connection = connected(fake_response)
    assert is_full.wait(10)
    connection.close()
    assert fake_response.closed.wait(10)
    assert 100 - connection_module.MAX_QUEUED_CHUNKS - 1 <= fake_response.chunks.qsize()


@pytest.mark.parametrize(
    "error",
    [
        AttributeError("no such method"),
        ValueError("no socket"),
        RuntimeError("released to the pool"),
        OSError("not connected"),
    ],
)
def test_a_connection_that_cannot_be_shut_down_ends_with_the_next_chunk(
    monkeypatch: pytest.MonkeyPatch, error: Exception
):
    monkeypatch.setattr(connection_module, "CLOSE_SECONDS", 0.01)
    fake_response = FakeResponse(shutdown_error=error)
    connected(fake_response).close()
    assert not fake_response.closed.is_set()
    fake_response.chunks.put(b"heartbeat")
    assert fake_response.closed.wait(10)


def test_messages_name_no_token(requests_mock: Mocker, make_api: Make):
    requests_mock.get(URL, **refusal(410, "gone"))
    with pytest.raises(PositionRefusedError) as caught:
        make_api().open_event_stream({"from": "secret-ish"})
    assert "token-0" not in json.dumps([caught.value.message, caught.value.internal_message])
