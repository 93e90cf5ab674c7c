"""Operations on users: create, update, log in, delete; each is written to the tenant's log.

Which events Auth0 writes for a deletion is not established: recordings of deletions by the API show both, `sdu` first.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from threading import RLock
from typing import Any, Literal, get_args

from auth0_simulator.logs.api_writes import api_write_event, percent_encoded
from auth0_simulator.logs.store import LogStore
from auth0_simulator.logs.touch_events import TouchEvents
from auth0_simulator.logs.user_events import deletion_event, login_event, signup_event
from auth0_simulator.state.clock import Clock
from auth0_simulator.state.identities import without_idp_tokens
from auth0_simulator.state.user_changes import TouchKind
from auth0_simulator.state.users import UserStore
from auth0_simulator.wire.rows import Row

Creator = Literal["signup", "api", "dashboard"]
DeletedBy = Literal["api", "dashboard", "connection"]
DeletionEvents = Literal["both", "sdu", "sapi", "none"]
ADMINISTRATOR_USER_ID = "auth0|5f7c8ec7c33c6c004bbafe82"
#: Milliseconds between the two events of a deletion; recorded are 8 to 44.
DELETION_EVENTS_GAP_MILLISECONDS = 11
DELETION_FAILED_MESSAGE = "The user could not be deleted."


class UserOperationsMixin(ABC):
    """The operations on the users of a tenant; each takes the tenant's lock."""

    lock: RLock
    clock: Clock
    users: UserStore
    touch_events: TouchEvents

    @property
    @abstractmethod
    def log(self) -> LogStore:
        """The log, with the touches up to now."""

    @abstractmethod
    def remove_from_collections(self, user_id: str) -> None:
        """Remove a user from every collection."""

    @abstractmethod
    def allow_user_id_again(self, user_id: str) -> None:
        """Let a deleted user's id be used again."""

    def create_user(self, by: Creator = "signup", **attributes: Any) -> str:
        """Add a user and return the id, which may be a deleted user's; logs `ss` for a sign-up, otherwise `sapi`."""
        _require_known("by", by, Creator)
        with self.lock:
            user_id = self.users.create(**attributes)
            self.allow_user_id_again(user_id)
            user = self._user(user_id)
            if by == "signup":
                self._log_event(signup_event(user, self.log.tenant_snapshot))
            else:
                body = {"connection": user["identities"][0]["connection"], "email": user.get("email")}
                response = without_idp_tokens(user)
                self._log_event(
                    api_write_event("post", "/users", body=body, response=response, user=_administrator(by))
                )
            return user_id

    def update_user(self, user_id: str, **attributes: Any) -> None:
        """Change attributes of a user; `updated_at` becomes now unless given."""
        with self.lock:
            self.log_touches()
            self.users.update(user_id, **attributes)
            path = f"/users/{percent_encoded(user_id)}"
            self._log_event(
                api_write_event("patch", path, body=attributes, response=without_idp_tokens(self._user(user_id)))
            )

    def login(self, user_id: str) -> None:
        """Log a user in, which changes `updated_at` too."""
        with self.lock:
            self.log_touches()
            self.users.login(user_id)
            self._log_event(login_event(self._user(user_id), self.log.tenant_snapshot))

    def touch_users(
        self,
        user_ids: Iterable[str],
        every: float,
        by: TouchKind = "login",
        *,
        together: bool = False,
        log: bool = False,
    ) -> None:
        """From now on log each of these users in, or update them, every so many seconds, at no work in between.

        Times and counts are computed from the clock when they are asked for. The users take turns within the period,
        unless `together`. With `log` the log tells of each touch, which is for a few users. Events do not.
        """
        _require_known("by", by, TouchKind)
        if (period := round(every * 1000)) < 1:
            raise ValueError(f"every {every} seconds is too often; once in a millisecond is the most")
        with self.lock:
            self.log_touches()
            for user_id in user_ids:
                self.users.schedule(user_id, by, period, together=together)
                (self.touch_events.add if log else self.touch_events.discard)(user_id)

    def stop_touching(self, user_ids: Iterable[str] | None = None) -> None:
        """Touch these users no longer, or nobody; what was touched so far stays."""
        with self.lock:
            self.log_touches()
            for user_id in self.users.scheduled() if user_ids is None else user_ids:
                self.users.unschedule(user_id)
                self.touch_events.discard(user_id)

    @abstractmethod
    def log_touches(self) -> None:
        """Log the touches up to now of the users whose touches are logged."""

    def delete_user(
        self, user_id: str, by: DeletedBy = "api", events: DeletionEvents = "both", late: float = 0.0
    ) -> None:
        """Delete a user, also from organizations and roles; its log events arrive now, dated `late` seconds ago."""
        with self.lock:
            user = self._user(user_id)
            self._log_deletion(user, by, events, late)
            self.users.delete(user_id)
            self.remove_from_collections(user_id)

    def failed_delete_user(
        self, user_id: str, by: DeletedBy = "api", events: DeletionEvents = "both", late: float = 0.0
    ) -> None:
        """Log a deletion that failed; "sdu" stands for `fdu` here, "sapi" for `fapi`."""
        with self.lock:
            self._log_deletion(
                self.users.get(user_id) or {"user_id": user_id}, by, events, late, DELETION_FAILED_MESSAGE
            )

    def log_api_write(self, method: str, path: str, *, late: float = 0.0, **parts: Any) -> str:
        """Log a write request to the Management API (`sapi`, or `fapi` from status 400 on) and change nothing else.

        parts: `query`, `body`, `response`, `status` and `user`, an administrator's id. Returns the event's id.
        """
        with self.lock:
            return self._log_event(api_write_event(method, path, **parts), late)

    def _log_event(self, event: Row, late: float = 0.0, after: int = 0) -> str:
        """Append an event that happened `late` seconds ago, plus `after` milliseconds; returns its id."""
        now = self.clock.milliseconds()
        happened = now - int(late * 1000) + after
        return self.log.append(event, happened, max(now, happened))

    def _log_deletion(self, user: Row, by: DeletedBy, events: DeletionEvents, late: float, error: str = "") -> None:
        _require_known("by", by, DeletedBy)
        _require_known("events", events, DeletionEvents)
        connection_fields = self.log.tenant_snapshot.connection_fields_of(user)
        if events in {"both", "sdu"}:
            self._log_event(deletion_event(user["user_id"], connection_fields, self.log.tenant_snapshot, error), late)
        if events not in {"both", "sapi"}:
            return
        path, query = f"/users/{percent_encoded(user['user_id'])}", {}
        if by == "connection":
            # As recorded: the request to this endpoint contains an email address and no user id.
            path, query = f"/connections/{connection_fields['connection_id']}/users", {"email": user.get("email", "")}
        body = {"statusCode": 400, "error": "Bad Request", "message": error}
        response: dict[str, Any] = {"status": 400, "response": body} if error else {}
        request = api_write_event("delete", path, query=query, user=_administrator(by), **response)
        self._log_event(request, late, DELETION_EVENTS_GAP_MILLISECONDS if events == "both" else 0)

    def _user(self, user_id: str) -> Row:
        user = self.users.get(user_id)
        if user is None:
            raise KeyError(f"no user has the id {user_id!r}")
        return user


def _require_known(name: str, value: str, kind: Any) -> None:
    if value not in get_args(kind):
        raise ValueError(f"{value!r} is no {name!r}; known are {', '.join(get_args(kind))}")


def _administrator(by: str) -> str | None:
    return ADMINISTRATOR_USER_ID if by == "dashboard" else None
