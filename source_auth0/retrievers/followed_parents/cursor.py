"""The cursor of streams that follow changes of their parents: all parents at first and once a day, else those named."""

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from source_auth0.config.options import everything_every
from source_auth0.records import OtherStreamPage
from source_auth0.retrievers.cursors.compact_ids import ChainedIds, CompactIds
from source_auth0.retrievers.cursors.state_validation import (
    CLOCK_TOLERANCE_MS,
    validate_keys_and_size,
    validate_list,
    validate_log_position,
    validate_timestamp,
)
from source_auth0.retrievers.followed_parents.parents import FollowedParents
from source_auth0.retrievers.followed_parents.parents_in_log import ParentLogReader, ReadUpTo
from source_auth0.retrievers.log_events.ordering import LogPosition
from source_auth0.retrievers.readings.readings import STATE_KEY, validate_written
from source_auth0.retrievers.user_lists.changed_users import ChangedUsersCursor, SingleUserWorkItem, validate_ids
from source_auth0.retrievers.user_lists.user_pass import UserPass
from source_auth0.retrievers.user_lists.users_in_log import UserLogReader
from source_auth0.timestamps import Milliseconds, to_iso, to_milliseconds

LOGGER = logging.getLogger("airbyte.source_auth0")
#: Keys of an unfinished pass in a state.
PASS_STATE_KEYS = ("until", "log_id", "date", "asked", "left", "begun", "everything_at")


@dataclass
class ParentPass(UserPass):
    """One pass over parents; `everything_at` is when one over all of them was planned, None for one over some."""

    everything_at: str | None = None

    @property
    def state(self) -> dict[str, Any]:
        """What a later sync resumes from."""
        return {**super().state, **({"everything_at": self.everything_at} if self.everything_at else {})}


