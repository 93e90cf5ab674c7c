"""The users whom a wider filter adds to those whose lists were read."""

from collections.abc import Mapping
from typing import Any

from source_auth0.api.client import ManagementApiRequester
from source_auth0.api.tenant import Tenant
from source_auth0.retrievers.user_lists.user_ids import UserIds
from source_auth0.retrievers.user_search.queries import connection_term
from source_auth0.retrievers.users.state import UserFilter, connection_hash


def newly_wanted_users(requester: ManagementApiRequester, read_with: Mapping[str, Any] | None) -> set[str]:
    """The users whom the config wants, and the filter of a saved state did not; none where a state has no filter."""
    if read_with is None:
        return set()
    before, wanted = UserFilter.from_state(read_with), UserFilter.of(requester.tenant)
    if not before.has_connections_of(wanted):
        conditions = _new_connections(requester.tenant, before) if before.has_dates_of(wanted) else ""
        return {*UserIds.of(requester, None, conditions).between(None, None)}
    if before.start_date is not None and not before.has_dates_of(wanted):
        return {*UserIds.of(requester, None).between(None, before.start_date - 1)}
    return set()


def _new_connections(tenant: Tenant, before: UserFilter) -> str:
    """The condition that a user has a connection that is new, and none of those before; empty for any user."""
    known = before.connections or frozenset()
    terms = {name: connection_term(name) for name in tenant.get("users_connections") or []}
    new = " OR ".join(term for name, term in terms.items() if connection_hash(name) not in known)
    conditions = [f"({new})"] if new else []
    conditions += [f"NOT {term}" for name, term in terms.items() if connection_hash(name) in known]
    return " AND ".join(conditions)
