import json
import queue
import threading
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
import requests
import urllib3
from airbyte_cdk.models import FailureType
from airbyte_cdk.sources.streams.http.error_handlers.response_models import ResponseAction
from airbyte_cdk.utils.traced_exception import AirbyteTracedException
from requests_mock import Mocker

from source_auth0.api.client import ManagementApiRequester
from source_auth0.api.http.event_stream import PositionRefusedError, TooManyConsumersError, classify_event_stream
from source_auth0.api.http.response_errors import RequestContext
from source_auth0.errors import MissingScopeError
from source_auth0.retrievers.events import connection as connection_module
from source_auth0.retrievers.events.connection import EventStreamConnection
from testing.fakes.clock import FakeClock
from testing.fakes.management_api import API

URL = f"{API}/things"
STREAM = {"headers": {"content-type": "text/event-stream; charset=utf-8"}, "text": ":connected\n\n"}
Make = Callable[..., ManagementApiRequester]
TOO_MANY = "Maximum concurrent event stream connections reached. Please close existing connections."


def refusal(status: int, message: str, code: str | None = None) -> dict[str, Any]:
    return {"status_code": status, "json": {"statusCode": status, "message": message, "errorCode": code}}


def test_a_stream_is_asked_for_and_left_open(requests_mock: Mocker, make_api: Make):
    requests_mock.get(URL, **STREAM)
    api = make_api()
    answer = api.open_event_stream({"from": "a=="})
    assert answer is not None
    assert f"{URL}?from=a%3D%3D" == requests_mock.last_request.url
    sent = requests_mock.last_request.headers
    assert ("text/event-stream", "identity", "Bearer token-0") == (
        sent["Accept"],
        sent["Accept-Encoding"],
        sent["Authorization"],
    )
    assert requests_mock.last_request.stream
    assert b":connected\n\n" == answer.raw.read()


def test_an_open_stream_keeps_nobody_from_asking(requests_mock: Mocker, make_api: Make):
    """Workers share so many permits to ask; one that was held as long as a stream is open would be missing."""
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
def test_what_helps_a_list_helps_a_stream(requests_mock: Mocker, make_api: Make, status: int):
    requests_mock.get(URL, [refusal(status, "not now"), STREAM])
    assert make_api().open_event_stream({}) is not None


@pytest.mark.parametrize(("headers", "said"), [({"content-type": "text/html"}, "text/html"), ({}, "no content type")])
def test_what_is_no_stream_is_asked_for_again(
    requests_mock: Mocker, make_api: Make, clock: FakeClock, headers: dict[str, str], said: str
):
    requests_mock.get(URL, text="<html>", headers=headers)
    with pytest.raises(AirbyteTracedException, match=rf"no event stream \({said}\)") as caught:
        make_api().open_event_stream({})
    assert (FailureType.transient_error, 8) == (caught.value.failure_type, requests_mock.call_count)


def test_an_answer_without_a_type_is_no_stream(requests_mock: Mocker, make_api: Make):
    requests_mock.get(URL, [{"text": "?"}, STREAM])
    assert make_api().open_event_stream({}) is not None


