"""The cursor of per-user lists: all users at first, then those who were updated and those that log events name."""

import logging
import threading
from collections.abc import Collection, Iterable, Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any

from airbyte_cdk.models import FailureType
from airbyte_cdk.sources.types import StreamSlice
from airbyte_cdk.utils.traced_exception import AirbyteTracedException

from source_auth0.api.client import ManagementApiRequester
from source_auth0.config.options import deep_look_back_every, index_lateness, look_back
from source_auth0.engine.thread_pool import raise_if_cancelled
from source_auth0.errors import MissingScopeError
from source_auth0.retrievers.cursors.compact_ids import ChainedIds, CompactIds
from source_auth0.retrievers.cursors.state_validation import (
    CLOCK_TOLERANCE_MS,
    is_in_future,
    validate_keys_and_size,
    validate_list,
    validate_text,
    validate_timestamp,
)
from source_auth0.retrievers.cursors.work_items import slice_with
from source_auth0.retrievers.lists.refused_parents import RefusedParents
from source_auth0.retrievers.log_events.facts import users_named
from source_auth0.retrievers.log_events.ordering import MAX_EVENT_LATENESS_MS, LogPosition
from source_auth0.retrievers.logs.cursors import LogPositionCursor, raise_if_beyond_log
from source_auth0.retrievers.logs.derived_events import DerivedEvents
from source_auth0.retrievers.logs.tenant_log import TenantLog
from source_auth0.retrievers.user_lists.newly_wanted import newly_wanted_users
from source_auth0.retrievers.user_lists.refused_users import RefusedUsers
from source_auth0.retrievers.user_lists.user_ids import UserIds, users_in_scope
from source_auth0.retrievers.user_lists.user_pass import UserPass
from source_auth0.retrievers.users.state import UserFilter
from source_auth0.timestamps import Milliseconds, to_iso, to_milliseconds

LOGGER = logging.getLogger("airbyte.source_auth0")
#: Most failed users that a state has for the next sync to retry; with more, this sync reads no further users.
MAX_FAILED_USERS = 8
#: Keys of an unfinished pass in a state.
PASS_STATE_KEYS = ("until", "log_id", "date", "asked", "left", "deep_at", "since", "read_with")
#: Keys of a state that say up to where everybody was read, and how.
MARK_KEYS = ("updated_at", "log_id", "date", "deep_at", "read_with", "overlap")


@dataclass(frozen=True)
class UserSelection:
    """Which log events name users whose rows may have changed, and the requester for users and events.

    named_by: paths of writes below /api/v2. named_by_types: types of other log events.
    """

    requester: ManagementApiRequester
    named_by: Collection[str] = ()
    named_by_types: Collection[str] = ()


@dataclass(frozen=True)
class SingleUserWorkItem:
    """One user, by the index in a pass over users, and the cursor that is told whether reading succeeded."""

    user_pass: UserPass
    index: int
    cursor: "ChangedUsersCursor"


