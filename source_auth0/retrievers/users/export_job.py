"""The initial load of users by an export job: one request for the whole tenant, and a file to stream."""

import logging
import time
import zlib
from collections.abc import Iterator
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import orjson
import requests
import urllib3
from airbyte_cdk.utils.traced_exception import AirbyteTracedException

from source_auth0.api.admission import releasing_slot_when_slow
from source_auth0.api.client import ManagementApiRequester
from source_auth0.api.http.bodies import BodyTooLargeError, excerpt, parse_json
from source_auth0.api.http.deadlines import steady_chunks
from source_auth0.api.http.retry_policy import EXPORT_DOWNLOAD_RETRY_POLICY, EXPORT_POLL_RETRY_POLICY
from source_auth0.api.http.session import PooledSession, no_auth
from source_auth0.config.excluded_fields import ExcludedFields
from source_auth0.config.normalization import LOOPBACK_HOSTS
from source_auth0.engine.thread_pool import release_worker_slot
from source_auth0.errors import transient_error
from source_auth0.records import Page, Row
from source_auth0.timestamps import Milliseconds, timestamp_of, to_milliseconds

LOGGER = logging.getLogger("airbyte.source_auth0")
#: What an export can contain (https://auth0.com/docs/manage-users/user-accounts/user-profiles/user-profile-structure);
#: attributes that identity providers add at the root of a user are not among them.
EXPORTABLE_FIELDS = (
    "user_id", "email", "email_verified", "username", "phone_number", "phone_verified", "name", "given_name",
    "family_name", "nickname", "picture", "created_at", "updated_at", "last_login", "last_ip", "logins_count",
    "last_password_reset", "blocked", "multifactor", "multifactor_last_modified", "identities", "app_metadata",
    "user_metadata",
)  # fmt: skip
#: Documented fields of a user that no export can contain.
NOT_EXPORTABLE_FIELDS = ("blocked_for", "guardian_authenticators", "tenant")
#: What Auth0 calls a job that will not complete; a list, as a status of any type is looked for in it.
ENDED = ["failed", "expired", "canceled"]
ROWS_PER_PAGE = 100
#: Bytes of a line, which is one user; Auth0 allows a megabyte at most.
MAX_LINE_BYTES = 8 << 20
CHUNK_BYTES, MAX_PIECE_BYTES = 1 << 16, 1 << 20
#: Path template, so that rate limits count all jobs as one endpoint.
JOB_PATH = "jobs/{{ stream_partition.id }}"
#: zlib's `wbits` for the gzip format.
GZIP_WINDOW_BITS = 16 + zlib.MAX_WBITS


@dataclass(frozen=True)
class ExportJob:
    """A completed export job; its download link is valid for a minute, and can be renewed for a day."""

    id: str
    created_at: Milliseconds


class ExportError(Exception):
    """The export failed; the message says why."""


#: Errors after which a download is retried.
DOWNLOAD_ERRORS = (
    requests.RequestException,
    urllib3.exceptions.HTTPError,
    zlib.error,
    orjson.JSONDecodeError,
    BodyTooLargeError,
    ExportError,
)


