"""The users whom a wider filter adds to those whose lists were read."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from source_auth0.api.client import ManagementApiRequester
from source_auth0.api.tenant import Tenant
from source_auth0.retrievers.cursors.compact_ids import CompactIds
from source_auth0.retrievers.user_lists.user_ids import UserIds
from source_auth0.retrievers.user_search.queries import connection_term
from source_auth0.retrievers.users.state import UserFilter, connection_hash

#: Characters of a percent-encoded condition that stands beside that of the connections.
MAX_NARROWING_CHARACTERS = 1000


def newly_wanted_users(requester: ManagementApiRequester, read_with: Mapping[str, Any] | None) -> CompactIds:
    """The users whom the config wants, and the filter of a saved state did not; none where a state has no filter."""
    if read_with is None:
        return CompactIds()
    before, wanted = UserFilter.from_state(read_with), UserFilter.of(requester.tenant)
    if not before.has_connections_of(wanted):
        new, conditions = _new_connections(requester.tenant, before) if before.has_dates_of(wanted) else (None, "")
        return CompactIds(UserIds.of(requester, None, conditions, new).between(None, None))
    if before.start_date is not None and not before.has_dates_of(wanted):
        return CompactIds(UserIds.of(requester, None).between(None, before.start_date - 1))
    return CompactIds()


def _new_connections(tenant: Tenant, before: UserFilter) -> tuple[tuple[str, ...] | None, str]:
    """The connections that are new, None for all, and the condition that a user has none of those before.

    The latter only saves requests, and is left out where it is too long.
    """
    known = before.connections or frozenset()
    names = tenant.config.get("users_connections") or []
    new = tuple(name for name in names if connection_hash(name) not in known)
    terms = [f"NOT {connection_term(name)}" for name in names if connection_hash(name) in known]
    conditions = " AND ".join(terms)
    return new or None, conditions if len(quote(conditions)) <= MAX_NARROWING_CHARACTERS else ""
