"""The rounds in which a long backlog of the log is read: which piece of it is next, and how much of the log it is."""

from collections.abc import Collection
from dataclasses import dataclass

from source_auth0.retrievers.log_events.ordering import LogPosition, event_milliseconds
from source_auth0.retrievers.logs.tenant_log import TenantLog
from source_auth0.timestamps import Milliseconds, to_milliseconds

#: Milliseconds of the log that the first round reads.
FIRST_ROUND_MS = 3_600_000
#: Events of a round below which the next one takes twice the time of the log, and above which half of it.
MIN_EVENTS_PER_ROUND, MAX_EVENTS_PER_ROUND = 20_000, 200_000
#: How often a round is made longer that has no end among the ids to read: where it ends is found by date.
MAX_LONGER = 3


@dataclass
class LogRounds:
    """How a reader of the log proceeds where it does not read all of a backlog at once.

    newest_first: each round is the newest of what is left, else the oldest; within a round workers read side by side.
    """

    log: TenantLog
    newest_first: bool
    milliseconds: Milliseconds = FIRST_ROUND_MS

    def boundary(self, waiting: Collection[tuple[LogPosition, LogPosition]]) -> LogPosition | None:
        """The position that parts the next round from the rest of the ranges that wait; None where all are the round.

        A round is bounded by an event's id, as all ranges are: an event that arrives late is behind it or before it
        whatever its date, and in one of both.
        """
        low, high = min(low.order for low, _ in waiting), max(high.order for _, high in waiting)
        start = self._start(waiting)
        for longer in range(MAX_LONGER):
            step = self.milliseconds << longer
            at = start - step if self.newest_first else start + step
            found = self.log.first_from(max(at, 0))
            if found is None and not self.newest_first:
                return None
            if found is not None and low < (position := LogPosition.of(found)).order < high:
                return position
        return None

    def _start(self, waiting: Collection[tuple[LogPosition, LogPosition]]) -> Milliseconds:
        if self.newest_first:
            return to_milliseconds(max(waiting, key=lambda pair: pair[1].order)[1].date)
        first = min(waiting, key=lambda pair: pair[0].order)
        dates = [first[0].date] if first[0].date else []
        times = map(to_milliseconds, dates) if dates else map(event_milliseconds, self.log.following(first[0]))
        return next((at for at in times if at is not None), to_milliseconds(first[1].date))

    def adapt(self, events: int) -> None:
        """Make the next round longer or shorter, after one with so many events."""
        if events < MIN_EVENTS_PER_ROUND:
            self.milliseconds *= 2
        elif events > MAX_EVENTS_PER_ROUND:
            self.milliseconds = max(self.milliseconds // 2, 1)
