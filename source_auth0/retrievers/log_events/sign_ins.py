"""The newest sign-ins of the log that the search index must have got by now."""

import threading
from collections.abc import Iterable, Mapping
from typing import Any

from source_auth0.api.tenant import Tenant
from source_auth0.retrievers.log_events.api_writes import id_or_none
from source_auth0.timestamps import Milliseconds, timestamp_of

#: Types of events of a user who signs in or up; no set, since a type of any kind is looked for in it.
SIGN_IN_TYPES = ("s", "ss")
#: Milliseconds after which the index should show a sign-in.
MIN_AGE_MS = 3_600_000
#: Users that are remembered.
MAX_USERS = 20


class RecentSignIns:
    """A few users who signed in over an hour ago, with the time of each one's newest such event."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant
        self._lock = threading.Lock()
        self._times: dict[str, Milliseconds] = {}

    @classmethod
    def of(cls, tenant: Tenant) -> "RecentSignIns":
        """The users that all readers of a tenant's log share."""
        return tenant.once("recent sign-ins", lambda: cls(tenant))

    def add(self, page: Iterable[Mapping[str, Any]]) -> None:
        """Take note of a page of the log."""
        latest = self._tenant.now_ms - MIN_AGE_MS
        for event in page:
            if event.get("type") not in SIGN_IN_TYPES:
                continue
            user, at = id_or_none(event.get("user_id")), timestamp_of(event, "date")
            if user and at is not None and at <= latest:
                with self._lock:
                    self._times[user] = max(at, self._times.get(user, at))
                    if len(self._times) > MAX_USERS:
                        del self._times[min(self._times, key=self._times.__getitem__)]

    @property
    def times(self) -> dict[str, Milliseconds]:
        """User id to the time of the newest sign-in over an hour ago."""
        with self._lock:
            return dict(self._times)