class FollowedParentsCursor(ChangedUsersCursor):
    """A slice per parent to read: those that the log names since the last sync, and all once in a while.

    The log does not name all that can change, such as the organizations of a user who was deleted. The state has the
    log's position from before the reading began, and when everything was last read.
    """

    stream_group = ""
    # Everything is read again once in `everything_every_hours`.
    may_miss_changes = False
    mark_keys: ClassVar[tuple[str, ...]] = ("until", "log_id", "date", "everything_at", "begun")
    state_keys = (*mark_keys, "open", "missed", "refused", STATE_KEY)
    parents: FollowedParents

    @property
    def unit(self) -> str:
        """The stream of the parents."""
        return self.parents.root

    def log_reader(self) -> UserLogReader:
        """What reads the log for this stream."""
        self._log = ParentLogReader(self.selection, self._stream_name)
        return self._log

    @property
    def reads_log(self) -> bool:
        """Whether the log is asked what changed: in a full refresh that may be resumed too, by its next attempt."""
        return self._incremental or self._generation is not None

    def passes(self, saved: Mapping[str, Any], log: UserLogReader, log_end: LogPosition) -> Iterator[ParentPass]:  # noqa: ARG002 - its own reader of the log
        """The rest of an interrupted sync's pass, then one over what has changed since, or over everything."""
        unfinished, retried = saved.get("open"), {*saved.get("missed", []), *saved.get("refused", [])}
        low, everything_at = ReadUpTo.of(saved), saved.get("everything_at")
        is_due = self._is_due(everything_at)
        if unfinished is not None and self._may_resume(unfinished, saved):
            high = ReadUpTo.of(unfinished)
            resumed = self._pass(low, high, unfinished.get("everything_at"), retried, unfinished)
            yield resumed
            low, retried = high, set()
            if resumed.everything_at is not None:
                everything_at, is_due = resumed.everything_at, False
        reason = self._log.reason_to_read_all(low) if everything_at is not None else ""
        if is_due:
            reason = f"it was last read as a whole at {everything_at}"
        if reason and self.tenant.first_time(f"everything below {self.parents.root}: {reason}"):
            LOGGER.info(f"Everything below `{self.parents.root}` is read, not only what changed: {reason}.")
        is_all = bool(reason) or everything_at is None
        # One time for all streams, so that they are due together, and read the log once.
        now = self.tenant.once("time of following changes", lambda: self.tenant.now_ms)
        yield self._pass(low, ReadUpTo(log_end, now), to_iso(now) if is_all else None, retried)

    def _is_due(self, everything_at: str | None) -> bool:
        """Whether an incremental sync reads everything, since it was last read as a whole that long ago."""
        if everything_at is None or not self._incremental:
            return False
        age = self.tenant.now_ms - to_milliseconds(everything_at)
        return not -CLOCK_TOLERANCE_MS <= age < everything_every(self.tenant.config)

    def _may_resume(self, unfinished: Mapping[str, Any], saved: Mapping[str, Any]) -> bool:
        """Whether an unfinished pass can be resumed: one over everything, or where the log tells what is left of it.

        In a full refresh what changed, or was created, since its first attempt has to be read too.
        """
        if self._incremental and "everything_at" in unfinished:
            return True
        reason = self._log.reason_to_read_all(ReadUpTo.of(saved if "until" in saved else unfinished))
        if reason and not self._incremental:
            LOGGER.info(f"`{self._stream_name}` is read from the start, not where it was interrupted: {reason}.")
        return not reason

    def _pass(
        self,
        low: ReadUpTo,
        high: ReadUpTo,
        everything_at: str | None,
        retried: set[str],
        unfinished: Mapping[str, Any] | None = None,
    ) -> ParentPass:
        """A pass over all parents, or over those named between two positions; those that failed before come first."""
        now, named = self.tenant.now_text, set[str]()
        if everything_at is None:
            named = self._log.since(low, high.log).named[self.parents.root]
        is_list_needed = everything_at is not None or named or retried
        listed = self.parents.listed if is_list_needed else self.parents.none()
        is_some = everything_at is None
        wanted = CompactIds(parent for parent in named if parent in listed) if is_some else listed
        first = sorted(parent for parent in retried if parent in listed)
        asked, left = (unfinished["asked"], unfinished["left"]) if unfinished else ("", [])
        is_all = not asked and not retried
        rest = wanted if is_all else CompactIds(_rest(wanted, retried, asked, left))
        self._refused.begin(len(wanted), wanted if unfinished else ())
        planned = ParentPass(
            ChainedIds(first, rest), high.until, high.log, asked, len(first), everything_at=everything_at
        )
        planned.is_everybody = everything_at is not None and self.readings.is_wanted
        planned.begun = (unfinished or {}).get("begun")
        planned.deleted_at = {parent: now for parent in sorted(named | retried) if parent not in listed}
        return planned

    def begin_pass(self, user_pass: UserPass) -> None:
        """Forget those that failed before, and are gone."""
        self._failed_users -= user_pass.deleted_at.keys()
        self._refused.forget(user_pass.deleted_at)

    def reading_of(self, item: SingleUserWorkItem, read_at: str, rows: int) -> OtherStreamPage:
        """What `readings` is told of a parent that was read: nothing where Auth0 refused some of it."""
        parent = item.user_pass.users[item.index]
        if self.parents.is_refused_in_part(parent):
            self._refused.in_part.add(parent)
            return self.readings.page(())
        return super().reading_of(item, read_at, rows)

    def mark_of(self, user_pass: UserPass) -> dict[str, Any]:
        """The state's keys that say up to where changes were read, and when everything was."""
        everything_at = getattr(user_pass, "everything_at", None) or (self._low_water_mark or {}).get("everything_at")
        return {"until": to_iso(user_pass.until), **user_pass.log.state, "everything_at": everything_at}

    def latest_timestamp(self, saved: Mapping[str, Any]) -> Milliseconds:
        """The latest timestamp in a state."""
        unfinished = saved.get("open") or {}
        texts = [
            saved.get("until"),
            saved.get("everything_at"),
            unfinished.get("everything_at"),
            unfinished.get("until"),
        ]
        return max(to_milliseconds(text) for text in texts if text)

    def validate_state(self, saved: Mapping[str, Any]) -> None:
        """Raise an error for a state that no version of this stream can have saved."""
        unfinished = saved.get("open")
        if unfinished is None or set(self.mark_keys) & set(saved):
            validate_timestamp(saved["until"])
            validate_timestamp(saved["everything_at"])
            validate_log_position(saved["log_id"], saved["date"])
        if unfinished is not None:
            validate_keys_and_size(unfinished, PASS_STATE_KEYS)
            validate_log_position(unfinished["log_id"], unfinished["date"])
            validate_timestamp(unfinished["until"])
            validate_ids([unfinished["asked"], *validate_list(unfinished["left"])])
            if "everything_at" in unfinished or "everything_at" not in saved:
                validate_timestamp(unfinished["everything_at"])
        for state in (saved, unfinished or {}):
            if "begun" in state:
                validate_timestamp(state["begun"])
        validate_written(saved)
        validate_ids([*validate_list(saved.get("missed", [])), *validate_list(saved.get("refused", []))])


def _rest(wanted: CompactIds, retried: set[str], asked: str, left: list[str]) -> Iterator[str]:
    """Those that an interrupted sync left, without those that are asked first."""
    return (parent for parent in wanted if parent not in retried and (parent > asked or parent in left))
