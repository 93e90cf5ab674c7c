"""Which users a stream of single users' lists asks for: everybody at first, then those who moved and those named."""

import logging
import threading
from collections.abc import Collection, Iterable, Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from airbyte_cdk.models import FailureType
from airbyte_cdk.sources.types import StreamSlice
from airbyte_cdk.utils.traced_exception import AirbyteTracedException

from source_auth0.api.client import ManagementApiRequester
from source_auth0.config.options import look_back
from source_auth0.engine.thread_pool import raise_if_cancelled
from source_auth0.errors import MissingScopeError
from source_auth0.retrievers.cursors.state_validation import (
    is_in_future,
    validate_keys_and_size,
    validate_list,
    validate_text,
    validate_timestamp,
)
from source_auth0.retrievers.log_events.facts import users_named
from source_auth0.retrievers.log_events.ordering import MAX_EVENT_LATENESS_MS, LogPosition
from source_auth0.retrievers.logs.cursors import LogPositionCursor, raise_if_beyond_log
from source_auth0.retrievers.logs.derived_events import DerivedEvents
from source_auth0.retrievers.logs.tenant_log import TenantLog
from source_auth0.retrievers.user_lists.user_ids import UserIds, users_in_scope
from source_auth0.retrievers.user_lists.user_pass import UserPass
from source_auth0.timestamps import Milliseconds, to_iso, to_milliseconds

LOGGER = logging.getLogger("airbyte.source_auth0")
#: Users who could not be read whom a state names for the next sync; with more, nobody else is asked.
MAX_FAILED_USERS = 8
#: What a state says of a round that was begun.
PASS_STATE_KEYS = ("until", "log_id", "date", "asked", "left")


@dataclass(frozen=True)
class UserSelection:
    """Which events of the log name users whose rows may have changed, and what asks for users and events.

    named_by: paths of writes below /api/v2. named_by_types: types of other log events.
    """

    requester: ManagementApiRequester
    named_by: Collection[str] = ()
    named_by_types: Collection[str] = ()


