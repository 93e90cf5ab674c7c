import gzip
import io
import json
import logging
import random
import re
import threading
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import requests
import urllib3
from airbyte_cdk.models import FailureType
from airbyte_cdk.utils.traced_exception import AirbyteTracedException
from hypothesis import given
from hypothesis import strategies as st
from requests_mock import Mocker

from source_auth0.api import admission
from source_auth0.api.client import ManagementApiRequester
from source_auth0.api.http.retry_policy import EXPORT_DOWNLOAD_RETRY_POLICY, EXPORT_POLL_RETRY_POLICY, RetryPolicy
from source_auth0.api.tenant import Tenant
from source_auth0.engine.thread_pool import FairThreadPool
from source_auth0.retrievers.users import export_job
from source_auth0.retrievers.users.export_job import (
    CHUNK_BYTES,
    EXPORTABLE_FIELDS,
    ROWS_PER_PAGE,
    ExportJob,
    UserExport,
    _GzipDecoder,
)
from source_auth0.timestamps import to_milliseconds
from testing.fakes.clock import FakeClock
from testing.fakes.management_api import API
from testing.fakes.times import MIDNIGHT, timestamp
from testing.fakes.user_search import User, ids, users_at
from testing.servers.dripping_servers import BODY, CHUNKED, HEADER, dripping_server

LINK = "https://user-exports.us.auth0.com/acme/job_1.json.gz?Signature=s"
JOB = {"id": "job_1", "status": "completed", "location": LINK, "created_at": timestamp(5)}
Make = Callable[..., UserExport]


def gzipped(rows: list[User], end: bytes = b"\n") -> bytes:
    return gzip.compress(b"\n".join(json.dumps(row).encode() for row in rows) + end)


def rows_of(export: UserExport) -> list[User]:
    return [row for page in export.pages(ExportJob("job_1", MIDNIGHT)) for row in page]


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.message for record in caplog.records if record.levelno == logging.WARNING]


class BrokenBody(io.RawIOBase):
    """A body whose connection breaks after its content."""

    def __init__(self, content: bytes, error: Exception) -> None:
        self.content, self.error = io.BytesIO(content), error

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        if chunk := self.content.read(size):
            return chunk
        raise self.error


@pytest.fixture
def make(config: dict[str, Any], make_api: Callable[..., ManagementApiRequester]) -> Make:
    """Builds the export of `users` for a config."""

    def make(mode: str | None = "export", **changes: Any) -> UserExport:
        tenant = Tenant({**config, "users_initial_load": mode, **changes})
        return UserExport(make_api(config=tenant.config, name="users", resource="users"))

    return make


@pytest.fixture
def auth0(requests_mock: Mocker) -> Mocker:
    """A tenant whose export is ready at once; tests change what they need."""
    requests_mock.post(f"{API}/jobs/users-exports", json=JOB)
    requests_mock.get(f"{API}/jobs/job_1", json=JOB)
    requests_mock.get(LINK, content=gzipped(users_at(1, 2)))
    return requests_mock


def downloads(mocker: Mocker) -> int:
    return sum(request.url == LINK for request in mocker.request_history)


@pytest.mark.parametrize(
    ("mode", "wanted"),
    [("export", True), ("export_only", True), ("search", False), (None, False), ("", False), ("Export", False)],
)
def test_an_export_is_wanted_where_configured_and_without_a_state(make: Make, mode: str | None, wanted: bool):
    assert wanted is make(mode).is_wanted(without_state=True)
    assert not make(mode).is_wanted(without_state=False)


def test_a_job_requests_all_documented_attributes(make: Make, auth0: Mocker):
    assert ExportJob("job_1", to_milliseconds(timestamp(5))) == make().run()
    body = auth0.request_history[0].json()
    assert {"format", "fields"} == set(body)
    assert "json" == body["format"]
    assert {"user_id", "created_at", "updated_at", "identities", "app_metadata"} <= {f["name"] for f in body["fields"]}
    assert len(EXPORTABLE_FIELDS) == len({f["name"] for f in body["fields"]})
    assert 1 == auth0.call_count


