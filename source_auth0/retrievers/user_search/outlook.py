"""How many users a sync has to read, as far as Auth0's totals tell, or the size of an export's file."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from source_auth0.api.tenant import Tenant
from source_auth0.progress.advice import users_advice
from source_auth0.progress.expectation import ABOUT, AT_LEAST, COUNTED, Expectation
from source_auth0.retrievers.user_search.time_slices import TimeSlice

#: The name of a read of ids alone, for streams of single users.
USER_IDS = "the ids of users"


class UsersOutlook:
    """What is known of the number of users, told to the progress of the sync; `name` is the stream, or `USER_IDS`."""

    def __init__(self, tenant: Tenant, name: str) -> None:
        self._tenant, self.name = tenant, name
        #: Rows handed on so far.
        self.rows = 0

    def part_begun(
        self, counted: int | None, slices: Callable[[], Sequence[object]], *, is_last: bool, is_first_load: bool
    ) -> None:
        """Tell of a part of the walk that begins, of which Auth0 counted so many users; None where it may be capped.

        is_last: whether no part follows. is_first_load: whether an export could take the place of the walk.
        """
        advice = users_advice(self._tenant.config, may_export=is_first_load)
        if counted is None:
            self._expect(lambda: self._at_least([*slices()], advice))
        else:
            total, certainty = self.rows + counted, COUNTED if is_last else AT_LEAST
            self._expect(lambda: self._in_users(Expectation(total, certainty=certainty, advice=advice)))

    def export_begun(self, share_read: Callable[[], float]) -> None:
        """Tell of an export's file, of which such a share of the bytes is read."""
        self._expect(lambda: self._by_share(share_read()))

    def _expect(self, expected: Callable[[], Expectation]) -> None:
        self._tenant.progress.expect(self.name, expected)

    def _in_users(self, expected: Expectation) -> Expectation:
        """The same of users who are no rows of a stream, whom nobody else counts."""
        return replace(expected, done=self.rows, unit="users") if self.name == USER_IDS else expected

    def _at_least(self, slices: list[object], advice: str) -> Expectation:
        """What slices that are being read still have, of which some may not know it."""
        left = sum(work.remaining or 0 for work in slices if isinstance(work, TimeSlice) and work.being_read)
        return self._in_users(Expectation(left=left, certainty=AT_LEAST, advice=advice))

    def _by_share(self, share: float) -> Expectation:
        left = round(self.rows / share - self.rows) if share else None
        return Expectation(left=left, certainty=ABOUT, per_request=0)
