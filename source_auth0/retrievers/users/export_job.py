"""The first load of users by an export job: one request for the whole tenant, and a file to stream."""

import logging
import time
import zlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import orjson
import requests
import urllib3
from airbyte_cdk.utils.traced_exception import AirbyteTracedException

from source_auth0.api.client import ManagementApiRequester
from source_auth0.api.http.bodies import excerpt, parse_json
from source_auth0.api.http.session import no_auth, proxies_for
from source_auth0.config.excluded_fields import ExcludedFields
from source_auth0.config.normalization import LOOPBACK_HOSTS
from source_auth0.errors import transient_error
from source_auth0.records import Page, Row
from source_auth0.timestamps import Milliseconds, to_milliseconds

LOGGER = logging.getLogger("airbyte.source_auth0")
#: What an export can carry (https://auth0.com/docs/manage-users/user-accounts/user-profiles/user-profile-structure);
#: attributes that identity providers add at the root are not among them.
EXPORTABLE_FIELDS = (
    "user_id", "email", "email_verified", "username", "phone_number", "phone_verified", "name", "given_name",
    "family_name", "nickname", "picture", "created_at", "updated_at", "last_login", "last_ip", "logins_count",
    "last_password_reset", "blocked", "multifactor", "multifactor_last_modified", "identities", "app_metadata",
    "user_metadata",
)  # fmt: skip
#: What Auth0 documents of a user and no export can carry.
NOT_EXPORTABLE_FIELDS = ("blocked_for", "guardian_authenticators", "tenant")
#: Auth0 ends a job after eight hours.
MAX_EXPORT_SECONDS = 8 * 3600.0
MIN_EXPORT_POLL_SECONDS, MAX_EXPORT_POLL_SECONDS, EXPORT_POLL_GROWTH = 0.25, 15.0, 1.5
ROWS_PER_PAGE = 100
#: Bytes of a user, who has a megabyte at most.
MAX_LINE_BYTES = 8 << 20
CHUNK_BYTES = 1 << 16
#: One endpoint for Auth0, whichever job is asked for.
JOB_PATH = "jobs/{{ stream_partition.id }}"
MAX_DOWNLOAD_ATTEMPTS = 5
#: What zlib is told of a file with the header and the checksum of gzip.
GZIP_WINDOW_BITS = 16 + zlib.MAX_WBITS


@dataclass(frozen=True)
class ExportJob:
    """A finished export job; its link lasts a minute, and another is to be had for a day."""

    id: str
    created_at: Milliseconds


class ExportError(Exception):
    """Why there is no export."""


#: What a download may break with.
DOWNLOAD_ERRORS = (
    requests.RequestException,
    urllib3.exceptions.HTTPError,
    zlib.error,
    orjson.JSONDecodeError,
    ExportError,
)


