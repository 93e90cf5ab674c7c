"""Whether a sync's states are monotonic: none covers less than the one before it, nor reopens what was done.

A state claims that everything up to `until` is done except the `open` ranges. The next state may leave open only
ranges that were open before or that lie after the claimed end.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any

from auth0_simulator import Simulator
from soak.kills.platform import Platform
from soak.kills.tenant_activity import METHODS

State = dict[str, Any]
#: The look-back: how many milliseconds before its state a sync of users starts reading.
LOOK_BACK_MS = 300_000
#: A state stays below this many bytes, whatever the tenant's size, but for the deleted users that it may name.
MAX_STATE_BYTES, MAX_DELETIONS = 2048, 500
LOG = ("logs", "changes", "user_deletions")
LISTS_OF_USERS = (METHODS, "user_roles", "user_sessions")


@dataclass(frozen=True)
class Claim:
    """`low`: everything before it is done; `until`: where the sync ends; `open_ranges`: what is not done in between."""

    low: float
    until: float
    open_ranges: tuple[tuple[float, float], ...] = ()

    def follows(self, before: "Claim", look_back: float) -> str:
        """What is wrong with this claim after another one; "" if nothing."""
        if self.low < before.low - look_back:
            return "the low-water mark goes back"
        if self.until < before.until:
            return "the end goes back"
        allowed = [*before.open_ranges, (before.until - look_back, self.until)]
        for low, high in self.open_ranges:
            if not any(start <= low and high <= end for start, end in _joined(allowed)):
                return f"{low} to {high} was done, and is open again"
        return ""


def _joined(ranges: list[tuple[float, float]]) -> list[tuple[float, float]]:
    joined: list[tuple[float, float]] = []
    for low, high in sorted(ranges):
        if joined and low <= joined[-1][1]:
            joined[-1] = joined[-1][0], max(joined[-1][1], high)
        else:
            joined.append((low, high))
    return joined


def state_regressions(platform: Platform, first: int, streams: Iterable[str], sim: Simulator) -> list[str]:
    """The regressions among one sync's states; `first` is the index of its first, after the one it resumed from."""
    base, regressions = platform.saved[first - 1], []
    for before, after in pairwise(platform.saved[first - 1 :]):
        for stream in streams:
            earlier, later = before.of(stream), after.of(stream)
            # Tombstones are recorded as sent before users are read, while the rest of the state is the initial one.
            begins = {**earlier, "deletions": None} == {**base.of(stream), "deletions": None}
            if earlier != later and (reason := state_regression(stream, sim, earlier, later, begins=begins)):
                regressions.append(f"the state of `{stream}` falls behind: {reason} ({earlier}, then {later})")
    return regressions


def state_regression(stream: str, sim: Simulator, before: State, after: State, *, begins: bool) -> str:
    """How a state regresses from the one before; "" if not. `begins`: the one before is an earlier sync's."""
    deleted = (after.get("deletions") or {}).get("users") or {}
    if (size := len(str(after)) - len(str(deleted))) > MAX_STATE_BYTES or len(deleted) > MAX_DELETIONS:
        return f"it has {size} bytes, and names {len(deleted)} deleted users"
    if stream in LISTS_OF_USERS:
        return _user_list_regression(before, after)
    earlier, later = (_claim(stream, sim, state) for state in (before, after))
    if earlier is None or later is None:
        return ""
    if _log_position(before.get("deletions")) > _log_position(after.get("deletions")):
        return "deletions go back"
    return later.follows(earlier, LOOK_BACK_MS if begins and stream == "users" else 0)


def _claim(stream: str, sim: Simulator, state: State) -> Claim | None:
    """What a state of a stream with a cursor claims; None if it claims nothing."""
    if stream == "users" and "updated_at" in state:
        open_ranges = [(_to_ms(low), _to_ms(high)) for low, high in state.get("open", [])]
        return Claim(_to_ms(state["updated_at"]), _to_ms(state.get("until") or state["updated_at"]), tuple(open_ranges))
    if stream in LOG and "log_id" in state:
        open_ranges = [(_log_index(low), _log_index(high)) for low, high, _ in state.get("open", [])]
        return Claim(_log_index(state["log_id"]), _log_index(state.get("until") or state["log_id"]), tuple(open_ranges))
    if stream == "events" and "offset" in state:
        index = sim.events.index_after(state["offset"])
        return Claim(index, index)
    return None


def _user_list_regression(before: State, after: State) -> str:
    """Users that were requested stay done until the pass ends, when `updated_at` becomes the pass's `until`."""
    was, now = before.get("open"), after.get("open")
    mark, earlier = after.get("updated_at", ""), before.get("updated_at", "")
    if mark < earlier:
        return "the mark goes back"
    if was and now and _pass_of(before) == _pass_of(after):
        again = {user for user in now["left"] if user <= was["asked"]} - set(was["left"])
        if now["asked"] < was["asked"] or again:
            return f"users are asked again: {sorted(again)[:3]}"
    elif was and mark < was["until"]:
        return "a round was left before it was over"
    elif now and mark > now["until"]:
        return "a round ends before it begins"
    return ""


def _pass_of(state: State) -> tuple[Any, ...]:
    """What tells one pass over the users from the next, which ends at the same time where nobody moved."""
    return tuple(part.get(key) for part in (state, state["open"]) for key in ("updated_at", "until", "log_id"))


def _to_ms(text: str) -> float:
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp() * 1000


def _log_index(log_id: str) -> float:
    return int(log_id[20:] or 0)


def _log_position(position: State | None) -> float:
    return _log_index(position["log_id"]) if position else 0
