"""Log events of users who are touched on a schedule, made when the log is asked for."""

from __future__ import annotations

from collections.abc import Iterator
from heapq import merge

from auth0_simulator.logs.api_writes import api_write_event, percent_encoded
from auth0_simulator.logs.event_context import TenantSnapshot
from auth0_simulator.logs.user_events import login_event
from auth0_simulator.state.identities import without_idp_tokens
from auth0_simulator.state.user_changes import UserChange, UserVersion
from auth0_simulator.state.users import UserStore
from auth0_simulator.wire.rows import Row


class TouchEvents:
    """The users whose touches are logged, and how many of them are."""

    def __init__(self, users: UserStore) -> None:
        self._users = users
        self.reset()

    def __len__(self) -> int:
        return len(self._logged)

    def reset(self) -> None:
        """Log nobody's touches."""
        self._logged: dict[str, tuple[UserChange, int]] = {}

    def add(self, user_id: str) -> None:
        """Log the touches of a user from now on."""
        change = self._users.latest(user_id)
        if change is not None:
            self._logged[user_id] = change, 0

    def discard(self, user_id: str) -> None:
        """Log the touches of a user no longer."""
        self._logged.pop(user_id, None)

    def due(self, now: int) -> list[UserVersion]:
        """The touches since the last call, up to a moment in milliseconds, in order of time."""
        tracks = [list(self._versions(user_id, now)) for user_id in list(self._logged)]
        return list(merge(*tracks, key=lambda version: version.touched_at or 0))

    def _versions(self, user_id: str, now: int) -> Iterator[UserVersion]:
        change, logged = self._logged[user_id]
        current = self._users.latest(user_id)  # None once the user is deleted
        if current is None:
            del self._logged[user_id]
            return
        if current is not change:
            between = current.number - change.number
            yield from (UserVersion(change, touches) for touches in range(logged + 1, between))
            change, logged = current, 0
        last = change.touches(now)
        yield from (UserVersion(change, touches) for touches in range(logged + 1, last + 1))
        self._logged[user_id] = change, last


def touch_event(version: UserVersion, snapshot: TenantSnapshot) -> Row:
    """A login (`s`), or an update through the Management API (`sapi`)."""
    row = version.row() or {}
    if version.change.schedule is not None and version.change.schedule.kind == "login":
        return login_event(row, snapshot)
    path = f"/users/{percent_encoded(version.change.user_id)}"
    return api_write_event("patch", path, body={}, response=without_idp_tokens(row))