class UserExport:
    """Creates the job, waits for it, and streams its file, which is never whole in memory nor on disk."""

    def __init__(self, requester: ManagementApiRequester) -> None:
        self._requester = requester
        self._tenant = requester.tenant
        self._mode = str(self._tenant.get("users_initial_load"))
        start_date = self._tenant.get("start_date")
        self._since = to_milliseconds(start_date) if start_date else None
        self._connections = frozenset(self._tenant.get("users_connections") or [])

    def is_wanted(self, *, from_nothing: bool) -> bool:
        """Whether a sync that starts from nothing is to begin with an export."""
        return from_nothing and self._mode in {"export", "export_only"}

    def run(self) -> ExportJob | None:
        """The finished job; None where it failed and users are to be read by search instead, which a warning says."""
        try:
            return self._finished()
        except (ExportError, AirbyteTracedException) as failure:
            if self._mode == "export_only":
                raise transient_error(f"The export of `{self._requester.name}` failed: {failure}") from failure
            LOGGER.warning(f"The export of `{self._requester.name}` failed, so they are read by search. {failure}")
            return None

    def pages(self, job: ExportJob) -> Iterator[Page]:
        """The users of a finished job; a broken download starts over with a fresh link, past the rows handed on."""
        handed_on = 0
        for attempt in range(1, MAX_DOWNLOAD_ATTEMPTS + 1):
            try:
                skip = handed_on
                for page in self._download(self._link(job)):
                    fresh, skip = page[skip:], max(skip - len(page), 0)
                    handed_on += len(fresh)
                    yield [row for row in fresh if self._is_chosen(row)]
            except DOWNLOAD_ERRORS as failure:  # noqa: PERF203 - a handful of attempts
                # What others say may quote the link, which is signed, or a user.
                why = str(failure) if isinstance(failure, ExportError) else type(failure).__name__
                LOGGER.warning(f"The download of `{self._requester.name}` broke ({why}); attempt {attempt}.")
                time.sleep(attempt)
            else:
                return
        raise transient_error(
            f"The file of the export of `{self._requester.name}` could not be downloaded in {MAX_DOWNLOAD_ATTEMPTS} "
            "attempts. Check that this machine may reach user-exports.auth0.com, or set First Load of Users to "
            "`search`.",
        )

    def _finished(self) -> ExportJob:
        wanted = {"format": "json", "fields": [{"name": name} for name in self._fields()]}
        job = self._requester.post_path("jobs/users-exports", wanted) or {}
        if not job.get("id"):
            raise ExportError("Auth0 made no job.")
        began, wait = time.monotonic(), MIN_EXPORT_POLL_SECONDS
        while job.get("status") != "completed" or not job.get("location"):
            if job.get("status") in {"failed", "expired", "canceled"}:
                raise ExportError(
                    f"Auth0 says the job {job['status']}: {excerpt(job.get('status_details')) or 'no details'}."
                )
            if time.monotonic() - began > MAX_EXPORT_SECONDS:
                raise ExportError(f"After eight hours the job is still {excerpt(job.get('status')) or 'not done'}.")
            time.sleep(wait)
            wait = min(wait * EXPORT_POLL_GROWTH, MAX_EXPORT_POLL_SECONDS)
            job = self._again(job["id"]) or {"status": "failed"}
        try:
            return ExportJob(job["id"], to_milliseconds(job["created_at"]))
        except (KeyError, TypeError, ValueError, AttributeError):
            raise ExportError("The job does not say when it was made.") from None

    def _fields(self) -> list[str]:
        """What the file is to hold; users are chosen by their connections here, so that it needs those to choose by."""
        chooses = {"identities"} if self._tenant.get("users_connections") else set[str]()
        excluded = set(ExcludedFields.of(self._tenant).names) - chooses
        return [name for name in EXPORTABLE_FIELDS if name not in excluded]

    def _link(self, job: ExportJob) -> str:
        location = str((self._again(job.id) or {}).get("location"))
        with suppress(ValueError):
            url = urlsplit(location)
            # A real tenant's files are not on this machine.
            is_local = url.hostname in LOOPBACK_HOSTS and self._tenant["base_url"].startswith("http:")
            if url.scheme == "https" or (url.scheme == "http" and is_local):
                return location
        raise ExportError("the job has no https link to its file")

    def _again(self, job_id: str) -> Any:
        """The job as it is now; None where it is gone."""
        return self._requester.get_path(self._requester.path_of(JOB_PATH, {"id": job_id}), {}, template=JOB_PATH)

    def _download(self, link: str) -> Iterator[Page]:
        """Pages of rows out of a gzipped file with a JSON object a line."""
        unzip, rest, page = _GzipDecoder(), b"", Page()
        # No token: the link is signed, and leads to another host.
        with requests.get(
            link, stream=True, timeout=(10, 60), allow_redirects=False, auth=no_auth, proxies=proxies_for(link)
        ) as answer:
            if answer.status_code != requests.codes.ok:
                raise ExportError(f"status {answer.status_code}")
            # As it was sent: `requests` lets `raw` decode nothing.
            for chunk in answer.raw.stream(CHUNK_BYTES):
                *lines, rest = (rest + unzip.decompress(chunk)).split(b"\n")
                if len(rest) > MAX_LINE_BYTES:
                    raise ExportError("a line of the file does not end")
                for line in lines:
                    if line and not line.isspace():
                        page.append(_row(line))
                    if len(page) == ROWS_PER_PAGE:
                        yield page
                        page = []
        if not unzip.eof:
            raise ExportError("the file ended early")
        yield page + ([_row(rest)] if rest.strip() else [])

    def _is_chosen(self, row: Row) -> bool:
        """Whether a row is one that the config asks for: an export knows neither start date nor several connections."""
        if self._since is not None and to_milliseconds(row["updated_at"]) < self._since:
            return False
        chosen = self._connections
        return not chosen or any(identity.get("connection") in chosen for identity in row.get("identities") or [])


class _GzipDecoder:
    """Unzips a file piece by piece, one of several members too."""

    def __init__(self) -> None:
        self._member = zlib.decompressobj(wbits=GZIP_WINDOW_BITS)
        self.eof = False

    def decompress(self, chunk: bytes) -> bytes:
        """What a chunk of the file adds."""
        out = self._member.decompress(chunk)
        # Zeros after the last member are padding.
        while self._member.eof and (following := self._member.unused_data.lstrip(b"\0")):
            self._member = zlib.decompressobj(wbits=GZIP_WINDOW_BITS)
            out += self._member.decompress(following)
        self.eof = self._member.eof
        return out


def _row(line: bytes) -> Row:
    row = parse_json(line)
    if not isinstance(row, dict):
        raise ExportError("a line of the file is no user")
    return row
