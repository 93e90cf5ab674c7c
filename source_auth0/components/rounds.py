"""A round of users to ask, one by one, and how far it has come."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from source_auth0.components.log import Spot
from source_auth0.components.windows import Milliseconds, text_of

#: Users asked behind one that takes long whom a state names one by one; with 16 workers there are seldom more.
BEYOND = 24


@dataclass
class Round:
    """Users to ask in the order of their ids, up to a moment and a place in the log, and how far that has come."""

    users: list[str]
    until: Milliseconds
    log: Spot
    #: The last one that an earlier sync was done with.
    skipped: str = ""
    #: So many that an earlier sync could not read come before the others.
    again: int = 0
    #: Everybody before this one is done with, and these behind it.
    place: int = 0
    beyond: set[int] = field(default_factory=set)
    #: How many were given to workers, and how many of their readings are over, well or not.
    given: int = 0
    over: int = 0

    def to_ask(self, known: Collection[str]) -> Iterator[int]:
        """The place of everybody but for those who are known to have been asked, one at a time."""
        for place, user in enumerate(self.users):
            if user in known:
                self.done(place)
        for place, user in enumerate(self.users):
            if user not in known:
                self.given += 1
                yield place

    def done(self, place: int) -> None:
        """One user needs no asking any more."""
        self.beyond.add(place)
        while self.place in self.beyond:
            self.beyond.remove(self.place)
            self.place += 1

    @property
    def is_done(self) -> bool:
        """Whether nobody is left to ask."""
        return self.place == len(self.users)

    @property
    def state(self) -> dict[str, Any]:
        """What another sync needs to go on from here."""
        last = self.users[self.place - 1] if self.place > self.again else self.skipped
        # Few are still being asked in between: whoever takes long holds up no search for the next ones.
        behind = (self.users[place] for place in range(self.place, len(self.users)) if place in self.beyond)
        beyond = list(islice(behind, min(BEYOND, len(self.beyond))))
        at = {"log_id": self.log.log_id, "date": self.log.date}
        return {"until": text_of(self.until), **at, "asked": last, "beyond": beyond}
