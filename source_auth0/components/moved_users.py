"""Which users a stream of single users' lists asks for: everybody at first, then those who moved and those named."""

import logging
import threading
from collections.abc import Iterable, Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from airbyte_cdk.models import FailureType
from airbyte_cdk.sources.types import StreamSlice
from airbyte_cdk.utils.traced_exception import AirbyteTracedException

from source_auth0.components.crew import verify_wanted
from source_auth0.components.log import LATENESS, Spot, TenantLog
from source_auth0.components.log_cursor import SpotCursor, refuse_beyond
from source_auth0.components.log_events import users_named
from source_auth0.components.log_facts import LogFacts
from source_auth0.components.problems import MissingScope
from source_auth0.components.rounds import Round
from source_auth0.components.saved_states import lies_ahead, verify_list, verify_moment, verify_text, verify_whole
from source_auth0.components.user_ids import UserIds, chosen
from source_auth0.components.windows import Milliseconds, look_back, moment_of, text_of

if TYPE_CHECKING:
    from source_auth0.components.per_user import OfUsers

LOGGER = logging.getLogger("airbyte.source_auth0")
#: Users who could not be read whom a state names for the next sync; with more, nobody else is asked.
MOST_MISSED = 8
#: What a state says of a round that was begun.
ROUND = ("until", "log_id", "date", "asked", "left")


