"""Members of organizations and their roles, both from the same pages: one request for 100 members, none for each."""

import itertools
import logging
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from airbyte_cdk.sources.declarative.partition_routers.substream_partition_router import ParentStreamConfig
from airbyte_cdk.sources.types import StreamSlice

from source_auth0.errors import MissingScopeError
from source_auth0.records import PAGE_SIZE, Page, Row
from source_auth0.retrievers.lists.lists import CheckpointRetriever

LOGGER = logging.getLogger("airbyte.source_auth0")
MEMBER_FIELDS = "user_id,email,picture,name"
ROLES_SCOPE = "read:organization_member_roles"
MEMBER_ROLES_PATH = "organizations/{{ stream_partition.org_id }}/members/{{ stream_partition.user_id }}/roles"


@dataclass
class OrganizationMembersRetriever(CheckpointRetriever):
    """The members, with their roles inline where the token may read them (Auth0 sends roles only when asked)."""

    def pages(self, stream_slice: StreamSlice) -> Iterator[Page]:
        """All pages; where it is not known whether the token may read roles, they are asked for, once in vain."""
        asked = self._roles_may_be_read()
        pages = super().pages(stream_slice)
        try:
            yield from itertools.islice(pages, 1)
        except MissingScopeError as refusal:
            if not asked or not (ROLES_SCOPE in refusal.scopes or refusal.names_fields):
                raise
            self.tenant.refused_scopes.add(ROLES_SCOPE)
            pages = super().pages(stream_slice)
        yield from pages

    def fields(self, stream_slice: StreamSlice) -> dict[str, Any]:  # noqa: ARG002 - the same for each organization
        """The fields to ask for."""
        wanted = f"{MEMBER_FIELDS},roles" if self._roles_may_be_read() else MEMBER_FIELDS
        return {"fields": wanted, "include_fields": "true"}

    def _roles_may_be_read(self) -> bool:
        granted = self.requester.authenticator.scopes
        return ROLES_SCOPE not in self.tenant.refused_scopes and (granted is None or ROLES_SCOPE in granted)


@dataclass
class SharedPagesRetriever(CheckpointRetriever):
    """Rows that are made from the pages of another stream, which is asked once for both."""

    pages_of: str = ""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.tenant.shared_pages.register(self.pages_of)
        self._own = self.requester
        # What fails while these pages are read is told of their stream, whichever of the two was first to ask.
        self.requester = replace(self.requester, name=self.pages_of)


@dataclass
class OrganizationMemberRolesRetriever(SharedPagesRetriever, OrganizationMembersRetriever):
    """A row for each role of each member, taken out of the pages of `organization_members`.

    Those carry id and name of a role; its description comes from the list of roles. A call for each member is made
    only where a tenant's answer has no roles at all.
    """

    roles: ParentStreamConfig | None = None

    def read_pages(self, stream_slice: StreamSlice) -> Iterator[Page]:
        """The roles of the members of one organization."""
        for members in self.shared_pages(self.pages_of, stream_slice):
            if members and not self._roles_may_be_read():
                raise MissingScopeError(self.name, (ROLES_SCOPE,))
            inline = any("roles" in member for member in members)
            yield [
                self._row(member, role)
                for member in members
                for role in ((member.get("roles") or []) if inline else self._roles_of(member))
            ]

    def _row(self, member: Row, role: Row) -> Row:
        descriptions = self.tenant.once("role descriptions", self._descriptions)
        return {
            "org_id": member["org_id"],
            "user_id": member["user_id"],
            "description": descriptions.get(role["id"]),
            **role,
        }

    def _roles_of(self, member: Row) -> Iterator[Row]:
        if self.tenant.first_time(MEMBER_ROLES_PATH):
            LOGGER.warning(f"`{self.name}`: Auth0 sent members without their roles, so each member's are asked for.")
        path = self._own.path_of(MEMBER_ROLES_PATH, {name: member[name] for name in ("org_id", "user_id")})
        page = self._own.get_path(path, {"page": 0, "per_page": PAGE_SIZE}, template=MEMBER_ROLES_PATH)
        yield from self._rows_in(page) if page is not None else []

    def _rows_in(self, body: Any) -> Page:
        return self.rows_of(body if isinstance(body, list) else body.get("roles"))

    def _descriptions(self) -> dict[str, str | None]:
        """Role id to description; none where the token may not list roles, which a warning says."""
        try:
            return {
                row["id"]: row.get("description")
                for partition in (self.roles.stream.generate_partitions() if self.roles else ())
                for row in partition.read()
            }
        except MissingScopeError as missing:
            LOGGER.warning(f"`{self.name}` has no descriptions of roles. {missing.message}")
            return {}


@dataclass
class OrganizationRoleMembersRetriever(OrganizationMemberRolesRetriever):
    """The members of an organization by the roles they hold: the same pages, the other way around.

    Auth0's own route costs a request for each role of each organization.
    """

    def _row(self, member: Row, role: Row) -> Row:
        own = {name: value for name, value in member.items() if name not in {"org_id", "roles"}}
        return {"organization_id": member["org_id"], "role_id": role["id"], **own}


@dataclass
class OrganizationRoleGroupsRetriever(SharedPagesRetriever):
    """The groups of an organization by the roles they hold, out of the pages of `organization_group_roles`.

    Auth0's own route costs a request for each role of each organization; the columns of a group come with its slice.
    """

    def read_pages(self, stream_slice: StreamSlice) -> Iterator[Page]:
        """A row for each role of one group."""
        own = {name: value for name, value in stream_slice.extra_fields.items() if value is not None}
        for roles in self.shared_pages(self.pages_of, stream_slice):
            yield [
                {"organization_id": role["organization_id"], "role_id": role["id"], "id": role["group_id"], **own}
                for role in roles
            ]
