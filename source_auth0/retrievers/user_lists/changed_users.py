"""The cursor of per-user lists: all users at first, then those who were updated and those that log events name."""

import logging
import threading
from collections.abc import Collection, Iterable, Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any, ClassVar

from airbyte_cdk.models import FailureType
from airbyte_cdk.sources.types import StreamSlice
from airbyte_cdk.utils.traced_exception import AirbyteTracedException

from source_auth0.config.options import deep_look_back_every, index_lateness, look_back
from source_auth0.engine.thread_pool import raise_if_cancelled, release_worker_slot
from source_auth0.records import OtherStreamPage
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
from source_auth0.retrievers.log_events.ordering import LogPosition
from source_auth0.retrievers.logs.cursors import LogPositionCursor
from source_auth0.retrievers.readings.readings import STATE_KEY, ReadingsWorkItem, ReadingsWriter, validate_written
from source_auth0.retrievers.user_lists.newly_wanted import newly_wanted_users
from source_auth0.retrievers.user_lists.outlook import SingleUsersOutlook
from source_auth0.retrievers.user_lists.refused_users import RefusedUsers
from source_auth0.retrievers.user_lists.user_ids import UserIds
from source_auth0.retrievers.user_lists.user_pass import UserPass
from source_auth0.retrievers.user_lists.users_in_log import UserLogReader, UserSelection
from source_auth0.retrievers.users.state import UserFilter
from source_auth0.timestamps import Milliseconds, to_iso, to_milliseconds

