"""What it means for states to be monotonic: none claims less than the one before it, nor work that nobody did.

A state claims that everything up to `until` is done but for what is `open`. The next one may leave open only what was
open before, or lies behind what was claimed.
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
#: What a sync of users reads again of what was claimed before it: the look-back, in milliseconds.
LOOK_BACK_MS = 300_000
#: A state stays below this many bytes, whatever the tenant's size.
MAX_STATE_BYTES = 2048
LOG = ("logs", "changes", "user_deletions")
LISTS_OF_USERS = (METHODS, "user_roles", "user_sessions")


@dataclass(frozen=True)
class Claim:
    """`low`: what everything before is done; `until`: where the sync ends; `left`: the ranges between that are open."""

    low: float
    until: float
    left: tuple[tuple[float, float], ...] = ()

    def follows(self, before: "Claim", look_back: float) -> str:
        """Nothing, or what is wrong with this claim after another one."""
        if self.low < before.low - look_back:
            return "the low-water mark goes back"
        if self.until < before.until:
            return "the end goes back"
        allowed = [*before.left, (before.until - look_back, self.until)]
        for low, high in self.left:
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
    """What is wrong with the states of one sync, the first of which is numbered so; the one before is its beginning."""
    base, found = platform.saved[first - 1], []
    for before, after in pairwise(platform.saved[first - 1 :]):
        for stream in streams:
            earlier, later = before.of(stream), after.of(stream)
            # Tombstones are said to be sent before users are read, from where they were.
            begins = {**earlier, "deletions": None} == {**base.of(stream), "deletions": None}
            if earlier != later and (why := state_regression(stream, sim, earlier, later, begins=begins)):
                found.append(f"the state of `{stream}` falls behind: {why} ({earlier}, then {later})")
    return found


def state_regression(stream: str, sim: Simulator, before: State, after: State, *, begins: bool) -> str:
    """Nothing, or how a state falls behind the one before it; `begins`: that one is an earlier sync's."""
    if len(str(after)) > MAX_STATE_BYTES:
        return f"it has {len(str(after))} bytes"
    if stream in LISTS_OF_USERS:
        return _of_lists(before, after)
    earlier, later = (_claim(stream, sim, state) for state in (before, after))
    if earlier is None or later is None:
        return ""
    if _place(before.get("deletions")) > _place(after.get("deletions")):
        return "deletions go back"
    return later.follows(earlier, LOOK_BACK_MS if begins and stream == "users" else 0)


def _claim(stream: str, sim: Simulator, state: State) -> Claim | None:
    """What a state of a stream with a cursor claims; None where it claims nothing."""
    if stream == "users" and "updated_at" in state:
        left = [(_moment(low), _moment(high)) for low, high in state.get("open", [])]
        return Claim(_moment(state["updated_at"]), _moment(state.get("until") or state["updated_at"]), tuple(left))
    if stream in LOG and "log_id" in state:
        left = [(_slot(low), _slot(high)) for low, high, _ in state.get("open", [])]
        return Claim(_slot(state["log_id"]), _slot(state.get("until") or state["log_id"]), tuple(left))
    if stream == "events" and "offset" in state:
        index = sim.events.index_after(state["offset"])
        return Claim(index, index)
    return None


def _of_lists(before: State, after: State) -> str:
    """Who was asked stays asked, until a round is over and its end is the mark."""
    was, now = before.get("open"), after.get("open")
    mark, earlier = after.get("updated_at", ""), before.get("updated_at", "")
    if mark < earlier:
        return "the mark goes back"
    if was and now and was["until"] == now["until"]:
        again = {user for user in now["left"] if user <= was["asked"]} - set(was["left"])
        if now["asked"] < was["asked"] or again:
            return f"users are asked again: {sorted(again)[:3]}"
    elif was and mark < was["until"]:
        return "a round was left before it was over"
    elif now and mark > now["until"]:
        return "a round ends before it begins"
    return ""


def _moment(text: str) -> float:
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp() * 1000


def _slot(log_id: str) -> float:
    return int(log_id[20:] or 0)


def _place(spot: State | None) -> float:
    return _slot(spot["log_id"]) if spot else 0