class MovedUsers(SpotCursor):
    """A slice for each user to ask: those whose `updated_at` moved, and those that events of the log name.

    Everybody in a full refresh and in a first sync. The framework would ask everybody every time, or keep a state for
    each user; this one stays below 2 KB whatever their number.
    """

    names = ("updated_at", "log_id", "date", "open", "missed")
    reader: "OfUsers"  # type: ignore[assignment] # it reads users, and only looks at the log

    def __init__(self, **known: Any) -> None:
        super().__init__(**known)
        self._changed = threading.Condition()
        self._round: Round | None = None
        self._mark: dict[str, Any] | None = None
        self._missed: set[str] = set()
        self._has_given_up = False
        self._unsaid = 0

    def stream_slices(self) -> Iterator[StreamSlice]:
        """A slice for each user; what an interrupted sync left open comes first."""
        saved, log = self.saved(), TenantLog(self.reader.requester)
        # First of all, since the answer tells the tenant's clock.
        end = self._end_of(log, Spot.saved_in(saved.get("open") or saved))
        if saved and lies_ahead(self.tenant, _latest(saved), self._stream_name):
            saved = {}
        mark = {name: saved[name] for name in ("updated_at", "log_id", "date") if name in saved}
        missed = set(saved.get("missed", []))
        for current in self._rounds(saved, log, end):
            with self._changed:
                if self._mark is None:
                    self._mark, self._missed = mark, missed
                self._round = current
            for place, user_id in enumerate(current.users):
                if self._has_given_up:
                    break
                current.given += 1
                extra = {"cursor": self, "round": current, "place": place}
                yield StreamSlice(partition={"user_id": user_id}, cursor_slice={}, extra_fields=extra)
            if not self._ended(current):
                return

    @contextmanager
    def asking(self, current: Round, place: int) -> Iterator[bool]:
        """Around the reading of one user: whether to ask at all, and afterwards, what became of it."""
        is_wanted = not self._has_given_up
        try:
            yield is_wanted
        except Exception as why:
            self._failed(current, place, why)
            raise
        else:
            if is_wanted:
                self._asked(current, place)
        finally:
            with self._changed:
                current.over += 1
                self._changed.notify_all()

    def _asked(self, current: Round, place: int) -> None:
        """All rows of the user in this place are handed on; a state that says so may follow them."""
        with self._changed:
            current.done(place)
            self._missed.discard(current.users[place])
            self._unsaid += 1
            if self._incremental and self._unsaid >= self.tenant.workers:
                self._unsaid = 0
                self.send()

    def _failed(self, current: Round, place: int, why: Exception) -> None:
        """One user is left to the next sync; many, or what a person has to mend, leave everybody to it."""
        is_everybodys = isinstance(why, AirbyteTracedException) and why.failure_type == FailureType.config_error
        with self._changed:
            if is_everybodys or len(self._missed | {current.users[place]}) > MOST_MISSED:
                self._has_given_up = True
            else:
                self._missed.add(current.users[place])
                current.done(place)

    def _ended(self, current: Round) -> bool:
        """Wait until all readings of a round are over; False where that left somebody to ask."""
        with self._changed:
            while current.over < current.given:
                self._changed.wait(1.0)
                verify_wanted()
            if current.is_done:
                self._mark, self._round = {"updated_at": text_of(current.until), **current.log.saved}, None
            return current.is_done

    def remembered(self) -> MutableMapping[str, Any]:
        """Up to when users moved and were named who have been asked, and while they are asked, how far that is.

        `missed` are those who could not be read, whatever the rest says.
        """
        if self._mark is None:
            return dict(self.saved())
        missed = {"missed": sorted(self._missed)} if self._missed else {}
        return {**self._mark, **missed, **({"open": self._round.state} if self._round else {})}

    def _rounds(self, saved: Mapping[str, Any], log: TenantLog, end: Spot) -> Iterator[Round]:
        """What an interrupted sync left to ask, then everybody who moved or was named after it began."""
        begun = saved.get("open")
        begin = moment_of(saved["updated_at"]) if "updated_at" in saved else None
        spot = Spot.saved_in(saved)
        moved = UserIds.of(self.reader.requester, begin)
        again, tried = sorted(saved.get("missed", [])), set(saved.get("missed", []))
        if begun:
            until, upto = moment_of(begun["until"]), Spot.saved_in(begun)
            users = {*moved.between(None, until)} | self._named(log, spot, upto, begin)
            left = sorted(user for user in users - tried if user > begun["asked"] or user in begun["left"])
            yield Round([*again, *left], until, upto, begun["asked"], len(again))
            begin, spot, again = until, upto, []
        since = None if begin is None else begin - look_back(self.tenant)
        users = {*moved.between(since, None)} | self._named(log, spot, end, begin)
        left = sorted(users - (self._missed if begun else tried))
        # Clocks are told to the second, and no state may fall behind the one before.
        yield Round([*again, *left], max(moved.until, begin or 0), end, again=len(again))

    def _end_of(self, log: TenantLog, known: Spot) -> Spot:
        """Where the log ends; where it may not be read, the place that is known stays for when it may."""
        if not self._incremental:
            return known
        try:
            refuse_beyond(log.end, known, self._stream_name)
        except MissingScope as refusal:
            self._say_what_is_missed(refusal)
            return known
        return log.end

    def _named(self, log: TenantLog, low: Spot, high: Spot, begin: Milliseconds | None) -> set[str]:
        """The users that events between two places name, of the kinds that change this stream's rows."""
        kinds = {*self.reader.named_by, *self.reader.named_by_types}
        if begin is None or not high.log_id or not kinds:
            return set()
        if not low.log_id:
            # The log was empty, or not to be read.
            low = log.before(high, max(moment_of(high.date) - begin, 0) + LATENESS)
        stretches = LogFacts.of(self.tenant).between(log, low, high)
        events = (event for stretch in stretches for event in stretch.events)
        named = {user for event in events for kind, user in users_named(event) if kind in kinds}
        return chosen(self.reader.requester, named)

    def _say_what_is_missed(self, refusal: MissingScope) -> None:
        if self.tenant.first_time("users that the log names"):
            LOGGER.warning(
                "Streams of single users ask only for users whose profile moved, not for those that the tenant's log "
                f"names, since the application lacks the scope `{refusal.scopes[0]}`."
            )

    def verify(self, saved: Mapping[str, Any]) -> None:
        """Raise whatever comes of a state that no version of this stream has left."""
        begun = saved.get("open")
        if begun is None or {"updated_at", "log_id", "date"} & set(saved):
            moment_of(saved["updated_at"])
            super().verify(saved)
        if begun is not None:
            verify_whole(begun, ROUND)
            verify_moment(begun["until"])
            super().verify(begun)
            _verify_users([begun["asked"], *verify_list(begun["left"])])
        _verify_users(verify_list(saved.get("missed", [])))


def _latest(saved: Mapping[str, Any]) -> Milliseconds:
    """The latest moment that a state names."""
    texts = [saved.get("updated_at"), (saved.get("open") or {}).get("until")]
    return max(moment_of(text) for text in texts if text)


def _verify_users(ids: Iterable[Any]) -> None:
    for user_id in ids:
        verify_text(user_id)
