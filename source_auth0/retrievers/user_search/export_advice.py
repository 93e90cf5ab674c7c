"""A first load of many users by search, which Auth0 advises against: what the setting for an export would change."""

import logging

from source_auth0.api.tenant import Tenant

LOGGER = logging.getLogger("airbyte.source_auth0")
#: Users from which on an export is worth considering: more than 500 requests by search, and a few dozen by export.
LARGE_LOAD_USERS = 50_000
#: The values of `users_initial_load` that ask for one.
EXPORT_MODES = ("export", "export_only")


class ExportAdvice:
    """Logs once that a first load by search could begin with an export, and what an export lacks.

    By the total where Auth0 tells one, else by the rows that were read. Source: "Do not use the List or Search Users
    endpoint to export users" (https://auth0.com/docs/manage-users/user-search/list-and-search-users).
    """

    def __init__(self, tenant: Tenant, stream_name: str, *, is_first_load: bool) -> None:
        self._stream_name = stream_name
        self._is_due = is_first_load and tenant.config.get("users_initial_load") not in EXPORT_MODES
        self._rows = 0

    def expect(self, total: int | None) -> None:
        """Take note of a total; None if it is unknown."""
        if self._is_due and total is not None and total > LARGE_LOAD_USERS:
            self._log(f"{total:,} users")

    def record_rows(self, rows: int) -> None:
        """Take note of a page's rows."""
        self._rows += rows
        if self._is_due and self._rows > LARGE_LOAD_USERS:
            self._log(f"More than {LARGE_LOAD_USERS:,} users")

    def _log(self, users: str) -> None:
        self._is_due = False
        LOGGER.info(
            f"`{self._stream_name}`: {users} are read by search. That is complete, but Auth0 recommends a bulk export "
            "for this many. To begin with one, set First Load of Users (`users_initial_load`) to `export`. An export "
            "lacks the attributes that identity providers add, `blocked_for`, `guardian_authenticators` and `tenant`; "
            "later syncs search either way."
        )
