"""User ids with their last change, for streams that make requests per user."""

import hashlib
from array import array
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace

from airbyte_cdk.sources.connector_state_manager import ConnectorStateManager
from airbyte_cdk.sources.message import NoopMessageRepository
from airbyte_cdk.sources.types import StreamSlice

from source_auth0.api.client import ManagementApiRequester
from source_auth0.retrievers.cursors.compact_ids import PackedIds
from source_auth0.retrievers.user_search.connection_parts import search_parts
from source_auth0.retrievers.user_search.outlook import USER_IDS
from source_auth0.retrievers.users.cursor import UserCursor
from source_auth0.retrievers.users.keyset_retriever import KeysetUserRetriever
from source_auth0.retrievers.users.state import VERSION, UserFilter
from source_auth0.timestamps import Milliseconds, timestamp_of, to_iso

#: The only fields that keyset pagination needs of a user.
USER_ID_FIELDS = {"fields": "user_id,created_at,updated_at", "include_fields": "true"}


#: Hexadecimal digits of a fingerprint: 64 bits.
FINGERPRINT_DIGITS = 16
#: Stands for the `updated_at` of a user without one, who counts as updated whenever asked.
UNDATED = -1


@dataclass(frozen=True)
class UserIds:
    """User ids in any order, each with its `updated_at` at the same index, complete up to `until`."""

    ids: PackedIds
    updated_at: "array[int]"
    until: Milliseconds

    @classmethod
    def of(
        cls,
        requester: ManagementApiRequester,
        since: Milliseconds | None,
        conditions: str = "",
        connections: tuple[str, ...] | None = None,
    ) -> "UserIds":
        """All users, or those updated since a timestamp, under conditions besides the config's.

        connections: those whose users are read, in place of the config's. Read once per sync for all streams with the
        same arguments.
        """
        key = f"users since {since}" + (f" with {conditions}" if conditions else "")
        key += "" if connections is None else f" of {connections}"
        with _waiting(requester):
            return requester.tenant.once(key, lambda: _read(requester, since, conditions, connections))

    def between(self, low: Milliseconds | None, high: Milliseconds | None) -> Iterator[str]:
        """Ids of users last updated from `low` to `high`, both included; None leaves a side open."""
        for user_id, updated_at in zip(self.ids, self.updated_at, strict=True):
            is_inside = (low is None or updated_at >= low) and (high is None or updated_at <= high)
            if is_inside or updated_at == UNDATED:
                yield user_id

    def fingerprint(self, low: Milliseconds, high: Milliseconds) -> str:
        """A short hash of who was last updated when from `low` to `high`, both included, in whatever order."""
        pairs = zip(self.ids, self.updated_at, strict=True)
        lines = sorted({f"{user_id} {at}" for user_id, at in pairs if low <= at <= high})
        return hashlib.sha256("\n".join(lines).encode("utf-8", "surrogatepass")).hexdigest()[:FINGERPRINT_DIGITS]


def _waiting(requester: ManagementApiRequester) -> AbstractContextManager[None]:
    """The wait of a stream until the ids of users are read, by itself or by another stream."""
    progress = requester.tenant.progress

    def describe() -> str:
        read = progress.figures(USER_IDS)
        return f"{USER_IDS} ({read} are read)" if read else USER_IDS

    return progress.waiting(requester.name, USER_IDS, describe)


def users_in_scope(requester: ManagementApiRequester, user_ids: Iterable[str]) -> set[str]:
    """The users among these that meet the config's connections and start date."""
    retriever = _user_retriever(requester)
    if not retriever.search.conditions:
        return set(user_ids)
    return {
        row["user_id"]
        for part in search_parts(retriever.search)
        for _, rows in part.find_by_ids(sorted(user_ids), part.conditions)
        for row in rows
    }


def _read(
    requester: ManagementApiRequester,
    since: Milliseconds | None,
    conditions: str,
    connections: tuple[str, ...] | None,
) -> UserIds:
    """Read the users in time slices, as the stream `users` does, but emit nothing."""
    tenant, state = requester.tenant, ConnectorStateManager()
    if since is not None:
        # With the filter of now: what it adds is asked for apart, and users without dates by a walk over everybody.
        saved = {"updated_at": to_iso(since), "v": VERSION, "read_with": UserFilter.of(tenant).state}
        state.update_state_for_stream("users", None, saved)
    cursor = UserCursor(
        config=tenant.config,
        stream_name="users",
        cursor_field="updated_at",
        incremental=since is not None,
        state_manager=state,
        message_repository=NoopMessageRepository(),
    )
    cursor.deep_look_back_every, cursor.emits_rows, cursor.may_miss_changes = 0, False, False
    cursor.outlook.name = USER_IDS
    retriever = _user_retriever(requester, cursor)
    search = replace(retriever.search, narrowed_by=conditions, connections=connections)
    retriever.search = cursor.search = search

    def read_slice(stream_slice: StreamSlice) -> "tuple[PackedIds, array[int]]":
        ids, updated_at = PackedIds(), array("q")
        for row in retriever.read_records({}, stream_slice):
            ids.append(row["user_id"])
            at = timestamp_of(row, "updated_at")
            updated_at.append(UNDATED if at is None else at)
        return ids, updated_at

    with ThreadPoolExecutor(tenant.workers, "ids") as pool:
        futures = [pool.submit(read_slice, stream_slice) for stream_slice in cursor.walk_slices()]
    ids, updated_at = PackedIds(), array("q")
    for future in futures:
        slice_ids, slice_updated_at = future.result()
        ids.take(slice_ids)
        updated_at.extend(slice_updated_at)
    if since is None:  # a walk along `created_at` tells nothing of `updated_at`
        for page in (page for walk in cursor.walks for page in walk.proof_pages(walk.proof_bounds())):
            for row in page:
                ids.append(row["user_id"])
                updated_at.append(at if (at := timestamp_of(row, "updated_at")) is not None else UNDATED)
    return UserIds(ids, updated_at, min((walk.resume_point for walk in cursor.walks), default=since or 0))


def _user_retriever(requester: ManagementApiRequester, cursor: UserCursor | None = None) -> KeysetUserRetriever:
    user_requester = replace(
        requester,
        name="users",
        resource="users",
        required_scopes=["read:users"],
        query=USER_ID_FIELDS,
        query_withholding=None,
        may_be_missing=None,
        scope_unconfirmed=None,
        on_every_plan=True,
    )
    return KeysetUserRetriever(
        requester.tenant.config, "users", user_requester, rows="users", columns={}, cursor=cursor
    )