def test_a_job_is_polled_until_it_completes(make: Make, auth0: Mocker, clock: FakeClock):
    """With growing intervals of at most 15 seconds; a completed job may lack its link for a while."""
    pending = {"id": "job_1", "status": "pending", "created_at": timestamp(5)}
    auth0.post(f"{API}/jobs/users-exports", json=pending)
    statuses = ["pending", "processing", "a new word", "completed", *["processing"] * 20]
    auth0.get(f"{API}/jobs/job_1", [{"json": {**pending, "status": status}} for status in statuses] + [{"json": JOB}])
    assert ExportJob("job_1", to_milliseconds(timestamp(5))) == make().run()
    assert [0.25, 0.375] == clock.sleeps[:2]
    assert clock.sleeps == sorted(clock.sleeps)
    assert 15 == clock.sleeps[-1]
    assert len(statuses) + 1 == len(clock.sleeps)


def test_requests_for_any_job_are_one_endpoint_to_the_budget(
    config: dict[str, Any], make_api: Callable[..., ManagementApiRequester], auth0: Mocker, clock: FakeClock
):
    """Auth0 counts requests for the status or link of any job as one endpoint."""
    auth0.post(f"{API}/jobs/users-exports", json={**JOB, "status": "pending"})
    tenant = Tenant({**config, "users_initial_load": "export"})
    export = UserExport(make_api(config=tenant.config, name="users", resource="users"))
    job = export.run()
    assert job
    list(export.pages(job))
    assert 2 <= sum("/jobs/job_1" in request.url for request in auth0.request_history)
    assert "GET /jobs/{}" in tenant.budget.buckets
    assert "GET /jobs/job_1" not in tenant.budget.buckets


@pytest.mark.parametrize(("job_id", "path"), [("a/b?c", "a%2Fb%3Fc"), (7, "7")])
def test_the_job_id_is_url_encoded_as_one_path_segment(
    make: Make, auth0: Mocker, clock: FakeClock, job_id: Any, path: str
):
    auth0.post(f"{API}/jobs/users-exports", json={"id": job_id, "status": "pending"})
    auth0.get(f"{API}/jobs/{path}", json={**JOB, "id": job_id})
    assert ExportJob(job_id, to_milliseconds(timestamp(5))) == make().run()
    assert f"{API}/jobs/{path}" == auth0.last_request.url


@pytest.mark.parametrize("status", ["failed", "expired", "canceled"])
@pytest.mark.parametrize("details", [{}, {"status_details": "Too many exports"}])
def test_a_failed_job_falls_back_to_search_with_a_warning(
    make: Make, auth0: Mocker, caplog: pytest.LogCaptureFixture, status: str, details: dict[str, str]
):
    auth0.post(f"{API}/jobs/users-exports", json={"id": "job_1", "status": "pending"})
    auth0.get(f"{API}/jobs/job_1", json={"id": "job_1", "status": status, **details})
    assert make().run() is None
    reason = details.get("status_details", "no details")
    expected_text = f"The export of `users` failed, so they are read by search. Auth0 says the job {status}: {reason}."
    assert [expected_text] == warnings(caplog)


def test_a_missing_job_falls_back_to_search(make: Make, auth0: Mocker, caplog: pytest.LogCaptureFixture):
    auth0.post(f"{API}/jobs/users-exports", json={"id": "job_1", "status": "pending"})
    auth0.get(f"{API}/jobs/job_1", status_code=404, json={"errorCode": "inexistent_job", "message": "No such job"})
    assert make().run() is None
    assert "Auth0 says the job failed: no details." in warnings(caplog)[-1]