LOGGER = logging.getLogger("airbyte.source_auth0")
#: Most failed users that a state has for the next sync to retry; with more, this sync reads no further users.
MAX_FAILED_USERS = 8
#: Keys of an unfinished pass in a state.
PASS_STATE_KEYS = ("until", "log_id", "date", "asked", "left", "deep_at", "since", "read_with", "begun")
#: Keys of a state that say up to where everybody was read, and how.
MARK_KEYS = ("updated_at", "log_id", "date", "deep_at", "read_with", "overlap", "begun")


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

    resumes_full_refresh = True
    may_miss_changes = True
    mark_keys: ClassVar[tuple[str, ...]] = MARK_KEYS
    state_keys: Collection[str] = (*MARK_KEYS, "open", "missed", "refused", STATE_KEY)
    #: The column of the id of whom a slice is about.
    parent_column = "user_id"

    @property
    def unit(self) -> str:
        """What a pass goes over, in the plural."""
        return "users"

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
        self._is_finished = False
        self._is_state_rejected = False
        self._outlook = SingleUsersOutlook(self.tenant, self._stream_name)
        self.readings = ReadingsWriter(self.tenant, self._stream_name, incremental=self._incremental)

    def initial_state(self) -> Mapping[str, Any]:
        """The state of the last incremental sync; empty where `readings` lacks what was written with it.

        Empty, too, once it was found to lie in the future.
        """
        saved = super().initial_state()
        return saved if not self._is_state_rejected and self.readings.is_resumable(saved) else {}

    def emit_state(self) -> None:
        """Emit the state, right after that of the readings which it covers."""
        self.readings.emit_state()
        super().emit_state()

    def stream_slices(self) -> Iterator[StreamSlice]:
        """A slice per user; those that an interrupted sync left open come first."""
        saved, log = self.initial_state(), self.log_reader()
        log_end = LogPosition.from_state(saved.get("open") or saved)
        if self.reads_log:
            # First of all, as the response's `Date` header sets the tenant's clock.
            log_end = log.end(log_end)
        if saved and is_in_future(self.tenant, self.latest_timestamp(saved), self._stream_name):
            self._is_state_rejected, saved = True, {}
        low_water_mark = {name: saved[name] for name in self.mark_keys if name in saved}
        failed_users = set(saved.get("missed", []))
        parents = RefusedParents.of(self.tenant, self._stream_name)
        self._refused = RefusedUsers(parents, saved.get("refused", []))
        for number, user_pass in enumerate(self.passes(saved, log, log_end)):
            with self._changed:
                if self._low_water_mark is None:
                    self._low_water_mark, self._failed_users = low_water_mark, failed_users
                self._current_pass = user_pass
                self.begin_pass(user_pass)
            self._outlook.pass_begun(user_pass, self.unit)
            yield from self._sent(self.readings.page((user, at, 0) for user, at in user_pass.deleted_at.items()))
            for index, user_id in enumerate(user_pass.users):
                if self._has_given_up or parents.is_over:
                    break
                user_pass.dispatched += 1
                yield slice_with(SingleUserWorkItem(user_pass, index, self), partition={self.parent_column: user_id})
            if not self._wait_until_done(user_pass, is_last=number == 1 or "open" not in saved):
                return
            begun = None if self._is_anybody_unread else self._begun(user_pass)
            yield from self._sent(self.readings.everybody(begun))
            self._conclude(user_pass)
        self._finish()

    @property
    def reads_log(self) -> bool:
        """Whether the log is asked who changed."""
        return self._incremental

    def log_reader(self) -> UserLogReader:
        """What reads the log for this stream."""
        return UserLogReader(self.selection, self._stream_name)

    def latest_timestamp(self, saved: Mapping[str, Any]) -> Milliseconds:
        """The latest timestamp in a state."""
        texts = [saved.get("updated_at"), (saved.get("open") or {}).get("until")]
        return max(to_milliseconds(text) for text in texts if text)

    def begin_pass(self, user_pass: UserPass) -> None:
        """Take note of a pass that begins; the caller holds the lock."""

    def _finish(self) -> None:
        """All passes are over: a full refresh is finished, unless the next attempt has to ask somebody again."""
        if not self._is_anybody_failing:
            self._is_finished = True
            self.readings.complete()

    @property
    def has_progress(self) -> bool:
        """Whether users are left to read."""
        return not self._is_finished

    def _sent(self, page: OtherStreamPage) -> Iterator[StreamSlice]:
        """A slice of rows of `readings` of no single user, where they are wanted; blocks until they are queued."""
        if page:
            item = ReadingsWorkItem(page)
            yield slice_with(item, partition={self.parent_column: ""})
            item.wait_until_queued()

    def _begun(self, user_pass: UserPass) -> str | None:
        """The first `read_at` of the reading of everybody that a pass completes; None for one of some users."""
        if user_pass.is_everybody:
            return user_pass.begun or self.tenant.now_text
        return (self._low_water_mark or {}).get("begun")

    @property
    def _is_anybody_unread(self) -> bool:
        """Whether users were left out whose rows would be taken for gone if everybody were said to be read."""
        return self._is_anybody_failing or bool(self._refused.state)

    @property
    def _is_anybody_failing(self) -> bool:
        return bool(self._failed_users or self._refused.undecided)

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

    def reading_of(self, item: SingleUserWorkItem, read_at: str, rows: int) -> OtherStreamPage:
        """The row of `readings` for a user who was read: nothing where Auth0 refused, or nobody is asked any more."""
        user_pass, user_id = item.user_pass, item.user_pass.users[item.index]
        if user_id in self._refused.parents.refused or self._refused.parents.is_over:
            return self.readings.page(())
        if user_pass.is_everybody:
            with self._changed:
                user_pass.begun = min(user_pass.begun or read_at, read_at)
        return self.readings.page([(user_id, read_at, rows)])

    def _record_success(self, user_pass: UserPass, index: int) -> None:
        """Mark a user as done, whose rows are all queued for output or who is skipped; emit a state now and then."""
        with self._changed:
            self._refused.settle(user_pass, index)
            self._failed_users.discard(user_pass.users[index])
            self._users_since_state += 1
            if self.saves_progress and self._users_since_state >= self.tenant.workers:
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
        with release_worker_slot(), self._changed:
            while user_pass.finished < user_pass.dispatched:
                self._changed.wait(1.0)
                raise_if_cancelled()
            self._refused.conclude(user_pass)
            if is_last and self._refused.undecided:
                return False
            return user_pass.is_done

    def _conclude(self, user_pass: UserPass) -> None:
        """Have the state say that a pass is complete, once all that belongs to it is queued."""
        with self._changed:
            begun = self._begun(user_pass) if self._is_anybody_unread else None
            self._low_water_mark = {**self.mark_of(user_pass), **({"begun": begun} if begun else {})}
            self._current_pass = None

    def mark_of(self, user_pass: UserPass) -> dict[str, Any]:
        """The state's keys, but `begun`, that say up to where everybody is read with a complete pass."""
        before = (self._low_water_mark or {}).get("deep_at")
        deep_at = before if user_pass.deep_at is None else to_iso(user_pass.deep_at)
        return {
            "updated_at": to_iso(user_pass.until),
            **user_pass.log.state,
            **({"deep_at": deep_at} if deep_at else {}),
            **({"read_with": user_pass.read_with} if user_pass.read_with is not None else {}),
            **({"overlap": user_pass.overlap} if user_pass.overlap is not None else {}),
        }

    def current_state(self) -> MutableMapping[str, Any]:
        """The timestamp and log position up to which changed users were read, and `open`, an unfinished pass.

        `missed` are the users that failed, `refused` those that Auth0 refused: retried whatever the rest says.
        """
        if self._low_water_mark is None:
            return dict(self.initial_state())
        failed = self._failed_users | self._refused.undecided
        missed = {"missed": sorted(failed)} if failed else {}
        open_pass = {"open": self._current_pass.state} if self._current_pass else {}
        return {**self._low_water_mark, **missed, **self._refused.state, **open_pass, **self.readings.state}

    def passes(self, saved: Mapping[str, Any], log: UserLogReader, log_end: LogPosition) -> Iterator[UserPass]:
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
        deep_at = optional_timestamp(saved, "deep_at")
        if unfinished:
            until, high = to_milliseconds(unfinished["until"]), LogPosition.from_state(unfinished)
            since, pass_deep_at = optional_timestamp(unfinished, "since"), optional_timestamp(unfinished, "deep_at")
            # A first sync has users without `updated_at` too, whom no range of it finds.
            updated = UserIds.of(requester, begin if begin is None or since is None else since)
            in_log = log.between(position, high, begin, with_deleted=self.readings.is_wanted)
            users = CompactIds(chain(updated.between(None, until), in_log.named, newly_wanted))
            self._refused.begin(len(users), users)
            asked, left = unfinished["asked"], unfinished["left"]
            rest = CompactIds(user for user in users if user not in failed and (user > asked or user in left))
            user_pass = UserPass(ChainedIds(retried, rest), until, high, asked, len(retried))
            read_with = unfinished.get("read_with")
            user_pass.begun, user_pass.deleted_at = unfinished.get("begun"), in_log.deleted_at
            user_pass.is_everybody = begin is None and self.readings.is_wanted
            yield replace(user_pass, deep_at=pass_deep_at, since=since, read_with=read_with)
            # Whoever the config has wanted only since that pass began may have an id that it had passed.
            newly_wanted = newly_wanted_users(requester, read_with)
            begin, position, retried, deep_at = until, high, [], pass_deep_at or deep_at
        deep_since = self._deep_since(begin, deep_at)
        # One time for all streams, which share the read of the users.
        now = self.tenant.once("time of the deep look-back", lambda: self.tenant.now_ms)
        updated = UserIds.of(requester, begin if deep_since is None else deep_since)
        since = self._first_updated(updated, begin, saved.get("overlap")) if deep_since is None else deep_since
        in_log = log.between(position, log_end, begin, with_deleted=self.readings.is_wanted)
        users = CompactIds(chain(updated.between(since, None), in_log.named, newly_wanted))
        self._refused.begin(len(users))
        skipped = self._failed_users | self._refused.parents.refused.keys() if unfinished else failed
        is_any_skipped = any(user in users for user in skipped)
        rest = CompactIds(user for user in users if user not in skipped) if is_any_skipped else users
        # `Date` headers are to the second, and no state may be earlier than the last one.
        until = max(updated.until, begin or 0)
        is_deep = self._looks_back_deeply and (deep_since is not None or begin is None)
        user_pass = UserPass(ChainedIds(retried, rest), until, log_end, retried=len(retried))
        user_pass.is_everybody = begin is None and self.readings.is_wanted
        user_pass.deleted_at = in_log.deleted_at
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
            self._incremental
            and bool(self.tenant.config.get("user_lists_deep_look_back"))
            and deep_look_back_every(self.tenant.config) > 0
        )

    def _deep_since(self, begin: Milliseconds | None, deep_at: Milliseconds | None) -> Milliseconds | None:
        """Where a deep look-back begins that is due now; None if there is none."""
        every = deep_look_back_every(self.tenant.config)
        is_due = deep_at is None or not -CLOCK_TOLERANCE_MS <= self.tenant.now_ms - deep_at < every
        if begin is None or not self._looks_back_deeply or not is_due:
            return None
        last = begin if deep_at is None else deep_at + every
        return max(min(begin, last) - every - index_lateness(self.tenant.config), 0)

    def validate_state(self, saved: Mapping[str, Any]) -> None:
        """Raise an error for a state that no version of this stream can have saved."""
        unfinished = saved.get("open")
        if unfinished is None or set(MARK_KEYS) & set(saved):
            to_milliseconds(saved["updated_at"])
            super().validate_state(saved)
        if unfinished is not None:
            super().validate_state(unfinished)
            _validate_pass(unfinished, saved)
        for state in (saved, unfinished or {}):
            if "begun" in state:
                validate_timestamp(state["begun"])
        validate_written(saved)
        validate_ids([*validate_list(saved.get("missed", [])), *validate_list(saved.get("refused", []))])
        if "deep_at" in saved:
            validate_timestamp(saved["deep_at"])
        if "read_with" in saved:
            UserFilter.from_state(saved["read_with"])
        if "overlap" in saved:
            validate_text(saved["overlap"])


def _validate_pass(unfinished: Mapping[str, Any], saved: Mapping[str, Any]) -> None:
    """Raise an error for an unfinished pass that no version can have saved."""
    validate_keys_and_size(unfinished, PASS_STATE_KEYS)
    validate_timestamp(unfinished["until"])
    if {"deep_at", "since"} & set(unfinished):
        validate_timestamp(unfinished["deep_at"])
        if validate_timestamp(unfinished["since"]) > to_milliseconds(saved.get("updated_at", unfinished["until"])):
            raise ValueError
    if "read_with" in unfinished:
        UserFilter.from_state(unfinished["read_with"])
    validate_ids([unfinished["asked"], *validate_list(unfinished["left"])])


def optional_timestamp(saved: Mapping[str, Any], key: str) -> Milliseconds | None:
    """A timestamp of a state; None where it has none."""
    return to_milliseconds(saved[key]) if key in saved else None


def validate_ids(ids: Iterable[Any]) -> None:
    """Raise an error for ids that are no texts."""
    for user_id in ids:
        validate_text(user_id)
