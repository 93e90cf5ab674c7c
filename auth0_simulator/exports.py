"""Jobs that export users: their state over time, and the signed links to their files.

https://auth0.com/docs/manage-users/user-migration/bulk-user-exports
Documented: a link is valid for 60 seconds, a job is gone after 24 hours and times out after eight.
Guesses: `processing` and `failed`, when percentages are shown, how many jobs may be active at once and the
429 beyond that (it is worded like the one for imports), and that the file shows the users as they were when the
job was made.
"""

from __future__ import annotations

import hashlib
import hmac
import math
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from auth0_simulator.clock import Clock, timestamp
from auth0_simulator.errors import Refusal
from auth0_simulator.identifiers import digest, opaque
from auth0_simulator.users import Snapshot

LIFETIME = 86_400
TIMEOUT = 8 * 3600
OUTCOMES = ("completed", "failed", "pending", "processing")
ACTIVE = ("pending", "processing")
KNOBS = ("seconds", "link_seconds", "outcome", "max_active")
KEY_PAIR = "KSIMULATEDKEYPAIR"


@dataclass
class Job:
    """One export. `seconds` and `outcome` are those in force when it was made; a test may change them."""

    id: str
    request: dict[str, Any]
    connection: str | None
    tokens: bool
    snapshot: Snapshot
    created: float
    started: float
    seconds: float
    outcome: str


class Exports:
    """The tenant's export jobs and what a test may turn.

    seconds: how long a job takes, by real time or by the tenant's clock, whichever runs ahead.
    link_seconds: how long a link is valid, by the tenant's clock.
    outcome: how new jobs end: "completed", "failed", or never: "pending", "processing".
    upcoming: outcomes of the next jobs, one each, before `outcome` holds again; one that is not known is shown as the
        status that it is, for Auth0 documents no list of them.
    max_active: how many jobs may be pending or processing at once; None for any number.
    authorized_downloads: how many downloads were refused because they carried an Authorization header.
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
        """No jobs; the knobs stay."""
        self.jobs: list[Job] = []
        self.upcoming: list[str] = []
        self.authorized_downloads = 0
        self._made = 0
        self._links = 0

    @property
    def outcome(self) -> str:
        """How new jobs end."""
        return self._outcome

    @outcome.setter
    def outcome(self, outcome: str) -> None:
        if outcome not in OUTCOMES:
            raise ValueError(f"no export ends {outcome!r}; known are {', '.join(OUTCOMES)}")
        self._outcome = outcome

    def create(self, request: dict[str, Any], connection: str | None, snapshot: Snapshot, *, tokens: bool) -> Job:
        """A job for a valid request; `tokens` says whether those of identity providers are exported."""
        active = sum(self.status(job) in ACTIVE for job in self.jobs)
        if self.max_active is not None and active >= self.max_active:
            message = f"There are {active} active export users jobs, please wait until some of them are finished"
            raise Refusal(429, f"{message} and try again")
        outcome = self.upcoming.pop(0) if self.upcoming else self._outcome
        now = self._clock.epoch()
        self._made += 1
        job_id = "job_" + opaque(self._seed, "export", self._made)
        job = Job(job_id, request, connection, tokens, snapshot, now, time.monotonic(), self.seconds, outcome)
        self.jobs = [*(known for known in self.jobs if now - known.created < LIFETIME), job]
        return job

    def find(self, job_id: str) -> Job | None:
        """The job, unless its 24 hours are over."""
        now = self._clock.epoch()
        return next((job for job in self.jobs if job.id == job_id and now - job.created < LIFETIME), None)

    def status(self, job: Job) -> str:
        """Where a job stands: a quarter of its time it waits."""
        elapsed = self._elapsed(job)
        if job.outcome in ACTIVE:
            return job.outcome if elapsed < TIMEOUT else "failed"
        if elapsed >= job.seconds:
            return job.outcome
        return "pending" if elapsed < job.seconds / 4 else "processing"

    def describe(self, job: Job, status: str | None = None) -> dict[str, Any]:
        """The job as an answer shows it, with a fresh link once it is completed."""
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

    def link(self, job: Job) -> str:
        """A signed link to the job's file, unlike every other one."""
        self._links += 1
        path, expires = self.path(job), str(math.ceil(self._clock.epoch() + self.link_seconds))
        signature = self._signature(path, expires, f"{self._links:06x}")
        query = urlencode({"Expires": expires, "Key-Pair-Id": KEY_PAIR, "Signature": signature})
        return f"{self.base_url}{path}?{query}"

    def path(self, job: Job) -> str:
        """Where the job's file is on the download host."""
        return f"/{job.id}/{self._file}.json.gz"

    def opened_by(self, path: str, query: dict[str, str]) -> bool:
        """Whether the link is one of ours and still valid."""
        expires, signature = query.get("Expires", ""), query.get("Signature", "")
        genuine = hmac.compare_digest(signature.encode(), self._signature(path, expires, signature[:6]).encode())
        return genuine and self._clock.epoch() < int(expires)

    def _signature(self, path: str, expires: str, number: str) -> str:
        return number + hmac.new(self._key, f"{number}{path}{expires}".encode(), hashlib.sha256).hexdigest()

    def _elapsed(self, job: Job) -> float:
        return max(time.monotonic() - job.started, self._clock.epoch() - job.created)
