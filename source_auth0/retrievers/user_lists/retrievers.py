"""Lists that Auth0 offers per user only (roles, sessions, …), read for users who changed since the last sync."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, ClassVar

from airbyte_cdk.sources.declarative.partition_routers.substream_partition_router import ParentStreamConfig
from airbyte_cdk.sources.types import StreamSlice

from source_auth0.api.tenant import Tenant
from source_auth0.records import Page, Row, partition_columns
from source_auth0.retrievers.cursors.work_items import optional_work_item, work_item
from source_auth0.retrievers.lists.lists import (
    CheckpointRetriever,
    ListRetriever,
    PageNumberRetriever,
    UnpagedRetriever,
)
from source_auth0.retrievers.readings.readings import ReadingsWorkItem
from source_auth0.retrievers.user_lists.changed_users import ChangedUsersCursor, SingleUserWorkItem
from source_auth0.retrievers.user_lists.users_in_log import UserSelection

USER_PATH = "users/{{ stream_partition.user_id }}"


@dataclass
class UserListRetriever(ListRetriever):
    """One user per slice; each row gets `read_at`, Auth0's time at which reading that user began.

    All rows of one read share `read_at`, so that rows with an older one are known to be gone. The cursor selects
    users who were updated, and users whom the log names. For the latter, `named_by` has the paths of writes below
    /api/v2 that change such rows and name their user in the path or the body (`*` is one id), and `named_by_types`
    the types of other log events whose `user_id` is the user's.
    """

    cursor: ChangedUsersCursor | None = None
    named_by: list[str] = field(default_factory=list)
    named_by_types: list[str] = field(default_factory=list)
    cursor_class: ClassVar[type[ChangedUsersCursor]] = ChangedUsersCursor

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.cursor is not None:
            self.cursor.selection = UserSelection(self.requester, self.named_by, self.named_by_types)

    def read_pages(self, stream_slice: StreamSlice) -> Iterator[Page]:
        """The pages of one user; once the last one is handed on, the cursor marks the user as done."""
        if (told := optional_work_item(ReadingsWorkItem, stream_slice)) is not None:
            yield told.page
            told.queued.set()
            return
        item = work_item(SingleUserWorkItem, stream_slice, self.name)
        with item.cursor.reading_user(item.user_pass, item.index) as should_read:
            if should_read:
                yield from self._user_pages(stream_slice, item)

    def _user_pages(self, user: StreamSlice, item: SingleUserWorkItem) -> Iterator[Page]:
        """The pages of one user, with the time at which reading began; then its row of `readings`."""
        read_at, rows = self.tenant.now_text, 0
        for page in self.list_pages(user):
            rows += len(page)
            yield [{**row, "read_at": read_at} for row in page]
        yield item.cursor.reading_of(item, read_at, rows)

    def list_pages(self, parent: StreamSlice) -> Iterator[Page]:
        """The pages of the list of one user, or of another parent."""
        yield from super().read_pages(parent)


@dataclass
class PageNumberUserListRetriever(UserListRetriever, PageNumberRetriever):
    """A user's list, paginated by `page`/`per_page`."""


@dataclass
class CheckpointUserListRetriever(UserListRetriever, CheckpointRetriever):
    """A user's list, paginated by `from`/`take`."""


@dataclass
class UnpagedUserListRetriever(UserListRetriever, UnpagedRetriever):
    """A user's list in a single response.

    `blank_for_null` names columns of the primary key that Auth0 may omit; they become "", as a key cannot be null.
    """

    blank_for_null: list[str] = field(default_factory=list)

    def pages(self, stream_slice: StreamSlice) -> Iterator[Page]:
        """The one page."""
        for page in super().pages(stream_slice):
            for row in page:
                row.update({name: "" for name in self.blank_for_null if row.get(name) is None})
            yield page