class ChangedUsersCursor(LogPositionCursor):
    """A slice for each user to ask: those whose `updated_at` moved, and those that events of the log name.

    Everybody in a full refresh and in a first sync. The framework would ask everybody every time, or keep a state for
    each user; this one stays below 2 KB whatever their number.
    """

    state_keys = ("updated_at", "log_id", "date", "open", "missed")
    selection: UserSelection

    def __init__(self, **known: Any) -> None:
        super().__init__(**known)
        self._changed = threading.Condition()
        self._round: UserPass | None = None
        self._mark: dict[str, Any] | None = None
        self._missed: set[str] = set()
        self._has_given_up = False
        self._unsaid = 0

    def stream_slices(self) -> Iterator[StreamSlice]:
        """A slice for each user; what an interrupted sync left open comes first."""
        saved, log = self.initial_state(), TenantLog(self.selection.requester)
        # First of all, since the answer tells the tenant's clock.
        end = self._end_of(log, LogPosition.from_state(saved.get("open") or saved))
        if saved and is_in_future(self.tenant, _latest_timestamp(saved), self._stream_name):
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
                current.dispatched += 1
                extra = {"cursor": self, "round": current, "place": place}
                yield StreamSlice(partition={"user_id": user_id}, cursor_slice={}, extra_fields=extra)
            if not self._ended(current):
                return

    @contextmanager
    def reading_user(self, current: UserPass, place: int) -> Iterator[bool]:
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
                current.finished += 1
                self._changed.notify_all()

    def _asked(self, current: UserPass, place: int) -> None:
        """All rows of the user in this place are handed on; a state that says so may follow them."""
        with self._changed:
            current.done(place)
            self._missed.discard(current.users[place])
            self._unsaid += 1
            if self._incremental and self._unsaid >= self.tenant.workers:
                self._unsaid = 0
                self.emit_state()

    def _failed(self, current: UserPass, place: int, why: Exception) -> None:
        """One user is left to the next sync; many, or what a person has to mend, leave everybody to it."""
        is_everybodys = isinstance(why, AirbyteTracedException) and why.failure_type == FailureType.config_error
        with self._changed:
            if is_everybodys or len(self._missed | {current.users[place]}) > MAX_FAILED_USERS:
                self._has_given_up = True
            else:
                self._missed.add(current.users[place])
                current.done(place)

    def _ended(self, current: UserPass) -> bool:
        """Wait until all readings of a round are over; False where that left somebody to ask."""
        with self._changed:
            while current.finished < current.dispatched:
                self._changed.wait(1.0)
                raise_if_cancelled()
            if current.is_done:
                self._mark, self._round = {"updated_at": to_iso(current.until), **current.log.state}, None
            return current.is_done

    def current_state(self) -> MutableMapping[str, Any]:
        """Up to when users moved and were named who have been asked, and while they are asked, how far that is.

        `missed` are those who could not be read, whatever the rest says.
        """
        if self._mark is None:
            return dict(self.initial_state())
        missed = {"missed": sorted(self._missed)} if self._missed else {}
        return {**self._mark, **missed, **({"open": self._round.state} if self._round else {})}

    def _rounds(self, saved: Mapping[str, Any], log: TenantLog, end: LogPosition) -> Iterator[UserPass]:
        """What an interrupted sync left to ask, then everybody who moved or was named after it began."""
        begun = saved.get("open")
        begin = to_milliseconds(saved["updated_at"]) if "updated_at" in saved else None
        spot = LogPosition.from_state(saved)
        moved = UserIds.of(self.selection.requester, begin)
        again, tried = sorted(saved.get("missed", [])), set(saved.get("missed", []))
        if begun:
            until, upto = to_milliseconds(begun["until"]), LogPosition.from_state(begun)
            users = {*moved.between(None, until)} | self._named(log, spot, upto, begin)
            left = sorted(user for user in users - tried if user > begun["asked"] or user in begun["left"])
            yield UserPass([*again, *left], until, upto, begun["asked"], len(again))
            begin, spot, again = until, upto, []
        since = None if begin is None else begin - look_back(self.tenant)
        users = {*moved.between(since, None)} | self._named(log, spot, end, begin)
        left = sorted(users - (self._missed if begun else tried))
        # Clocks are told to the second, and no state may fall behind the one before.
        yield UserPass([*again, *left], max(moved.until, begin or 0), end, retried=len(again))

    def _end_of(self, log: TenantLog, known: LogPosition) -> LogPosition:
        """Where the log ends; where it may not be read, the place that is known stays for when it may."""
        if not self._incremental:
            return known
        try:
            raise_if_beyond_log(log.end, known, self._stream_name)
        except MissingScopeError as refusal:
            self._say_what_is_missed(refusal)
            return known
        return log.end

    def _named(self, log: TenantLog, low: LogPosition, high: LogPosition, begin: Milliseconds | None) -> set[str]:
        """The users that events between two places name, of the kinds that change this stream's rows."""
        kinds = {*self.selection.named_by, *self.selection.named_by_types}
        if begin is None or not high.log_id or not kinds:
            return set()
        if not low.log_id:
            # The log was empty, or not to be read.
            low = log.before(high, max(to_milliseconds(high.date) - begin, 0) + MAX_EVENT_LATENESS_MS)
        stretches = DerivedEvents.of(self.tenant).between(log, low, high)
        events = (event for stretch in stretches for event in stretch.events)
        named = {user for event in events for kind, user in users_named(event) if kind in kinds}
        return users_in_scope(self.selection.requester, named)

    def _say_what_is_missed(self, refusal: MissingScopeError) -> None:
        if self.tenant.first_time("users that the log names"):
            LOGGER.warning(
                "Streams of single users ask only for users whose profile moved, not for those that the tenant's log "
                f"names, since the application lacks the scope `{refusal.scopes[0]}`."
            )

    def validate_state(self, saved: Mapping[str, Any]) -> None:
        """Raise whatever comes of a state that no version of this stream has left."""
        begun = saved.get("open")
        if begun is None or {"updated_at", "log_id", "date"} & set(saved):
            to_milliseconds(saved["updated_at"])
            super().validate_state(saved)
        if begun is not None:
            validate_keys_and_size(begun, PASS_STATE_KEYS)
            validate_timestamp(begun["until"])
            super().validate_state(begun)
            _validate_user_ids([begun["asked"], *validate_list(begun["left"])])
        _validate_user_ids(validate_list(saved.get("missed", [])))


def _latest_timestamp(saved: Mapping[str, Any]) -> Milliseconds:
    """The latest moment that a state names."""
    texts = [saved.get("updated_at"), (saved.get("open") or {}).get("until")]
    return max(to_milliseconds(text) for text in texts if text)


def _validate_user_ids(ids: Iterable[Any]) -> None:
    for user_id in ids:
        validate_text(user_id)
