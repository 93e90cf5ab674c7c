"""Roles of three owners: the tenant, its organizations and Auth0."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from airbyte_cdk.sources.types import StreamSlice

from source_auth0.api.tenant import Tenant
from source_auth0.errors import MissingScopeError, RequestRefusedError
from source_auth0.records import Page, Row
from source_auth0.retrievers.lists.lists import CheckpointRetriever

LOGGER = logging.getLogger("airbyte.source_auth0")
#: The `owner_id` of the roles that Auth0 manages; without it they are not listed.
SYSTEM_OWNER = "auth0"


@dataclass
class RolesRetriever(CheckpointRetriever):
    """All roles: those of the tenant and of its organizations in one list, then Auth0's own, where it answers.

    Raises what `CheckpointRetriever` raises; only a refusal of Auth0's own roles is none, since their parameter is
    in early access (https://auth0.com/docs/api/management/v2/roles/get-roles).
    """

    def pages(self, stream_slice: StreamSlice) -> Iterator[Page]:
        """The pages of both lists; no role twice."""
        seen = set[Any]()
        for page in super().pages(stream_slice):
            seen.update(row.get("id") for row in page)
            yield page
        yield from self._system_pages(stream_slice, seen)

    def _system_pages(self, stream_slice: StreamSlice, seen: set[Any]) -> Iterator[Page]:
        """Auth0's own roles; none where the parameter is refused, or ignored, so that other roles come again."""
        is_begun = False
        try:
            for page in self._system_roles().pages(stream_slice):
                is_begun = True
                known = [row for row in page if row.get("id") in seen]
                if any(_has_other_owner(row) for row in known):
                    return
                yield [{**row, **_owner_of(row)} for row in page if row.get("id") not in seen]
        except (RequestRefusedError, MissingScopeError) as refusal:
            if is_begun:
                raise
            LOGGER.info(f"`{self.name}` has no roles that Auth0 manages. {refusal.message}")

    def _system_roles(self) -> "SystemRolesRetriever":
        name = f"{self.name} with owner_id={SYSTEM_OWNER}"
        if self.requester.name in self.tenant.streams_without_checkpoints:
            self.tenant.streams_without_checkpoints.add(name)
        # That a plan or release lacks these roles can be true, although none lacks roles.
        requester = replace(self.requester, name=name, on_every_plan=None)
        return SystemRolesRetriever(self.config, name, requester, rows=self.rows, key_columns=self.key_columns)


@dataclass
class SystemRolesRetriever(CheckpointRetriever):
    """The roles that Auth0 manages; nothing else reads these pages."""

    def __post_init__(self) -> None:
        self.tenant = Tenant.of(self.config)

    def fields(self, stream_slice: StreamSlice) -> dict[str, Any]:  # noqa: ARG002 - there is only one slice
        """The query parameter that selects them."""
        return {"owner_id": SYSTEM_OWNER}


def _has_other_owner(role: Row) -> bool:
    """Whether a role is the tenant's or an organization's; what is neither text nor null tells nothing of that."""
    owner = role.get("owner_id")
    return owner is None or (isinstance(owner, str) and owner != SYSTEM_OWNER)


def _owner_of(role: Row) -> Row:
    """The owner where a role has none: Auth0. Whatever else stands there is kept."""
    return {"owner_id": SYSTEM_OWNER} if role.get("owner_id") in (None, "") else {}