class UserExport:
    """Creates an export job, polls it, and streams its file, which is never whole in memory or on disk."""

    def __init__(self, requester: ManagementApiRequester) -> None:
        self._requester = requester
        self._tenant = requester.tenant
        self._mode = str(self._tenant.config.get("users_initial_load"))
        start_date = self._tenant.config.get("start_date")
        self._since = to_milliseconds(start_date) if start_date else None
        self._connections = frozenset(self._tenant.config.get("users_connections") or [])
        #: The share of a file's bytes that is read; 0 where its length is not known.
        self.share_read = 0.0

    def is_wanted(self, *, without_state: bool) -> bool:
        """Whether the sync begins with an export: only one without saved state, if so configured."""
        return without_state and self._mode in {"export", "export_only"}

    def run(self) -> ExportJob | None:
        """Run a job to completion; None, with a warning, if it failed and users are to be read by search instead."""
        try:
            return self._run_to_completion()
        except (ExportError, AirbyteTracedException) as failure:
            if self._mode == "export_only":
                raise transient_error(f"The export of `{self._requester.name}` failed: {failure}") from failure
            LOGGER.warning(f"The export of `{self._requester.name}` failed, so they are read by search. {failure}")
            return None

    def pages(self, job: ExportJob) -> Iterator[Page]:
        """The users of a completed job; a failed download is retried with a new link, and skips rows handed on."""
        handed_on, attempts = 0, EXPORT_DOWNLOAD_RETRY_POLICY.attempts
        for attempt in range(1, attempts + 1):
            try:
                skip = handed_on
                for page in self._download(self._download_link(job)):
                    fresh, skip = page[skip:], max(skip - len(page), 0)
                    handed_on += len(fresh)
                    yield [row for row in fresh if self._is_in_scope(row)]
            except DOWNLOAD_ERRORS as failure:  # noqa: PERF203 - a handful of attempts
                # Messages of other errors may quote the signed link, or a user.
                reason = str(failure) if isinstance(failure, ExportError) else type(failure).__name__
                LOGGER.warning(f"The download of `{self._requester.name}` broke ({reason}); attempt {attempt}.")
                time.sleep(EXPORT_DOWNLOAD_RETRY_POLICY.wait(attempt))
            else:
                return
        raise transient_error(
            f"The file of the export of `{self._requester.name}` could not be downloaded in {attempts} "
            "attempts. Check that this machine may reach user-exports.auth0.com, or set First Load of Users to "
            "`search`.",
        )

    def _run_to_completion(self) -> ExportJob:
        body = {"format": "json", "fields": [{"name": name} for name in self._fields()]}
        job = _job(self._requester.post_path("jobs/users-exports", body))
        if not (job_id := job.get("id")):
            raise ExportError("Auth0 made no job.")
        # No job is made later than its answer: what changes after a time that is too late would be missed.
        latest = self._tenant.now_ms
        began, polls = time.monotonic(), 0
        while job.get("status") != "completed" or not job.get("location"):
            if job.get("status") in ENDED:
                raise ExportError(
                    f"Auth0 says the job {job['status']}: {excerpt(job.get('status_details')) or 'no details'}."
                )
            if EXPORT_POLL_RETRY_POLICY.is_over(time.monotonic() - began):
                raise ExportError(f"After eight hours the job is still {excerpt(job.get('status')) or 'not done'}.")
            polls += 1
            with self._waiting_for(job), release_worker_slot():
                time.sleep(EXPORT_POLL_RETRY_POLICY.wait(polls))
            job = self._fetch_job(job_id) or {"status": "failed"}
        if (created_at := timestamp_of(job, "created_at")) is None:
            raise ExportError("The job does not say when it was made.")
        return ExportJob(job_id, min(created_at, latest))

    def _waiting_for(self, job: Row) -> AbstractContextManager[None]:
        """The wait for a job, as the progress of the sync tells it; Auth0 may say how much of the file is written."""
        percent = job.get("percentage_done")
        written = f", {percent:.0f} % so far" if isinstance(percent, int | float) else ""
        reason = f"the export that Auth0 writes{written}"
        return self._tenant.progress.waiting(self._requester.name, "export", lambda: reason)

    def _fields(self) -> list[str]:
        """The fields to export; `identities` is always among them if users are filtered by connection here."""
        needed = {"identities"} if self._tenant.config.get("users_connections") else set[str]()
        excluded = set(ExcludedFields.of(self._tenant.config).names) - needed
        return [name for name in EXPORTABLE_FIELDS if name not in excluded]

    def _download_link(self, job: ExportJob) -> str:
        location = str(self._fetch_job(job.id).get("location"))
        with suppress(ValueError):
            url = urlsplit(location)
            # Plain http only for a simulator: a real tenant's files are not on this machine.
            is_local = url.hostname in LOOPBACK_HOSTS and self._tenant.config["base_url"].startswith("http:")
            if url.scheme == "https" or (url.scheme == "http" and is_local):
                return location
        raise ExportError("the job has no https link to its file")

    def _fetch_job(self, job_id: str) -> Row:
        """The current job; empty if it is gone."""
        path = self._requester.path_of(JOB_PATH, {"id": job_id})
        return _job(self._requester.get_path(path, {}, template=JOB_PATH))

    def _download(self, link: str) -> Iterator[Page]:
        """Pages of rows from a gzipped NDJSON file (one JSON object per line)."""
        gzip, rest, page, timeout = _GzipDecoder(), b"", Page(), EXPORT_DOWNLOAD_RETRY_POLICY.timeout
        # No token: the link is signed, and points to another host.
        with (
            releasing_slot_when_slow(),
            PooledSession() as session,
            session.get(link, stream=True, timeout=timeout, allow_redirects=False, auth=no_auth) as response,
        ):
            if response.status_code != requests.codes.ok:
                raise ExportError(f"status {response.status_code}")
            # `raw` yields the bytes as sent, without decoding `Content-Encoding`.
            for piece in (piece for chunk in self._chunks(response) for piece in gzip.decompress(chunk)):
                *lines, rest = (rest + piece).split(b"\n")
                if len(rest) > MAX_LINE_BYTES:
                    raise ExportError("a line of the file does not end")
                for line in lines:
                    if line and not line.isspace():
                        page.append(_row(line))
                    if len(page) == ROWS_PER_PAGE:
                        yield page
                        page = []
        if not gzip.eof:
            raise ExportError("the file ended early")
        yield page + ([_row(rest)] if rest.strip() else [])

    def _chunks(self, response: requests.Response) -> Iterator[bytes]:
        """The bytes of a file as they come."""
        length, received = response.headers.get("content-length", ""), 0
        for chunk in steady_chunks(response, CHUNK_BYTES):
            yield chunk
            received += len(chunk)
            self.share_read = min(received / max(int(length), 1), 1.0) if length.isdecimal() else 0.0

    def _is_in_scope(self, row: Row) -> bool:
        """Whether a row meets the config's start date and connections; a job filters by one connection at most.

        An export leaves out what is null. A row without `updated_at` is judged by `created_at`, which is no later, and
        one without either is kept.
        """
        if self._since is not None:
            dates = (timestamp_of(row, name) for name in ("updated_at", "created_at"))
            if next((date for date in dates if date is not None), self._since) < self._since:
                return False
        return not self._connections or not self._connections.isdisjoint(_connections_of(row))


