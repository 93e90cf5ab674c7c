"""Jobs that export users: their state over time, and the signed links to their files.

https://auth0.com/docs/manage-users/user-migration/bulk-user-exports
Documented: a link is valid for 60 seconds, a job is deleted after 24 hours and times out after eight.
Guesses: `processing` and `failed`, when percentages are shown, how many jobs may be active at once and the
429 beyond that (worded like the one for imports), and that the file shows the users as they were when the job was
created.
"""

from __future__ import annotations

import hashlib
import hmac
import math
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from auth0_simulator.state.clock import Clock, timestamp
from auth0_simulator.state.identifiers import digest, opaque_id
from auth0_simulator.state.users import UserSnapshot
from auth0_simulator.wire.errors import ApiError

JOB_LIFETIME_SECONDS = 86_400
JOB_TIMEOUT_SECONDS = 8 * 3600
OUTCOMES = ("completed", "failed", "pending", "processing")
ACTIVE_STATUSES = ("pending", "processing")
EXPORT_SETTINGS = ("seconds", "link_seconds", "outcome", "max_active")
KEY_PAIR = "KSIMULATEDKEYPAIR"


@dataclass
class ExportJob:
    """One export. `seconds` and `outcome` are the settings at its creation; a test may change them."""

    id: str
    request: dict[str, Any]
    connection: str | None
    tokens: bool
    snapshot: UserSnapshot
    created: float
    started: float
    seconds: float
    outcome: str


class ExportJobStore:
    """The tenant's export jobs, and the settings for new ones.

    seconds: how long a job takes, in real time or by the tenant's clock, whichever is ahead.
    link_seconds: how long a link is valid, by the tenant's clock.
    outcome: the final status of new jobs: "completed" or "failed"; with "pending" or "processing" they never end.
    next_outcomes: the outcomes of the next jobs, one each, before `outcome` applies again; any other value is shown as
        the job's status, for Auth0 documents no list of them.
    max_active: how many jobs may be pending or processing at once; None for any number.
    authorized_downloads: how many downloads were rejected because they had an Authorization header.
    """

    def __init__(self, seed: int, file: str, clock: Clock) -> None:
        self._seed = seed
        self._file = file
        self._clock = clock
        self._key = digest(seed, "export key")
        self._outcome = "completed"
        self.seconds = 0.2
        self.link_seconds: float = 60
        self.max_active: int | None = 2
        self.base_url = ""
        self.reset()

    def reset(self) -> None:
        """Delete every job; the settings stay."""
        self.jobs: list[ExportJob] = []
        self.next_outcomes: list[str] = []
        self.authorized_downloads = 0
        self._made = 0
        self._links = 0

    @property
    def outcome(self) -> str:
        """The final status of new jobs."""
        return self._outcome

    @outcome.setter
    def outcome(self, outcome: str) -> None:
        if outcome not in OUTCOMES:
            raise ValueError(f"no export ends {outcome!r}; known are {', '.join(OUTCOMES)}")
        self._outcome = outcome

    def create(
        self, request: dict[str, Any], connection: str | None, snapshot: UserSnapshot, *, tokens: bool
    ) -> ExportJob:
        """Create a job for a valid request; `tokens` says whether identity providers' tokens are exported."""
        active = sum(self.status(job) in ACTIVE_STATUSES for job in self.jobs)
        if self.max_active is not None and active >= self.max_active:
            message = f"There are {active} active export users jobs, please wait until some of them are finished"
            raise ApiError(429, f"{message} and try again")
        outcome = self.next_outcomes.pop(0) if self.next_outcomes else self._outcome
        now = self._clock.epoch()
        self._made += 1
        job_id = "job_" + opaque_id(self._seed, "export", self._made)
        job = ExportJob(job_id, request, connection, tokens, snapshot, now, time.monotonic(), self.seconds, outcome)
        self.jobs = [*(known for known in self.jobs if now - known.created < JOB_LIFETIME_SECONDS), job]
        return job

    def find(self, job_id: str) -> ExportJob | None:
        """The job with this id, unless it is older than 24 hours."""
        now = self._clock.epoch()
        return next((job for job in self.jobs if job.id == job_id and now - job.created < JOB_LIFETIME_SECONDS), None)

    def status(self, job: ExportJob) -> str:
        """A job's status: pending for the first quarter of its time, then processing."""
        elapsed = self._elapsed(job)
        if job.outcome in ACTIVE_STATUSES:
            return job.outcome if elapsed < JOB_TIMEOUT_SECONDS else "failed"
        if elapsed >= job.seconds:
            return job.outcome
        return "pending" if elapsed < job.seconds / 4 else "processing"

    def describe(self, job: ExportJob, status: str | None = None) -> dict[str, Any]:
        """The job as a response shows it, with a new link once it is completed."""
        status = status or self.status(job)
        body: dict[str, Any] = {"type": "users_export", "status": status, **job.request}
        body |= {"connection": job.connection, "created_at": timestamp(int(job.created * 1000)), "id": job.id}
        if status == "processing":
            share = 0.5 if job.outcome == "processing" else self._elapsed(job) / job.seconds
            body["percentage_done"] = min(99, int(share * 100))
            body["time_left_seconds"] = math.ceil(job.seconds * (1 - min(1.0, share)))
        if status == "completed":
            body |= {"percentage_done": 100, "time_left_seconds": 0, "location": self.link(job)}
        if status == "failed":
            body["status_details"] = "The export failed. Please try again."
            body["summary"] = {"failed": 0, "updated": 0, "inserted": 0, "total": 0}
        return body

    def link(self, job: ExportJob) -> str:
        """A new signed link to the job's file; no two are equal."""
        self._links += 1
        path, expires = self.path(job), str(math.ceil(self._clock.epoch() + self.link_seconds))
        signature = self._signature(path, expires, f"{self._links:06x}")
        query = urlencode({"Expires": expires, "Key-Pair-Id": KEY_PAIR, "Signature": signature})
        return f"{self.base_url}{path}?{query}"

    def path(self, job: ExportJob) -> str:
        """The path of the job's file on the download host."""
        return f"/{job.id}/{self._file}.json.gz"

    def is_valid_link(self, path: str, query: dict[str, str]) -> bool:
        """Whether the signature is valid and the link has not expired."""
        expires, signature = query.get("Expires", ""), query.get("Signature", "")
        genuine = hmac.compare_digest(signature.encode(), self._signature(path, expires, signature[:6]).encode())
        return genuine and self._clock.epoch() < int(expires)

    def _signature(self, path: str, expires: str, number: str) -> str:
        return number + hmac.new(self._key, f"{number}{path}{expires}".encode(), hashlib.sha256).hexdigest()

    def _elapsed(self, job: ExportJob) -> float:
        return max(time.monotonic() - job.started, self._clock.epoch() - job.created)