@pytest.mark.parametrize(("status", "expected_text"), [({"status": "stuck"}, "stuck"), ({}, "not done")])
def test_a_job_that_never_completes_falls_back_to_search(
    make: Make,
    auth0: Mocker,
    clock: FakeClock,
    caplog: pytest.LogCaptureFixture,
    status: dict[str, str],
    expected_text: str,
):
    """Auth0 ends a job itself after eight hours."""
    began = clock.now
    auth0.get(f"{API}/jobs/job_1", json={"id": "job_1", **status})
    auth0.post(f"{API}/jobs/users-exports", json={"id": "job_1", "status": "pending"})
    assert make().run() is None
    longest = EXPORT_POLL_RETRY_POLICY.seconds
    assert longest <= clock.now - began <= longest + 30
    assert f"After eight hours the job is still {expected_text}." in warnings(caplog)[0]


@pytest.mark.parametrize("odd", [["failed"], {"failed": True}, 7, True, None])
def test_a_status_of_an_odd_type_is_one_of_a_job_that_is_not_done(
    make: Make, auth0: Mocker, clock: FakeClock, odd: Any
):
    auth0.post(f"{API}/jobs/users-exports", json={"id": "job_1", "status": odd, "created_at": timestamp(5)})
    auth0.get(f"{API}/jobs/job_1", [{"json": {**JOB, "status": odd}}, {"json": JOB}])
    assert ExportJob("job_1", to_milliseconds(timestamp(5))) == make().run()
    assert 2 == len(clock.sleeps)


@pytest.mark.parametrize("odd", [[JOB], "job_1", 7, True])
def test_an_answer_that_is_no_object_describes_no_job(
    make: Make, auth0: Mocker, clock: FakeClock, caplog: pytest.LogCaptureFixture, odd: Any
):
    auth0.get(f"{API}/jobs/job_1", json=odd)
    auth0.post(f"{API}/jobs/users-exports", [{"json": {**JOB, "status": "pending"}}, {"json": odd}])
    assert make().run() is None
    assert "Auth0 says the job failed: no details." in warnings(caplog)[-1]
    assert make().run() is None
    assert "Auth0 made no job." in warnings(caplog)[-1]


def test_a_job_keeps_the_id_that_it_was_made_with(make: Make, auth0: Mocker, clock: FakeClock):
    """Later answers may lack it, or name another."""
    auth0.post(f"{API}/jobs/users-exports", json={"id": "job_1", "status": "pending"})
    done = {name: value for name, value in JOB.items() if name != "id"}
    auth0.get(f"{API}/jobs/job_1", [{"json": {"status": "processing", "id": ["x"]}}, {"json": done}])
    assert ExportJob("job_1", to_milliseconds(timestamp(5))) == make().run()


@pytest.mark.parametrize("future", ["9999-12-31T23:59:59.999Z", "2400-01-01T00:00:00Z"])
def test_a_job_was_made_no_later_than_auth0_answered(make: Make, auth0: Mocker, clock: FakeClock, future: str):
    """Changes after the job are asked for from its time on, and a time of the future would miss all of them."""
    answered = "Mon, 01 Jun 2026 10:00:00 GMT"
    auth0.post(f"{API}/jobs/users-exports", json={"id": "job_1", "status": "pending"}, headers={"Date": answered})
    later = {"Date": "Mon, 01 Jun 2026 10:20:00 GMT"}
    auth0.get(f"{API}/jobs/job_1", json={**JOB, "created_at": future}, headers=later)
    job = make().run()
    assert job is not None
    assert abs(to_milliseconds("2026-06-01T10:00:00Z") - job.created_at) < 5000


def test_a_refused_job_falls_back_to_search(make: Make, auth0: Mocker, caplog: pytest.LogCaptureFixture):
    auth0.post(
        f"{API}/jobs/users-exports",
        status_code=403,
        json={"message": "Insufficient scope, expected any of: read:users"},
    )
    assert make().run() is None
    assert "lacks the scope `read:users`" in warnings(caplog)[0]


