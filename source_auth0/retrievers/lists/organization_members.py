"""Organization members and their roles from the same pages: one request per 100 members instead of one per member."""

import contextlib
import itertools
import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from airbyte_cdk.sources.declarative.partition_routers.substream_partition_router import ParentStreamConfig
from airbyte_cdk.sources.types import StreamSlice

from source_auth0.api.tenant import Tenant
from source_auth0.engine.thread_pool import SyncCancelledError
from source_auth0.errors import MissingScopeError
from source_auth0.records import Page, Row
from source_auth0.retrievers.lists.lists import CheckpointRetriever, PageNumberRetriever

LOGGER = logging.getLogger("airbyte.source_auth0")
MEMBER_FIELDS = "user_id,email,picture,name"
ROLES_SCOPE = "read:organization_member_roles"
MEMBER_ROLES_PATH = "organizations/{{ stream_partition.org_id }}/members/{{ stream_partition.user_id }}/roles"


@dataclass
class OrganizationMembersRetriever(CheckpointRetriever):
    """The members, with inline roles if the token may read them (Auth0 sends roles only on request)."""

    def pages(self, stream_slice: StreamSlice) -> Iterator[Page]:
        """All pages; if the token's scopes are unknown, roles are requested until Auth0 refuses them once."""
        requests_roles = self._may_read_roles()
        pages = super().pages(stream_slice)
        try:
            yield from itertools.islice(pages, 1)
        except MissingScopeError as refusal:
            if not requests_roles or not (ROLES_SCOPE in refusal.scopes or refusal.names_fields):
                raise
            self.tenant.refused_scopes.add(ROLES_SCOPE)
            pages = super().pages(stream_slice)
        yield from pages

    def fields(self, stream_slice: StreamSlice) -> dict[str, Any]:  # noqa: ARG002 - the same for each organization
        """The query parameters that select columns."""
        names = f"{MEMBER_FIELDS},roles" if self._may_read_roles() else MEMBER_FIELDS
        return {"fields": names, "include_fields": "true"}

    def _may_read_roles(self) -> bool:
        granted = self.requester.authenticator.scopes
        return ROLES_SCOPE not in self.tenant.refused_scopes and (granted is None or ROLES_SCOPE in granted)


@dataclass
class MemberRolesRetriever(PageNumberRetriever):
    """The roles of one member, who may have more than a page of them; nothing else reads these pages."""

    def __post_init__(self) -> None:
        self.tenant = Tenant.of(self.config)


@dataclass
class SharedPagesRetriever(CheckpointRetriever):
    """Rows derived from the pages of another stream, `pages_of`, which are fetched once for both."""

    pages_of: str = ""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.tenant.shared_pages.register(self.pages_of)
        self._own_requester = self.requester
        # Errors while fetching these pages name the stream that they belong to, whichever of the two fetches them.
        # They can be had without roles.
        scopes = [scope for scope in self.requester.required_scopes if scope != ROLES_SCOPE]
        self.requester = replace(self.requester, name=self.pages_of, required_scopes=scopes)


@dataclass
class OrganizationMemberRolesRetriever(SharedPagesRetriever, OrganizationMembersRetriever):
    """A row per role of each member, extracted from the pages of `organization_members`.

    Those have a role's id and name; its description comes from the list of roles. One request per member is made
    only for a page in which no member has roles, and for a member whose roles are no list of objects with an id.
    """

    roles: ParentStreamConfig | None = None

    def read_pages(self, stream_slice: StreamSlice) -> Iterator[Page]:
        """The roles of the members of one organization."""
        with contextlib.closing(self.shared_pages(self.pages_of, stream_slice)) as pages:
            for members in pages:
                if members and not self._may_read_roles():
                    raise MissingScopeError(self.name, (ROLES_SCOPE,))
                has_inline_roles = any("roles" in member for member in members)
                yield [
                    self._row(member, role)
                    for member in members
                    for role in self._roles_of(member, has_inline_roles=has_inline_roles)
                ]

    def _roles_of(self, member: Row, *, has_inline_roles: bool) -> Iterable[Row]:
        roles = member.get("roles", []) if has_inline_roles else None
        if roles is None and has_inline_roles:
            return []
        if isinstance(roles, list) and all(isinstance(role, dict) and "id" in role for role in roles):
            return roles
        return self._fetch_roles(member)

    def _row(self, member: Row, role: Row) -> Row:
        descriptions = self.tenant.once("role descriptions", self._descriptions)
        return {
            "org_id": member["org_id"],
            "user_id": member["user_id"],
            "description": descriptions.get(role["id"]),
            **role,
        }

    def _fetch_roles(self, member: Row) -> Iterator[Row]:
        if self.tenant.first_time(MEMBER_ROLES_PATH):
            LOGGER.warning(f"`{self.name}`: Auth0 sent members without their roles, so each member's are asked for.")
        partition = {name: member[name] for name in ("org_id", "user_id")}
        yield from itertools.chain.from_iterable(
            self._member_roles.pages(StreamSlice(partition=partition, cursor_slice={}))
        )

    @cached_property
    def _member_roles(self) -> MemberRolesRetriever:
        requester = replace(self._own_requester, resource=MEMBER_ROLES_PATH, query=None, query_withholding=None)
        return MemberRolesRetriever(self.config, self.name, requester, rows="roles", key_columns=["id"])

    def _descriptions(self) -> dict[str, str | None]:
        """Role id to description; empty, with a warning, if roles cannot be listed, for whatever reason."""
        try:
            return {
                row["id"]: row.get("description")
                for partition in (self.roles.stream.generate_partitions() if self.roles else ())
                for row in partition.read()
            }
        except SyncCancelledError:
            raise
        except Exception as error:  # noqa: BLE001 - the rows are complete without descriptions
            reason = getattr(error, "message", None) or f"Reading `roles` met a {type(error).__name__}."
            LOGGER.warning(f"`{self.name}` has no descriptions of roles. {reason}")
            return {}


@dataclass
class OrganizationRoleMembersRetriever(OrganizationMemberRolesRetriever):
    """The members of each role of an organization: the same pages, keyed by role first.

    Auth0's own endpoint costs a request per role and organization.
    """

    def _row(self, member: Row, role: Row) -> Row:
        columns = {name: value for name, value in member.items() if name not in {"org_id", "roles"}}
        return {"organization_id": member["org_id"], "role_id": role["id"], **columns}


@dataclass
class OrganizationRoleGroupsRetriever(SharedPagesRetriever):
    """The groups of each role of an organization, derived from the pages of `organization_group_roles`.

    Auth0's own endpoint costs a request per role and organization; a group's columns come with its slice.
    """

    def read_pages(self, stream_slice: StreamSlice) -> Iterator[Page]:
        """A row per role of one group."""
        columns = {name: value for name, value in stream_slice.extra_fields.items() if value is not None}
        with contextlib.closing(self.shared_pages(self.pages_of, stream_slice)) as pages:
            for roles in pages:
                yield [
                    {
                        "organization_id": role["organization_id"],
                        "role_id": role["id"],
                        "id": role["group_id"],
                        **columns,
                    }
                    for role in roles
                ]
