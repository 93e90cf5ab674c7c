"""The history of a user: changes, and touches on a schedule, which are computed from the clock when asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

from auth0_simulator.state.clock import timestamp
from auth0_simulator.wire.rows import Row

TouchKind = Literal["login", "update"]
ChangeKind = Literal["create", "update", "login", "delete", "schedule"]
LOGIN_IP = "203.0.113.7"


@dataclass(frozen=True)
class TouchSchedule:
    """A user logs in, or is updated, at `first` and then every `period`; both in milliseconds."""

    kind: TouchKind
    first: int
    period: int

    def count(self, until: int) -> int:
        """How many touches there are up to a moment, that moment included."""
        return max(0, (until - self.first) // self.period + 1)

    def moment(self, number: int) -> int:
        """When touch number `number` happens, counted from 1, in milliseconds."""
        return self.first + (number - 1) * self.period


@dataclass(frozen=True)
class UserChange:
    """A change of one user, and the touches that follow it.

    at: seconds since the epoch.
    row: the user after the change, None when it was deleted.
    number: counts the user's changes from 1, touches included.
    schedule: the touches that follow, if any; those up to `touched_before` are part of `row`.
    """

    at: float
    kind: ChangeKind
    user_id: str
    slot: int
    row: Row | None
    number: int = 1
    schedule: TouchSchedule | None = None
    touched_before: int = 0

    def touches(self, until: int) -> int:
        """How many touches follow the change up to a moment in milliseconds."""
        return 0 if self.schedule is None else max(0, self.schedule.count(until) - self.touched_before)

    def moment(self, touches: int) -> float:
        """When the user got the version with so many touches, in seconds; 0 is the change itself."""
        if self.schedule is None or touches == 0:
            return self.at
        return self.schedule.moment(self.touched_before + touches) / 1000


class UserVersion(NamedTuple):
    """A user after a change and so many of the touches that follow it."""

    change: UserChange
    touches: int = 0

    @property
    def number(self) -> int:
        """The number of the version among those of its user; a seeded user is version 0."""
        return self.change.number + self.touches

    @property
    def touched_at(self) -> int | None:
        """When the last touch happened, in milliseconds; None without a touch."""
        change = self.change
        if change.schedule is None or self.touches == 0:
            return None
        return change.schedule.moment(change.touched_before + self.touches)

    def row(self) -> Row | None:
        """The user's row, None when it was deleted; read only."""
        row, schedule, touched_at = self.change.row, self.change.schedule, self.touched_at
        if row is None or schedule is None or touched_at is None:
            return row
        moment = timestamp(touched_at)
        if schedule.kind == "update":
            return {**row, "updated_at": moment}
        return {**row, **login_attributes(row, moment, self.touches)}


def login_attributes(row: Row, moment: str, logins: int = 1) -> Row:
    """What a number of logins changes in a row, the last of them at `moment`."""
    count = row.get("logins_count", 0) + logins
    return {"last_login": moment, "updated_at": moment, "logins_count": count, "last_ip": LOGIN_IP}