@pytest.mark.parametrize(
    "response",
    [
        {"status_code": 403, "json": {"errorCode": "feature_not_enabled", "message": "Feature not enabled."}},
        {"status_code": 204},
        {"json": {"status": "pending"}},
        {"json": {}},
    ],
)
def test_a_job_that_was_not_created_falls_back_to_search(
    make: Make, auth0: Mocker, caplog: pytest.LogCaptureFixture, response: dict[str, Any]
):
    """The tenant's plan may lack exports."""
    auth0.post(f"{API}/jobs/users-exports", **response)
    assert make().run() is None
    assert "The export of `users` failed, so they are read by search. Auth0 made no job." == warnings(caplog)[-1]


def test_zeros_after_the_last_gzip_member_are_padding() -> None:
    decoder = _GzipDecoder()
    assert [b"a\n", b"b\n"] == list(decoder.decompress(gzip.compress(b"a\n") + gzip.compress(b"b\n") + bytes(512)))
    assert decoder.eof


@pytest.mark.parametrize(
    "created", [{}, {"created_at": "yesterday"}, {"created_at": ""}, {"created_at": None}, {"created_at": 5}]
)
def test_a_job_without_a_creation_time_falls_back_to_search(
    make: Make, auth0: Mocker, caplog: pytest.LogCaptureFixture, created: dict[str, str]
):
    """The next sync could not tell where to start."""
    auth0.post(f"{API}/jobs/users-exports", json={"id": "job_1", "status": "completed", "location": LINK, **created})
    assert make().run() is None
    assert "The job does not say when it was made." in warnings(caplog)[0]


@pytest.mark.parametrize(
    ("response", "expected_text"),
    [
        ({"json": {"id": "job_1", "status": "failed"}}, "Auth0 says the job failed: no details."),
        ({"status_code": 403, "json": {"message": "No"}}, "Auth0 refused `users` (403  No)."),
    ],
)
def test_with_export_only_a_failed_export_is_an_error(
    make: Make, auth0: Mocker, response: dict[str, Any], expected_text: str
):
    auth0.post(f"{API}/jobs/users-exports", **response)
    with pytest.raises(
        AirbyteTracedException, match=re.escape(f"The export of `users` failed: {expected_text}")
    ) as caught:
        make("export_only").run()
    assert FailureType.transient_error == caught.value.failure_type


@pytest.mark.parametrize("number", [0, 1, ROWS_PER_PAGE - 1, ROWS_PER_PAGE, ROWS_PER_PAGE + 1, 3 * ROWS_PER_PAGE + 7])
@pytest.mark.parametrize("end", [b"\n", b"", b"\n\n"])
def test_every_row_of_the_file_is_read(make: Make, auth0: Mocker, number: int, end: bytes):
    users = users_at(*range(number))
    auth0.get(LINK, content=gzipped(users, end if number else b""))
    pages = list(make().pages(ExportJob("job_1", MIDNIGHT)))
    assert ids(users) == ids([row for page in pages for row in page])
    whole, rest = divmod(number, ROWS_PER_PAGE)
    assert [ROWS_PER_PAGE] * whole + [rest] * bool(rest) == [len(page) for page in pages if page]


def test_rows_are_read_whole_wherever_a_chunk_ends(make: Make, auth0: Mocker):
    """Text of many bytes a letter, and files of many chunks, since random text is hard to compress."""
    users = users_at(*range(3000))
    for number, user in enumerate(users):
        user["name"] = "ü€😀" * (number % 7) + random.Random(number).randbytes(60).hex()
    content = gzipped(users)
    assert len(content) > 3 * CHUNK_BYTES
    auth0.get(LINK, content=content)
    assert users == rows_of(make())


def test_a_file_of_several_gzip_members_is_read_to_its_end(make: Make, auth0: Mocker):
    users = users_at(*range(20))
    auth0.get(LINK, content=gzipped(users[:10]) + gzipped(users[10:15]) + gzipped(users[15:], b""))
    assert ids(users) == ids(rows_of(make()))