@dataclass
class QueriedListRetriever(CheckpointRetriever):
    """A list that requires a query parameter (a role, an API, …) besides the user, taken from the slice.

    It has no other readers, so it does not register for shared pages.
    """

    def __post_init__(self) -> None:
        self.tenant = Tenant.of(self.config)

    def fields(self, stream_slice: StreamSlice) -> dict[str, Any]:
        """The slice's columns as query parameters, without the user."""
        return {name: value for name, value in partition_columns(stream_slice.partition).items() if name != "user_id"}


@dataclass
class RepeatedUserListRetriever(UserListRetriever):
    """A list that is read several times per user, each time with other query parameters.

    Partitions of the framework would mean a slice and a state for each combination of user and parameter.
    """

    def pages(self, stream_slice: StreamSlice) -> Iterator[Page]:
        """The pages of one query after the other; its parameters become columns of the rows."""
        for query in self.queries(stream_slice):
            for page in self._queried_list.pages(_slice_with(stream_slice, query)):
                for row in page:
                    row.update(query)
                yield page

    def queries(self, user: StreamSlice) -> Iterator[dict[str, str]]:
        """The query parameters of each read of the list."""
        raise NotImplementedError

    @cached_property
    def _queried_list(self) -> QueriedListRetriever:
        return self._list_at(self.requester.resource, self.rows)

    def _list_at(self, resource: str, rows: str | None) -> QueriedListRetriever:
        requester = replace(self.requester, resource=resource)
        return QueriedListRetriever(self.config, self.name, requester, rows=rows, page_size=self.page_size)


@dataclass
class RoleSourceGroupsRetriever(RepeatedUserListRetriever):
    """The groups through which a user has each role."""

    def queries(self, user: StreamSlice) -> Iterator[dict[str, str]]:
        """One per role that the user has through groups."""
        for roles in self._effective_roles.pages(user):
            yield from ({"role_id": role["id"]} for role in roles if _has_source("groups", role))

    @cached_property
    def _effective_roles(self) -> QueriedListRetriever:
        return self._list_at(f"{USER_PATH}/effective-roles", "roles")


@dataclass
class ByApiUserListRetriever(RepeatedUserListRetriever):
    """A user's permissions for each API of the tenant that defines permissions."""

    apis: ParentStreamConfig | None = None

    def queries(self, user: StreamSlice) -> Iterator[dict[str, str]]:  # noqa: ARG002 - the same for each user
        """One per such API; the list of APIs is read once per sync."""
        identifiers = self.tenant.once("APIs with permissions", self._identifiers)
        yield from ({"resource_server_identifier": identifier} for identifier in identifiers)

    def _identifiers(self) -> list[str]:
        return [
            row["identifier"]
            for partition in (self.apis.stream.generate_partitions() if self.apis else ())
            for row in partition.read()
            if row.get("scopes") != []
        ]


@dataclass
class PermissionSourceRolesRetriever(ByApiUserListRetriever):
    """The roles through which a user has each permission."""

    def queries(self, user: StreamSlice) -> Iterator[dict[str, str]]:
        """One per permission that the user has through roles."""
        for api in super().queries(user):
            for permissions in self._effective_permissions.pages(_slice_with(user, api)):
                for permission in permissions:
                    if _has_source("roles", permission):
                        yield {**api, "permission_name": permission["permission_name"]}

    @cached_property
    def _effective_permissions(self) -> QueriedListRetriever:
        return self._list_at(f"{USER_PATH}/effective-permissions", "permissions")


def _slice_with(user: StreamSlice, query: Mapping[str, str]) -> StreamSlice:
    return StreamSlice(partition={**user.partition, **query}, cursor_slice={})


def _has_source(source: str, row: Row) -> bool:
    """Whether a user has a role or permission through this source; True if the row's `sources` are no list of texts."""
    sources = row.get("sources")
    if not isinstance(sources, list) or not all(isinstance(element, str) for element in sources):
        return True
    return source in sources
