"""A users export whose job was created at ten o'clock."""

from collections.abc import Iterator

from source_auth0.retrievers.users.export_job import ExportJob
from source_auth0.timestamps import to_milliseconds
from testing.fakes.times import timestamp
from testing.fakes.user_search import User, users_at

JOB_ID = "job_1"


class FakeUserExport:
    """Stands in for `UserExport`: its job was created at ten, and its file holds two users.

    wanted: whether the config asks for an export. fails: whether the job fails. calls: the
    `without_state` of each call of `is_wanted`.
    """

    def __init__(self, *, wanted: bool = True, fails: bool = False) -> None:
        self.wanted, self.fails = wanted, fails
        self.calls: list[bool] = []
        self.share_read = 0.0

    def is_wanted(self, *, without_state: bool) -> bool:
        """Whether to export: only where the sync starts from nothing."""
        self.calls.append(without_state)
        return self.wanted and without_state

    def run(self) -> ExportJob | None:
        """The finished job, or None if it failed."""
        return None if self.fails else ExportJob(JOB_ID, to_milliseconds(timestamp(36_000)))

    def pages(self, job: ExportJob) -> Iterator[list[User]]:
        """The only page of the job's file."""
        assert job.id == JOB_ID
        yield users_at(1, 2)