class ChangedUsersCursor(LogPositionCursor):
    """A slice per user to read: those whose `updated_at` advanced, and those that log events name.

    All users in a full refresh and in a first sync. The framework would read all users every time, or keep a state
    per user; this state stays below 2 KB for any number of users.
    """

    state_keys = (*MARK_KEYS, "open", "missed", "refused")
    selection: UserSelection

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._changed = threading.Condition()
        self._current_pass: UserPass | None = None
        self._low_water_mark: dict[str, Any] | None = None
        #: The users that failed and were not read since, and those of them that failed in this sync.
        self._failed_users: set[str] = set()
        self._failed_now: set[str] = set()
        self._refused = RefusedUsers(RefusedParents(self._stream_name), ())
        self._has_given_up = False
        self._users_since_state = 0

    def stream_slices(self) -> Iterator[StreamSlice]:
        """A slice per user; those that an interrupted sync left open come first."""
        saved, log = self.initial_state(), TenantLog(self.selection.requester)
        # First of all, as the response's `Date` header sets the tenant's clock.
        log_end = self._log_end(log, LogPosition.from_state(saved.get("open") or saved))
        if saved and is_in_future(self.tenant, _latest_timestamp(saved), self._stream_name):
            saved = {}
        low_water_mark = {name: saved[name] for name in MARK_KEYS if name in saved}
        failed_users = set(saved.get("missed", []))
        parents = RefusedParents.of(self.tenant, self._stream_name)
        self._refused = RefusedUsers(parents, saved.get("refused", []))
        for number, user_pass in enumerate(self._passes(saved, log, log_end)):
            with self._changed:
                if self._low_water_mark is None:
                    self._low_water_mark, self._failed_users = low_water_mark, failed_users
                self._current_pass = user_pass
            for index, user_id in enumerate(user_pass.users):
                if self._has_given_up or parents.is_over:
                    break
                user_pass.dispatched += 1
                yield slice_with(SingleUserWorkItem(user_pass, index, self), partition={"user_id": user_id})
            if not self._wait_until_done(user_pass, is_last=number == 1 or "open" not in saved):
                return

    @contextmanager
    def reading_user(self, user_pass: UserPass, index: int) -> Iterator[bool]:
        """Context in which one user is read: yields whether to read it at all, then records success or failure."""
        should_read = not self._has_given_up
        try:
            yield should_read
        except Exception as error:
            self._record_failure(user_pass, index, error)
            raise
        else:
            if should_read:
                self._record_success(user_pass, index)
        finally:
            with self._changed:
                user_pass.finished += 1
                self._changed.notify_all()

    def _record_success(self, user_pass: UserPass, index: int) -> None:
        """Mark a user as done, whose rows are all queued for output or who is skipped; emit a state now and then."""
        with self._changed:
            self._refused.settle(user_pass, index)
            self._failed_users.discard(user_pass.users[index])
            self._users_since_state += 1
            if self._incremental and self._users_since_state >= self.tenant.workers:
                self._users_since_state = 0
                self.emit_state()

    def _record_failure(self, user_pass: UserPass, index: int, error: Exception) -> None:
        """Leave one failed user to the next sync; give up on all after too many, or after a configuration error."""
        concerns_all_users = (
            isinstance(error, AirbyteTracedException) and error.failure_type == FailureType.config_error
        )
        with self._changed:
            if concerns_all_users or len(self._failed_now | {user_pass.users[index]}) > MAX_FAILED_USERS:
                self._has_given_up = True
            else:
                self._failed_now.add(user_pass.users[index])
                self._failed_users.add(user_pass.users[index])
                user_pass.mark_done(index)

    def _wait_until_done(self, user_pass: UserPass, *, is_last: bool) -> bool:
        """Wait until all reads of a pass have ended; False if any user is left, or the sync is to fail."""
        with self._changed:
            while user_pass.finished < user_pass.dispatched:
                self._changed.wait(1.0)
                raise_if_cancelled()
            self._refused.conclude(user_pass)
            if is_last and self._refused.undecided:
                return False
            if user_pass.is_done:
                before = (self._low_water_mark or {}).get("deep_at")
                deep_at = before if user_pass.deep_at is None else to_iso(user_pass.deep_at)
                self._low_water_mark = {
                    "updated_at": to_iso(user_pass.until),
                    **user_pass.log.state,
                    **({"deep_at": deep_at} if deep_at else {}),
                    **({"read_with": user_pass.read_with} if user_pass.read_with is not None else {}),
                    **({"overlap": user_pass.overlap} if user_pass.overlap is not None else {}),
                }
                self._current_pass = None
            return user_pass.is_done

    def current_state(self) -> MutableMapping[str, Any]:
        """The timestamp and log position up to which changed users were read, and `open`, an unfinished pass.

        `missed` are the users that failed, `refused` those that Auth0 refused: retried whatever the rest says.
        """
        if self._low_water_mark is None:
            return dict(self.initial_state())
        failed = self._failed_users | self._refused.undecided
        missed = {"missed": sorted(failed)} if failed else {}
        open_pass = {"open": self._current_pass.state} if self._current_pass else {}
        return {**self._low_water_mark, **missed, **self._refused.state, **open_pass}

    def _passes(self, saved: Mapping[str, Any], log: TenantLog, log_end: LogPosition) -> Iterator[UserPass]:
        """The rest of an interrupted sync's pass, then a pass over all users who changed since that one began."""
        unfinished = saved.get("open")
        begin = to_milliseconds(saved["updated_at"]) if "updated_at" in saved else None
        position = LogPosition.from_state(saved)
        requester, newly_wanted = (
            self.selection.requester,
            newly_wanted_users(self.selection.requester, saved.get("read_with")),
        )
        failed = {*saved.get("missed", []), *saved.get("refused", [])}
        retried = sorted(failed)
        deep_at = _optional_timestamp(saved, "deep_at")
        if unfinished:
            until, high = to_milliseconds(unfinished["until"]), LogPosition.from_state(unfinished)
            since, pass_deep_at = _optional_timestamp(unfinished, "since"), _optional_timestamp(unfinished, "deep_at")
            # A first sync has users without `updated_at` too, whom no range of it finds.
            updated = UserIds.of(requester, begin if begin is None or since is None else since)
            named = self._users_named_in_log(log, position, high, begin)
            users = CompactIds(chain(updated.between(None, until), named, newly_wanted))
            self._refused.begin(len(users), users)
            asked, left = unfinished["asked"], unfinished["left"]
            rest = CompactIds(user for user in users if user not in failed and (user > asked or user in left))
            user_pass = UserPass(ChainedIds(retried, rest), until, high, asked, len(retried))
            read_with = unfinished.get("read_with")
            yield replace(user_pass, deep_at=pass_deep_at, since=since, read_with=read_with)
            # Whoever the config has wanted only since that pass began may have an id that it had passed.
            newly_wanted = newly_wanted_users(requester, read_with)
            begin, position, retried, deep_at = until, high, [], pass_deep_at or deep_at
        deep_since = self._deep_since(begin, deep_at)
        # One time for all streams, which share the read of the users.
        now = self.tenant.once("time of the deep look-back", lambda: self.tenant.now_ms)
        updated = UserIds.of(requester, begin if deep_since is None else deep_since)
        since = self._first_updated(updated, begin, saved.get("overlap")) if deep_since is None else deep_since
        named = self._users_named_in_log(log, position, log_end, begin)
        users = CompactIds(chain(updated.between(since, None), named, newly_wanted))
        self._refused.begin(len(users))
        skipped = self._failed_users | self._refused.parents.refused.keys() if unfinished else failed
        is_any_skipped = any(user in users for user in skipped)
        rest = CompactIds(user for user in users if user not in skipped) if is_any_skipped else users
        # `Date` headers are to the second, and no state may be earlier than the last one.
        until = max(updated.until, begin or 0)
        is_deep = self._looks_back_deeply and (deep_since is not None or begin is None)
        user_pass = UserPass(ChainedIds(retried, rest), until, log_end, retried=len(retried))
        wanted = UserFilter.of(self.tenant).state
        overlap = updated.fingerprint(until - look_back(self.tenant.config), until)
        yield replace(
            user_pass, deep_at=now if is_deep else None, since=deep_since or 0, read_with=wanted, overlap=overlap
        )

    def _first_updated(self, updated: UserIds, begin: Milliseconds | None, overlap: str | None) -> Milliseconds | None:
        """From when on updated users are asked for: the look-back too, but where it holds whom it held before."""
        if begin is None:
            return None
        start = begin - look_back(self.tenant.config)
        return begin + 1 if overlap == updated.fingerprint(start, begin) else start

    @property
    def _looks_back_deeply(self) -> bool:
        return (
            bool(self.tenant.config.get("user_lists_deep_look_back")) and deep_look_back_every(self.tenant.config) > 0
        )

    def _deep_since(self, begin: Milliseconds | None, deep_at: Milliseconds | None) -> Milliseconds | None:
        """Where a deep look-back begins that is due now; None if there is none."""
        every = deep_look_back_every(self.tenant.config)
        is_due = deep_at is None or not -CLOCK_TOLERANCE_MS <= self.tenant.now_ms - deep_at < every
        if begin is None or not self._looks_back_deeply or not is_due:
            return None
        last = begin if deep_at is None else deep_at + every
        return max(min(begin, last) - every - index_lateness(self.tenant.config), 0)

    def _log_end(self, log: TenantLog, saved: LogPosition) -> LogPosition:
        """The end of the log; the saved position, to resume from later, if the log may not be read."""
        if not self._incremental:
            return saved
        try:
            raise_if_beyond_log(log.end, saved, self._stream_name)
        except MissingScopeError as refusal:
            self._warn_of_unread_log(refusal)
            return saved
        return log.end

    def _users_named_in_log(
        self, log: TenantLog, low: LogPosition, high: LogPosition, begin: Milliseconds | None
    ) -> set[str]:
        """The users named between two log positions, by events of the kinds that change this stream's rows."""
        kinds = {*self.selection.named_by, *self.selection.named_by_types}
        if begin is None or not high.log_id or not kinds:
            return set()
        if not low.log_id:
            # The log was empty, or the token could not read it.
            low = log.before(high, max(to_milliseconds(high.date) - begin, 0) + MAX_EVENT_LATENESS_MS)
        segments = DerivedEvents.of(self.tenant).between(log, low, high)
        events = (event for segment in segments for event in segment.events)
        named = {user for event in events for kind, user in users_named(event) if kind in kinds}
        return users_in_scope(self.selection.requester, named)

    def _warn_of_unread_log(self, refusal: MissingScopeError) -> None:
        if self.tenant.first_time("users that the log names"):
            LOGGER.warning(
                "Streams of single users ask only for users whose profile moved, not for those that the tenant's log "
                f"names, since the application lacks the scope `{refusal.scopes[0]}`."
            )

    def validate_state(self, saved: Mapping[str, Any]) -> None:
        """Raise an error for a state that no version of this stream can have saved."""
        unfinished = saved.get("open")
        if unfinished is None or set(MARK_KEYS) & set(saved):
            to_milliseconds(saved["updated_at"])
            super().validate_state(saved)
        if unfinished is not None:
            validate_keys_and_size(unfinished, PASS_STATE_KEYS)
            validate_timestamp(unfinished["until"])
            if {"deep_at", "since"} & set(unfinished):
                validate_timestamp(unfinished["deep_at"])
                if validate_timestamp(unfinished["since"]) > to_milliseconds(
                    saved.get("updated_at", unfinished["until"])
                ):
                    raise ValueError
            if "read_with" in unfinished:
                UserFilter.from_state(unfinished["read_with"])
            super().validate_state(unfinished)
            _validate_user_ids([unfinished["asked"], *validate_list(unfinished["left"])])
        _validate_user_ids([*validate_list(saved.get("missed", [])), *validate_list(saved.get("refused", []))])
        if "deep_at" in saved:
            validate_timestamp(saved["deep_at"])
        if "read_with" in saved:
            UserFilter.from_state(saved["read_with"])
        if "overlap" in saved:
            validate_text(saved["overlap"])


def _latest_timestamp(saved: Mapping[str, Any]) -> Milliseconds:
    """The latest timestamp in a state."""
    texts = [saved.get("updated_at"), (saved.get("open") or {}).get("until")]
    return max(to_milliseconds(text) for text in texts if text)


def _optional_timestamp(saved: Mapping[str, Any], key: str) -> Milliseconds | None:
    return to_milliseconds(saved[key]) if key in saved else None


def _validate_user_ids(ids: Iterable[Any]) -> None:
    for user_id in ids:
        validate_text(user_id)
