"""What is done to users, and what that leaves in the log.

Which events Auth0 writes for a deletion is not established: recordings of deletions by the API show both, `sdu` first.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from threading import RLock
from typing import Any, Literal, get_args

from auth0_simulator.accounts import Row, without_tokens
from auth0_simulator.clock import Clock
from auth0_simulator.deed_events import deletion, login, signup
from auth0_simulator.log_writes import encoded, write_event
from auth0_simulator.logs import Log
from auth0_simulator.users import Users

Creator = Literal["signup", "api", "dashboard"]
By = Literal["api", "dashboard", "connection"]
Events = Literal["both", "sdu", "sapi", "none"]
ADMINISTRATOR = "auth0|5f7c8ec7c33c6c004bbafe82"
#: Milliseconds between the two events of a deletion; recorded are 8 to 44.
APART = 11
REFUSAL = "The user could not be deleted."


class Deeds(ABC):
    """The deeds of a tenant; each takes the tenant's lock."""

    lock: RLock
    clock: Clock
    users: Users
    log: Log

    @abstractmethod
    def remember_deletion(self, user_id: str) -> None:
        """Take a user out of every collection."""

    @abstractmethod
    def forget_deletion(self, user_id: str) -> None:
        """Let a deleted user's id be used again."""

    def create_user(self, by: Creator = "signup", **attributes: Any) -> str:
        """Add a user and return its id, also that of a deleted one; `ss` for a sign-up, else `sapi`."""
        _require_known("by", by, Creator)
        with self.lock:
            user_id = self.users.create(**attributes)
            self.forget_deletion(user_id)
            user = self._user(user_id)
            if by == "signup":
                self._tell(signup(user, self.log.scenery))
            else:
                body = {"connection": user["identities"][0]["connection"], "email": user.get("email")}
                answer = without_tokens(user)
                self._tell(write_event("post", "/users", body=body, response=answer, user=_administrator(by)))
            return user_id

    def update_user(self, user_id: str, **attributes: Any) -> None:
        """Change attributes of a user; `updated_at` moves to now unless given."""
        with self.lock:
            self.users.update(user_id, **attributes)
            path = f"/users/{encoded(user_id)}"
            self._tell(write_event("patch", path, body=attributes, response=without_tokens(self._user(user_id))))

    def login(self, user_id: str) -> None:
        """Let a user log in, which moves `updated_at` too."""
        with self.lock:
            self.users.login(user_id)
            self._tell(login(self._user(user_id), self.log.scenery))

    def delete_user(self, user_id: str, by: By = "api", events: Events = "both", late: float = 0.0) -> None:
        """Remove a user, also from organizations and roles; its events arrive now and say `late` seconds ago."""
        with self.lock:
            user = self._user(user_id)
            self._tell_deletion(user, by, events, late)
            self.users.delete(user_id)
            self.remember_deletion(user_id)

    def failed_delete_user(self, user_id: str, by: By = "api", events: Events = "both", late: float = 0.0) -> None:
        """Write what is written when a user cannot be deleted; "sdu" stands for `fdu` here, "sapi" for `fapi`."""
        with self.lock:
            self._tell_deletion(self.users.get(user_id) or {"user_id": user_id}, by, events, late, REFUSAL)

    def write(self, method: str, path: str, *, late: float = 0.0, **parts: Any) -> str:
        """Log a write to the Management API (`sapi`, or `fapi` from status 400 on) and do nothing else; the event's id.

        parts: `query`, `body`, `response`, `status` and `user`, an administrator's id.
        """
        with self.lock:
            return self._tell(write_event(method, path, **parts), late)

    def _tell(self, event: Row, late: float = 0.0, after: int = 0) -> str:
        """Put an event in that happened `late` seconds ago, or `after` milliseconds from then."""
        now = self.clock.milliseconds()
        happened = now - int(late * 1000) + after
        return self.log.append(event, happened, max(now, happened))

    def _tell_deletion(self, user: Row, by: By, events: Events, late: float, problem: str = "") -> None:
        _require_known("by", by, By)
        _require_known("events", events, Events)
        account = self.log.scenery.account_of(user)
        if events in {"both", "sdu"}:
            self._tell(deletion(user["user_id"], account, self.log.scenery, problem), late)
        if events not in {"both", "sapi"}:
            return
        path, query = f"/users/{encoded(user['user_id'])}", {}
        if by == "connection":
            # Recorded: this endpoint tells an address and no id.
            path, query = f"/connections/{account['connection_id']}/users", {"email": user.get("email", "")}
        body = {"statusCode": 400, "error": "Bad Request", "message": problem}
        answer: dict[str, Any] = {"status": 400, "response": body} if problem else {}
        request = write_event("delete", path, query=query, user=_administrator(by), **answer)
        self._tell(request, late, APART if events == "both" else 0)

    def _user(self, user_id: str) -> Row:
        user = self.users.get(user_id)
        if user is None:
            raise KeyError(f"no user has the id {user_id!r}")
        return user


def _require_known(name: str, value: str, kind: Any) -> None:
    if value not in get_args(kind):
        raise ValueError(f"{value!r} is no {name!r}; known are {', '.join(get_args(kind))}")


def _administrator(by: str) -> str | None:
    return ADMINISTRATOR if by == "dashboard" else None
