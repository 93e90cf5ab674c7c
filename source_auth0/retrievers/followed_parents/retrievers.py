"""Lists of single organizations, roles, connections and applications, read again where the log names their parent."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from airbyte_cdk.sources.declarative.partition_routers.substream_partition_router import SubstreamPartitionRouter
from airbyte_cdk.sources.types import StreamSlice

from source_auth0.errors import config_error
from source_auth0.records import Page
from source_auth0.retrievers.followed_parents.cursor import FollowedParentsCursor
from source_auth0.retrievers.followed_parents.parents import FollowedParents
from source_auth0.retrievers.lists.lists import CheckpointRetriever, PageNumberRetriever, UnpagedRetriever
from source_auth0.retrievers.lists.objects import ReachabilityRetriever, SingletonRetriever
from source_auth0.retrievers.lists.organization_members import (
    OrganizationMemberRolesRetriever,
    OrganizationMembersRetriever,
    OrganizationRoleGroupsRetriever,
    OrganizationRoleMembersRetriever,
)
from source_auth0.retrievers.user_lists.retrievers import UserListRetriever


@dataclass
class FollowedListRetriever(UserListRetriever):
    """One parent per slice, with all that is read below it; each row gets `read_at`, the time at which that began.

    root: the kind of parents that the log is asked for. A class below adds this to the class by which a list is read
    whether it follows changes or not, under whose name and `Followed` the manifest's assembly finds it.
    """

    cursor: FollowedParentsCursor | None = None
    cursor_class: ClassVar[type[FollowedParentsCursor]] = FollowedParentsCursor
    root: str = ""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.cursor is not None:
            self.cursor.parents = self._parents()
            self.cursor.parent_column = self.cursor.parents.column

    def list_pages(self, parent: StreamSlice) -> Iterator[Page]:
        """The pages of all lists of one parent."""
        parents = self._parents() if self.cursor is None else self.cursor.parents
        for part in parents.slices_of(parent):
            yield from super().list_pages(part)

    def _parents(self) -> FollowedParents:
        if not isinstance(self.partition_router, SubstreamPartitionRouter):
            raise config_error(f"`{self.name}` has no parents to follow.")
        return FollowedParents(self.root, self.requester, self.partition_router)


@dataclass
class FollowedCheckpointRetriever(FollowedListRetriever, CheckpointRetriever):
    """A list, paginated by `from`/`take`."""


@dataclass
class FollowedPageNumberRetriever(FollowedListRetriever, PageNumberRetriever):
    """A list, paginated by `page`/`per_page`."""


@dataclass
class FollowedUnpagedRetriever(FollowedListRetriever, UnpagedRetriever):
    """A list in a single response."""


@dataclass
class FollowedSingletonRetriever(FollowedListRetriever, SingletonRetriever):
    """A parent's only child."""


@dataclass
class FollowedReachabilityRetriever(FollowedListRetriever, ReachabilityRetriever):
    """Whether an endpoint of a parent responds."""


@dataclass
class FollowedOrganizationMembersRetriever(FollowedListRetriever, OrganizationMembersRetriever):
    """The members of an organization."""


@dataclass
class FollowedOrganizationMemberRolesRetriever(FollowedListRetriever, OrganizationMemberRolesRetriever):
    """The roles of an organization's members."""


@dataclass
class FollowedOrganizationRoleMembersRetriever(FollowedListRetriever, OrganizationRoleMembersRetriever):
    """The members of an organization's roles."""


@dataclass
class FollowedOrganizationRoleGroupsRetriever(FollowedListRetriever, OrganizationRoleGroupsRetriever):
    """The groups of an organization's roles."""
