"""What belongs to single users: lists that Auth0 offers for one user at a time, read for those who moved."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, ClassVar

from airbyte_cdk.sources.declarative.partition_routers.substream_partition_router import ParentStreamConfig
from airbyte_cdk.sources.types import StreamSlice

from source_auth0.api.tenant import Tenant
from source_auth0.records import Page, Row, partition_columns
from source_auth0.retrievers.lists.lists import (
    CheckpointRetriever,
    ListRetriever,
    PageNumberRetriever,
    UnpagedRetriever,
)
from source_auth0.retrievers.user_lists.cursor import ChangedUsersCursor, UserSelection
from source_auth0.timestamps import to_iso

USER_PATH = "users/{{ stream_partition.user_id }}"


@dataclass
class UserListRetriever(ListRetriever):
    """One user's rows a slice, each with `read_at`, the tenant's time at which the reading of that user began.

    No row says that another one is gone; `read_at` does, since all rows of one reading share it. The cursor tells
    who is asked: users that moved, and users that the log names. For the latter, `named_by` has the paths of writes
    below /api/v2 that change such rows and name their user in the path or the body (`*` is one id), and
    `named_by_types` the types of other log events whose `user_id` is the user's.
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
        """The pages of one user; once the last one is handed on, the cursor hears of it."""
        extra = stream_slice.extra_fields
        cursor: ChangedUsersCursor | None = extra.get("cursor")
        if cursor is None:
            yield from self._reading(stream_slice)
            return
        with cursor.reading_user(extra["round"], extra["place"]) as is_wanted:
            if is_wanted:
                yield from self._reading(stream_slice)

    def _reading(self, user: StreamSlice) -> Iterator[Page]:
        """The pages of one user; none, and no request, once Auth0 has said that the tenant lacks the feature."""
        if self.name in self.tenant.streams_without_feature:
            return
        read_at = to_iso(self.tenant.now_ms)
        for page in super().read_pages(user):
            yield [{**row, "read_at": read_at} for row in page]


@dataclass
class PageNumberUserListRetriever(UserListRetriever, PageNumberRetriever):
    """A user's list by `page`/`per_page`."""


@dataclass
class CheckpointUserListRetriever(UserListRetriever, CheckpointRetriever):
    """A user's list by `from`/`take`."""


@dataclass
class UnpagedUserListRetriever(UserListRetriever, UnpagedRetriever):
    """A user's list in one answer.

    `blank_for_null` names columns of the key that Auth0 may leave out: a key holds no null.
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
    """A list that has to be asked for one thing besides the user, which its query names.

    No other reader comes for the same pages, so they are not announced as shared.
    """

    def __post_init__(self) -> None:
        self.tenant = Tenant.of(self.config)

    def fields(self, stream_slice: StreamSlice) -> dict[str, Any]:
        """What it is asked for."""
        return {name: value for name, value in partition_columns(stream_slice.partition).items() if name != "user_id"}


@dataclass
class RepeatedUserListRetriever(UserListRetriever):
    """A list that is asked for several times while one user is read, each time for something else.

    Partitions would be a slice, and a place in the state, for each thing of each user.
    """

    def pages(self, stream_slice: StreamSlice) -> Iterator[Page]:
        """The pages for one thing after the other; what a page was asked for becomes columns of its rows."""
        for asked_for in self.queries(stream_slice):
            for page in self._own.pages(_slice_with(stream_slice, asked_for)):
                for row in page:
                    row.update(asked_for)
                yield page

    def queries(self, user: StreamSlice) -> Iterator[dict[str, str]]:
        """What the list is asked for, as query parameters."""
        raise NotImplementedError

    @cached_property
    def _own(self) -> QueriedListRetriever:
        return self._list(self.requester.resource, self.rows)

    def _list(self, resource: str, rows: str | None) -> QueriedListRetriever:
        requester = replace(self.requester, resource=resource)
        return QueriedListRetriever(self.config, self.name, requester, rows=rows, page_size=self.page_size)


@dataclass
class RoleSourceGroupsRetriever(RepeatedUserListRetriever):
    """The groups behind each role that a user has through groups."""

    def queries(self, user: StreamSlice) -> Iterator[dict[str, str]]:
        """Each such role."""
        for roles in self._effective_roles.pages(user):
            yield from ({"role_id": role["id"]} for role in roles if _has_source("groups", role))

    @cached_property
    def _effective_roles(self) -> QueriedListRetriever:
        return self._list(f"{USER_PATH}/effective-roles", "roles")


@dataclass
class ByApiUserListRetriever(RepeatedUserListRetriever):
    """What a user may do at each API of the tenant that defines any permission."""

    apis: ParentStreamConfig | None = None

    def queries(self, user: StreamSlice) -> Iterator[dict[str, str]]:  # noqa: ARG002 - the same for each user
        """Each such API; the list of APIs is read once a sync."""
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
    """The roles behind each permission that a user has through roles."""

    def queries(self, user: StreamSlice) -> Iterator[dict[str, str]]:
        """Each such permission."""
        for api in super().queries(user):
            for permissions in self._effective_permissions.pages(_slice_with(user, api)):
                for permission in permissions:
                    if _has_source("roles", permission):
                        yield {**api, "permission_name": permission["permission_name"]}

    @cached_property
    def _effective_permissions(self) -> QueriedListRetriever:
        return self._list(f"{USER_PATH}/effective-permissions", "permissions")


def _slice_with(user: StreamSlice, asked_for: Mapping[str, str]) -> StreamSlice:
    return StreamSlice(partition={**user.partition, **asked_for}, cursor_slice={})


def _has_source(way: str, row: Row) -> bool:
    """Whether a role or permission comes to its user in this way; one that does not say may."""
    sources = row.get("sources")
    return sources is None or way in sources