@given(st.lists(st.binary(max_size=200), min_size=1, max_size=5), st.integers(1, 300), st.integers(1, 30))
def test_gzip_members_are_decompressed_wherever_chunks_and_members_end(members: list[bytes], size: int, broken: int):
    """The end is reached with the last byte of the last member, and not before."""
    content = b"".join(map(gzip.compress, members))
    decoder = _GzipDecoder()
    assert b"".join(members) == b"".join(
        piece for chunk in chunks_of(content, size) for piece in decoder.decompress(chunk)
    )
    assert decoder.eof
    decoder = _GzipDecoder()
    for chunk in chunks_of(content[: -min(broken, 19)], size):
        list(decoder.decompress(chunk))
    assert not decoder.eof


@pytest.mark.parametrize("size", [0, 1, 2])
def test_a_gzip_bomb_is_decompressed_in_pieces(size: int):
    """Also where a piece ends with the file."""
    content = bytes(size * export_job.MAX_PIECE_BYTES)
    decoder = _GzipDecoder()
    pieces = [len(piece) for piece in decoder.decompress(gzip.compress(content))]
    assert (len(content), True) == (sum(pieces), decoder.eof)
    assert max(pieces) <= export_job.MAX_PIECE_BYTES


def test_a_file_that_drips_is_given_up(make: Make, auth0: Mocker, clock: FakeClock, monkeypatch: pytest.MonkeyPatch):
    """Whether its header drips or its body, at once or in chunks."""
    monkeypatch.setattr(export_job, "EXPORT_DOWNLOAD_RETRY_POLICY", RetryPolicy(timeout=(0.3, 0.3), attempts=5))
    for head in (HEADER, BODY, CHUNKED):
        with dripping_server(head) as address:
            auth0.get(f"http://{address}/file", real_http=True)
            monkeypatch.setattr(export_job.UserExport, "_download_link", lambda *_, a=address: f"http://{a}/file")
            began = time.monotonic()
            with pytest.raises(AirbyteTracedException, match="could not be downloaded in 5 attempts"):
                rows_of(make())
            assert time.monotonic() - began < 10


@pytest.mark.parametrize("head", [HEADER, BODY])
def test_a_file_that_drips_leaves_its_worker_slot_to_other_streams(
    make: Make, auth0: Mocker, clock: FakeClock, monkeypatch: pytest.MonkeyPatch, head: bytes
):
    monkeypatch.setattr(export_job, "EXPORT_DOWNLOAD_RETRY_POLICY", RetryPolicy(timeout=(1, 1), attempts=1))
    monkeypatch.setattr(admission, "MAX_SLOT_SECONDS", 0.2)
    pool, others = FairThreadPool(lambda: 1), threading.Event()
    was_read_amid: list[bool] = []

    def read(_: SimpleNamespace) -> None:
        pool.submit(lambda _: others.set(), SimpleNamespace(stream_name=lambda: "others"))
        with pytest.raises(AirbyteTracedException, match="could not be downloaded"):
            rows_of(make())
        was_read_amid.append(others.is_set())

    with dripping_server(head) as address:
        auth0.get(f"http://{address}/file", real_http=True)
        monkeypatch.setattr(export_job.UserExport, "_download_link", lambda *_: f"http://{address}/file")
        pool.submit(read, SimpleNamespace(stream_name=lambda: "users")).result(30)
    assert [True] == was_read_amid
    assert 0 == sum(pool._released.values())


def chunks_of(content: bytes, size: int) -> list[bytes]:
    return [content[start : start + size] for start in range(0, len(content), size)]


def test_a_file_is_never_whole_in_memory(make: Make, auth0: Mocker):
    users = [{"user_id": f"auth0|{n}", "name": random.Random(n).randbytes(250).hex()} for n in range(20_000)]
    content = gzipped(users)
    auth0.get(LINK, body=io.BytesIO(content))
    export = make()
    tracemalloc.start()
    try:
        assert len(users) == sum(len(page) for page in export.pages(ExportJob("job_1", MIDNIGHT)))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 20_000 * 500 / 2