@pytest.mark.parametrize(
    ("answer", "expected", "said"),
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
def test_refusals_have_their_own_meaning(
    requests_mock: Mocker, make_api: Make, answer: dict[str, Any], expected: type[Exception], said: str
):
    requests_mock.get(URL, **answer)
    with pytest.raises(AirbyteTracedException) as caught:
        make_api(required_scopes=["read:things"]).open_event_stream({})
    assert isinstance(caught.value, expected)
    assert said in str(caught.value.message)
    assert 1 == requests_mock.call_count


@pytest.mark.parametrize(
    ("refused", "failure"),
    [
        (lambda: PositionRefusedError("events", 410, "gone"), FailureType.system_error),
        (lambda: TooManyConsumersError("events"), FailureType.config_error),
    ],
)
def test_refusals_say_whose_they_are_to_mend(refused: Callable[[], AirbyteTracedException], failure: FailureType):
    error = refused()
    assert (failure, error.message) == (error.failure_type, error.internal_message)


@pytest.mark.parametrize(
    "answer",
    [refusal(404, "Not Found"), refusal(400, "x", "feature_not_enabled"), refusal(403, "x", "feature_not_enabled")],
)
def test_what_a_tenant_lacks_is_nothing_to_listen_to(requests_mock: Mocker, make_api: Make, answer: dict[str, Any]):
    requests_mock.get(URL, **answer)
    assert None is make_api(may_be_missing=True).open_event_stream({})


def test_a_header_that_auth0_cannot_read_is_about_the_token(requests_mock: Mocker, make_api: Make):
    requests_mock.get(URL, [refusal(400, "Bad HTTP authentication header format", "Bearer"), STREAM])
    assert make_api().open_event_stream({}) is not None


def test_a_refusal_that_breaks_off_is_asked_for_again():
    answer = requests.Response()
    answer.status_code = 410
    answer.raw = SimpleNamespace(stream=broken_off, close=lambda: None, release_conn=lambda: None)
    verdict = classify_event_stream(answer, RequestContext("events"))
    assert ResponseAction.RETRY is verdict.action
    assert verdict.error is not None
    assert "The answer to `events` broke off (ChunkedEncodingError)." == verdict.error.message


def broken_off(*_: Any, **__: Any) -> Iterator[bytes]:
    raise urllib3.exceptions.ProtocolError("cut")
    yield b""


class Wire:
    """An answer whose bytes, end and errors a test puts on the line one by one."""

    def __init__(self, *sent: bytes | Exception, deaf: Exception | None = None) -> None:
        self.raw = self
        self.line: queue.Queue[bytes | Exception] = queue.Queue()
        self.deaf = deaf
        self.closed = threading.Event()
        for piece in sent:
            self.line.put(piece)

    def read1(self, size: int) -> bytes:
        assert size > 1000
        found = self.line.get()
        if isinstance(found, Exception):
            raise found
        return found

    def shutdown(self) -> None:
        if self.deaf:
            raise self.deaf
        self.line.put(b"")

    def close(self) -> None:
        self.closed.set()


def connected(wire: Wire) -> EventStreamConnection:
    return EventStreamConnection(wire)  # type: ignore[arg-type] # as much of an answer as it needs


def test_bytes_come_in_order_and_then_the_end():
    wire = Wire(b"a", b"b", b"")
    connection = connected(wire)
    assert [b"a", b"b", b""] == [connection.next(10) for _ in range(3)]
    assert wire.closed.wait(10)


def test_what_a_connection_breaks_with_reaches_the_listener():
    connection = connected(Wire(b"a", urllib3.exceptions.ProtocolError("cut")))
    assert b"a" == connection.next(10)
    with pytest.raises(urllib3.exceptions.ProtocolError):
        connection.next(10)


def test_a_host_that_is_silent_for_a_minute_has_closed():
    connection = connected(Wire(urllib3.exceptions.ReadTimeoutError(None, "", "silent")))  # type: ignore[arg-type]
    assert b"" == connection.next(10)


@pytest.mark.parametrize(("seconds", "expected"), [(0.01, 0.01), (0.0, 0.001), (-5.0, 0.001)])
def test_nobody_waits_longer_than_asked(monkeypatch: pytest.MonkeyPatch, seconds: float, expected: float):
    waits = []

    class Chunks(queue.Queue[Any]):
        def get(self, *args: Any, **patience: Any) -> Any:
            waits.append(patience)
            return super().get(*args, **patience)

    monkeypatch.setattr(connection_module, "queue", SimpleNamespace(Queue=Chunks, Empty=queue.Empty, Full=queue.Full))
    wire = Wire()
    connection = connected(wire)
    with pytest.raises(TimeoutError):
        connection.next(seconds)
    connection.close()
    assert wire.closed.wait(10)
    assert [{"timeout": expected}] == waits


def test_the_reader_has_a_name_and_keeps_no_process_alive():
    before = threading.enumerate()
    connection = connected(wire := Wire())
    (reader,) = [thread for thread in threading.enumerate() if thread not in before]
    assert ("event-stream", True) == (reader.name, reader.daemon)
    connection.close()
    assert wire.closed.is_set()


def test_hanging_up_ends_the_reading():
    wire = Wire(b"a")
    connection = connected(wire)
    assert b"a" == connection.next(10)
    connection.close()
    assert wire.closed.is_set()


def test_hanging_up_ends_a_reading_that_is_ahead(monkeypatch: pytest.MonkeyPatch):
    """The reader waits for somebody to take what it has read, and stops once nobody will."""
    ahead = threading.Event()

    class Chunks(queue.Queue[Any]):
        def put(self, *args: Any, **patience: Any) -> None:
            if self.full():
                ahead.set()
            super().put(*args, **patience)

    monkeypatch.setattr(connection_module, "queue", SimpleNamespace(Queue=Chunks, Empty=queue.Empty, Full=queue.Full))
    wire = Wire(*[b"a"] * 100)
    connection = connected(wire)
    assert ahead.wait(10)
    connection.close()
    assert wire.closed.wait(10)
    assert 100 - connection_module.MAX_QUEUED_CHUNKS - 1 <= wire.line.qsize()


@pytest.mark.parametrize(
    "why",
    [
        AttributeError("no such method"),
        ValueError("no socket"),
        RuntimeError("released to the pool"),
        OSError("not connected"),
    ],
)
def test_a_line_that_cannot_be_cut_ends_with_the_next_byte(monkeypatch: pytest.MonkeyPatch, why: Exception):
    monkeypatch.setattr(connection_module, "CLOSE_SECONDS", 0.01)
    wire = Wire(deaf=why)
    connected(wire).close()
    assert not wire.closed.is_set()
    wire.line.put(b"heartbeat")
    assert wire.closed.wait(10)


def test_messages_name_no_token(requests_mock: Mocker, make_api: Make):
    requests_mock.get(URL, **refusal(410, "gone"))
    with pytest.raises(PositionRefusedError) as caught:
        make_api().open_event_stream({"from": "secret-ish"})
    assert "token-0" not in json.dumps([caught.value.message, caught.value.internal_message])
