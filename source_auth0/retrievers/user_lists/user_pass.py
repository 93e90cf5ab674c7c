"""One pass over a list of users, and its progress as a state that a later sync resumes from."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import takewhile
from typing import Any

from source_auth0.retrievers.log_events.ordering import LogPosition
from source_auth0.timestamps import Milliseconds, to_iso

#: Most users in a state that are pending behind the last finished one; seldom more than workers.
MAX_PENDING_USERS = 24


@dataclass
class UserPass:
    """Users to read in order of id, the timestamp and log position that they cover, and which of them are done."""

    users: Sequence[str]
    until: Milliseconds
    log: LogPosition
    #: The last user that an earlier, interrupted sync had finished.
    resumed_after: str = ""
    #: The number of users at the front that an earlier sync failed to read; they are not in order of id.
    retried: int = 0
    #: The highest index that is done, and the lower ones that are not.
    last_done: int = -1
    pending: list[int] = field(default_factory=list)
    #: How many users were given to workers, and how many of these reads ended, in success or failure.
    dispatched: int = 0
    finished: int = 0
    #: When the deep look-back began that this pass is; None if it is none. From when on it has the users updated since.
    deep_at: Milliseconds | None = None
    since: Milliseconds | None = None
    #: The filter that its users were chosen by, as a state holds it; None for a pass of a version that saved none.
    read_with: Mapping[str, Any] | None = None
    #: The fingerprint of the users in the look-back before `until`, all of whom this pass or an earlier one asked for.
    overlap: str | None = None
    #: Whether it has everybody, and `readings` wants to know; then the first `read_at` of those read so far.
    is_everybody: bool = False
    begun: str | None = None
    #: When each user was deleted whom the log says to be.
    deleted_at: Mapping[str, str] = field(default_factory=dict)

    def mark_done(self, index: int) -> None:
        """Record that the user at this index needs no further read; raises ValueError if it was done before."""
        if index > self.last_done:
            self.pending += range(self.last_done + 1, index)
            self.last_done = index
        else:
            self.pending.remove(index)

    def mark_all_done(self) -> None:
        """Record that nobody needs a further read."""
        self.pending, self.last_done = [], len(self.users) - 1

    @property
    def is_done(self) -> bool:
        """Whether all users are done."""
        return not self.pending and self.last_done == len(self.users) - 1

    @property
    def _unreached(self) -> Iterator[int]:
        """Indexes after `last_done` of users up to `resumed_after`, which an earlier sync left pending."""
        rest = range(max(self.last_done + 1, self.retried), len(self.users))
        return takewhile(lambda index: self.users[index] <= self.resumed_after, rest)

    @property
    def state(self) -> dict[str, Any]:
        """What a later sync resumes from: all users up to `asked` are done, except those in `left`."""
        left = [index for index in (*self.pending, *self._unreached) if index >= self.retried]
        last = self.last_done if len(left) <= MAX_PENDING_USERS else left[MAX_PENDING_USERS] - 1
        asked = max(self.users[last], self.resumed_after) if last >= self.retried else self.resumed_after
        left_users = [self.users[index] for index in left[:MAX_PENDING_USERS]]
        deep = (
            {}
            if self.deep_at is None or self.since is None
            else {"deep_at": to_iso(self.deep_at), "since": to_iso(self.since)}
        )
        filter_state = {} if self.read_with is None else {"read_with": dict(self.read_with)}
        return {
            "until": to_iso(self.until),
            **self.log.state,
            "asked": asked,
            "left": left_users,
            **deep,
            **filter_state,
            **({} if self.begun is None else {"begun": self.begun}),
        }
