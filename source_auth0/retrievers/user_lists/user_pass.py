"""A round of users to ask, one by one, and how far it has come."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import takewhile
from typing import Any

from source_auth0.retrievers.log_events.ordering import LogPosition
from source_auth0.timestamps import Milliseconds, to_iso

#: Users still being asked, behind whom others were asked already, whom a state names; seldom more than workers.
MAX_PENDING_USERS = 24


@dataclass
class UserPass:
    """Users to ask in the order of their ids, up to a moment and a place in the log, and how far that has come."""

    users: list[str]
    until: Milliseconds
    log: LogPosition
    #: The last one that an earlier sync was done with.
    skipped: str = ""
    #: So many whom an earlier sync could not read come before the others.
    retried: int = 0
    #: The last place that is done with, and those before it that are not.
    last: int = -1
    pending: list[int] = field(default_factory=list)
    #: How many were given to workers, and how many of their readings are over, well or not.
    dispatched: int = 0
    finished: int = 0

    def done(self, place: int) -> None:
        """One user needs no asking any more."""
        if place > self.last:
            self.pending += range(self.last + 1, place)
            self.last = place
        else:
            self.pending.remove(place)

    @property
    def is_done(self) -> bool:
        """Whether nobody is left to ask."""
        return not self.pending and self.last == len(self.users) - 1

    @property
    def _unreached(self) -> Iterator[int]:
        """Places behind the last one of users whom an earlier sync had left behind others, and none has come to yet."""
        behind = range(max(self.last + 1, self.retried), len(self.users))
        return takewhile(lambda place: self.users[place] <= self.skipped, behind)

    @property
    def state(self) -> dict[str, Any]:
        """What another sync needs to go on from here: everybody up to `asked` was asked, but for those `left`."""
        left = [place for place in (*self.pending, *self._unreached) if place >= self.retried]
        last = self.last if len(left) <= MAX_PENDING_USERS else left[MAX_PENDING_USERS] - 1
        asked = max(self.users[last], self.skipped) if last >= self.retried else self.skipped
        named = [self.users[place] for place in left[:MAX_PENDING_USERS]]
        return {"until": to_iso(self.until), **self.log.state, "asked": asked, "left": named}