class _GzipDecoder:
    """Decompresses a gzip file chunk by chunk, including files of several members."""

    def __init__(self) -> None:
        self._member = zlib.decompressobj(wbits=GZIP_WINDOW_BITS)

    @property
    def eof(self) -> bool:
        """Whether the last byte was the end of a member."""
        return self._member.eof

    def decompress(self, chunk: bytes) -> Iterator[bytes]:
        """Decompress the next chunk, in pieces: it may unpack to a thousand times its size."""
        piece = b""
        while chunk or len(piece) == MAX_PIECE_BYTES:
            if self._member.eof:
                # Zero bytes after the last member are padding.
                if not (chunk := chunk.lstrip(b"\0")):
                    break
                self._member = zlib.decompressobj(wbits=GZIP_WINDOW_BITS)
            piece = self._member.decompress(chunk, MAX_PIECE_BYTES)
            chunk = self._member.unused_data if self._member.eof else self._member.unconsumed_tail
            yield piece


def _job(response: Any) -> Row:
    """A job as Auth0 describes it; empty where it describes none."""
    return response if isinstance(response, dict) else {}


def _connections_of(row: Row) -> Iterator[str]:
    identities = row.get("identities")
    for identity in identities if isinstance(identities, list) else []:
        if isinstance(identity, dict) and isinstance(name := identity.get("connection"), str):
            yield name


def _row(line: bytes) -> Row:
    row = parse_json(line)
    if not isinstance(row, dict):
        raise ExportError("a line of the file is no user")
    if not isinstance(row.get("user_id"), str):
        raise ExportError("a line of the file has no `user_id` that is text")
    return row