def test_a_file_with_a_content_encoding_is_not_decompressed_twice(make: Make, auth0: Mocker):
    auth0.get(
        LINK, content=gzipped(users_at(1)), headers={"Content-Encoding": "gzip", "Content-Type": "application/json"}
    )
    assert ids(users_at(1)) == ids(rows_of(make()))


def test_the_download_carries_no_token(make: Make, auth0: Mocker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Nor a password for the host from the machine's netrc file."""
    netrc = tmp_path / "netrc"
    netrc.write_text("machine user-exports.us.auth0.com login me password hunter2\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    assert requests.utils.get_netrc_auth(LINK)  # the file would be used
    rows_of(make())
    assert LINK == auth0.last_request.url
    assert "Authorization" not in auth0.last_request.headers
    assert (10, 60) == auth0.last_request.timeout


@pytest.mark.parametrize(
    "location",
    [
        "http://user-exports.us.auth0.com/job_1.json.gz",
        "ftp://user-exports.us.auth0.com/job_1.json.gz",
        "file:///etc/passwd",
        "//user-exports.us.auth0.com/job_1.json.gz",
        "http://localhost.evil.example/job_1.json.gz",
        "http://127.0.0.1:8080/job_1.json.gz",
        "https://[::1/job_1.json.gz",
        "",
        None,
    ],
)
def test_an_unsafe_link_is_not_followed(
    make: Make, auth0: Mocker, clock: FakeClock, location: str | None, caplog: pytest.LogCaptureFixture
):
    auth0.get(f"{API}/jobs/job_1", json={**JOB, "location": location})
    with pytest.raises(AirbyteTracedException, match="could not be downloaded in 5 attempts"):
        rows_of(make())
    assert {f"{API}/jobs/job_1"} == {request.url for request in auth0.request_history}
    assert "The download of `users` broke (the job has no https link to its file); attempt 1." == warnings(caplog)[0]


def test_a_download_from_loopback_needs_no_tls(make: Make, auth0: Mocker, monkeypatch: pytest.MonkeyPatch):
    """And uses no proxy."""
    monkeypatch.setenv("http_proxy", "http://proxy.example.com:3128")
    monkeypatch.setenv("no_proxy", "")
    local = "http://127.0.0.1:8080"
    auth0.post(f"{local}/api/v2/jobs/users-exports", json=JOB)
    auth0.get(f"{local}/api/v2/jobs/job_1", json={**JOB, "location": f"{local}/user-exports/job_1"})
    auth0.get(f"{local}/user-exports/job_1", content=gzipped(users_at(1, 2)))
    assert ids(users_at(1, 2)) == ids(rows_of(make(base_url=local)))
    assert not auth0.last_request.proxies["http"]


BROKEN_DOWNLOADS: list[tuple[dict[str, Any], str]] = [
    ({"status_code": 403, "text": "<Error>Request has expired</Error>"}, "status 403"),
    ({"status_code": 302, "headers": {"Location": "https://evil.example/"}}, "status 302"),
    ({"exc": requests.exceptions.ConnectionError("reset")}, "ConnectionError"),
    ({"exc": requests.exceptions.ReadTimeout()}, "ReadTimeout"),
    ({"content": gzipped(users_at(*range(2500)))[:-9]}, "the file ended early"),
    ({"content": b""}, "the file ended early"),
    ({"content": gzipped(users_at(*range(1500)))[:4000] + b"garbage" * 100}, "JSONDecodeError"),
    ({"content": gzipped(users_at(*range(2500))) + b"X"}, "the file ended early"),
    ({"content": json.dumps(users_at(1)[0]).encode()}, "error"),
    ({"content": gzip.compress(b'{"user_id": "auth0|00000"}\n{"user_i')}, "JSONDecodeError"),
    ({"content": gzip.compress(b"[1]\n2\n")}, "a line of the file is no user"),
    ({"content": gzipped(users_at(*range(1500))) + gzip.compress(b"null")}, "a line of the file is no user"),
    (
        {"content": gzipped(users_at(*range(2500))[:1500]) + gzipped(users_at(*range(2500))[1500:])[:-9]},
        "the file ended early",
    ),
]


@pytest.mark.parametrize(("failure", "reason"), BROKEN_DOWNLOADS)
def test_a_broken_download_restarts_and_skips_the_rows_handed_on(
    make: Make, auth0: Mocker, clock: FakeClock, failure: dict[str, Any], reason: str, caplog: pytest.LogCaptureFixture
):
    """With a fresh link each time, since one lasts a minute; the warning does not contain it."""
    users = users_at(*range(2500))
    auth0.get(LINK, [failure, failure, {"content": gzipped(users)}])
    assert ids(users) == ids(rows_of(make()))
    assert [1, 2] == clock.sleeps
    assert 3 == sum(request.url == f"{API}/jobs/job_1" for request in auth0.request_history)
    assert [f"The download of `users` broke ({reason}); attempt {n}." for n in (1, 2)] == warnings(caplog)


@pytest.mark.parametrize(
    "error",
    [
        urllib3.exceptions.ProtocolError("Connection broken"),
        urllib3.exceptions.ReadTimeoutError(None, LINK, "timed out"),  # type: ignore[arg-type]
        urllib3.exceptions.IncompleteRead(5, 10),
    ],
)
def test_a_download_whose_connection_breaks_is_retried(make: Make, auth0: Mocker, clock: FakeClock, error: Exception):
    users = users_at(*range(9000))
    for number, user in enumerate(users):
        user["name"] = random.Random(number).randbytes(30).hex()
    content = gzipped(users)
    broken = [{"body": BrokenBody(content[: len(content) * n // 4], error)} for n in (2, 1, 3)]
    auth0.get(LINK, [*broken, {"content": content}])
    assert users == rows_of(make())
    assert 4 == downloads(auth0)


def test_a_download_that_keeps_failing_is_a_transient_error(make: Make, auth0: Mocker, clock: FakeClock):
    auth0.get(LINK, content=gzipped(users_at(*range(1500)))[:-9])
    with pytest.raises(AirbyteTracedException, match="Check that this machine may reach user-exports") as caught:
        rows_of(make())
    assert FailureType.transient_error == caught.value.failure_type
    assert EXPORT_DOWNLOAD_RETRY_POLICY.attempts == downloads(auth0)


def test_an_overlong_line_fails_the_download(
    make: Make, auth0: Mocker, clock: FakeClock, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    line = json.dumps(users_at(1)[0]).encode()
    monkeypatch.setattr(export_job, "MAX_LINE_BYTES", len(line))
    auth0.get(LINK, content=gzip.compress(line))
    assert ids(users_at(1)) == ids(rows_of(make()))
    auth0.get(LINK, content=gzip.compress(line + b" "))
    with pytest.raises(AirbyteTracedException, match="could not be downloaded in 5 attempts"):
        rows_of(make())
    assert "The download of `users` broke (a line of the file does not end); attempt 5." == warnings(caplog)[-1]


def test_a_start_date_filters_an_export(make: Make, auth0: Mocker):
    users = users_at(*range(10))
    users[3]["updated_at"] = timestamp(5000)
    auth0.get(LINK, content=gzipped(users))
    assert ids([users[3], *users[7:]]) == ids(rows_of(make(start_date=timestamp(7))))


@pytest.mark.parametrize("position", [0, 57, 99])
@pytest.mark.parametrize(
    ("dates", "is_kept"),
    [
        ({"created_at": timestamp(7)}, True),
        ({"created_at": timestamp(6)}, False),
        ({"created_at": timestamp(7), "updated_at": None}, True),
        ({"created_at": timestamp(6), "updated_at": {"$date": 1}}, False),
        ({"created_at": timestamp(6), "updated_at": "soon"}, False),
        ({"created_at": timestamp(6), "updated_at": timestamp(8)}, True),
        ({"created_at": None, "updated_at": 7}, True),
        ({}, True),
    ],
)
def test_a_row_without_a_date_is_judged_by_the_other_one(
    make: Make, auth0: Mocker, dates: dict[str, Any], is_kept: bool, position: int
):
    """An export leaves out what is null, and nobody is left out for it."""
    users = users_at(*range(7, 107))
    users[position] = {"user_id": users[position]["user_id"], **dates}
    auth0.get(LINK, content=gzipped(users))
    expected = [user for number, user in enumerate(users) if is_kept or number != position]
    assert ids(expected) == ids(rows_of(make(start_date=timestamp(7))))


@pytest.mark.parametrize(
    "identities", [{}, "db", 7, [None], ["db"], [{}], [{"connection": {}}], [{"connection": None}]]
)
def test_odd_identities_are_of_no_connection(make: Make, auth0: Mocker, identities: Any):
    users = [{"user_id": "a", "identities": identities}, {"user_id": "b", "identities": [{"connection": "db"}]}]
    auth0.get(LINK, content=gzipped(users))
    assert ["b"] == ids(rows_of(make(users_connections=["db"])))
    assert ["a", "b"] == ids(rows_of(make()))


@pytest.mark.parametrize(
    ("configured", "expected"), [(["db"], "ad"), (["db", "sms"], "abd"), (["none"], ""), ([], "abcd"), (None, "abcd")]
)
def test_configured_connections_filter_an_export(
    make: Make, auth0: Mocker, configured: list[str] | None, expected: str
):
    """A user with several identities matches by any of them; one without any matches none."""
    connections: dict[str, Any] = {"a": ["db"], "b": ["sms"], "c": None, "d": ["google", "db"]}
    users = [
        {"user_id": name, "identities": names and [{"connection": connection} for connection in names]}
        for name, names in connections.items()
    ]
    auth0.get(LINK, content=gzipped(users))
    assert list(expected) == ids(rows_of(make(users_connections=configured)))


def test_filtered_rows_count_where_a_download_restarts(make: Make, auth0: Mocker, clock: FakeClock):
    users = users_at(*range(2500))
    auth0.get(LINK, [{"content": gzipped(users)[:-9]}, {"content": gzipped(users)}])
    assert ids(users[500:]) == ids(rows_of(make(start_date=timestamp(500))))


@pytest.mark.parametrize(
    ("answer", "written"),
    [
        ({"percentage_done": 42}, ", 42 % so far"),
        ({}, ""),
        ({"percentage_done": "some"}, ""),
        ({"percentage_done": 0.5}, ", 0 % so far"),
    ],
)
def test_the_wait_for_a_job_is_told_with_what_auth0_says_of_it(
    answer: dict[str, Any], written: str, make: Make, auth0: Mocker, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
):
    export, told = make(), list[list[str]]()
    auth0.post(f"{API}/jobs/users-exports", json={**JOB, "status": "pending", **answer})
    sleep = clock.sleep

    def look_and_sleep(seconds: float) -> None:
        told.append(export._tenant.progress._waits.take("users", float("inf"), 60))
        sleep(seconds)

    monkeypatch.setattr(clock, "sleep", look_and_sleep)
    assert export.run() is not None
    assert [f"the export that Auth0 writes{written}"] == told[0]


@pytest.mark.parametrize("has_length", [True, False])
def test_the_share_of_a_file_that_is_read_grows_to_the_whole(has_length: bool, make: Make, auth0: Mocker):
    """Where its length is known; each row is handed on before more of the file is read."""
    generator = random.Random(1)
    content = gzipped([{"user_id": f"u{n}", "name": generator.randbytes(150).hex()} for n in range(2_000)])
    auth0.get(LINK, content=content, headers={"content-length": str(len(content))} if has_length else {})
    export = make()
    assert 0 == export.share_read
    shares = [export.share_read for _ in export.pages(ExportJob("job_1", MIDNIGHT))]
    assert len(content) > 4 * CHUNK_BYTES
    assert shares == sorted(shares)
    assert (len(set(shares)) > 4, 1.0 if has_length else 0.0) == (has_length, export.share_read)
