"""User ids with their last change, for streams that make requests per user."""

from array import array
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from airbyte_cdk.sources.connector_state_manager import ConnectorStateManager
from airbyte_cdk.sources.message import NoopMessageRepository

from source_auth0.api.client import ManagementApiRequester
from source_auth0.config.options import safety_lag
from source_auth0.retrievers.users.cursor import FULL_REFRESH_MARGIN_MS, UserCursor
from source_auth0.retrievers.users.keyset_retriever import KeysetUserRetriever
from source_auth0.retrievers.users.time_slices import TimeSlice
from source_auth0.timestamps import Milliseconds, to_iso, to_milliseconds

#: The only fields that keyset pagination needs of a user.
USER_ID_FIELDS = {"fields": "user_id,created_at,updated_at", "include_fields": "true"}


@dataclass(frozen=True)
class UserIds:
    """User ids in any order, each with its `updated_at` at the same index, complete up to `until`."""

    ids: list[str]
    updated_at: "array[int]"
    until: Milliseconds

    @classmethod
    def of(cls, requester: ManagementApiRequester, since: Milliseconds | None) -> "UserIds":
        """All users, or those updated since a timestamp; read once per sync for all streams with the same `since`."""
        return requester.tenant.once(f"users since {since}", lambda: _read(requester, since))

    def between(self, low: Milliseconds | None, high: Milliseconds | None) -> Iterator[str]:
        """Ids of users last updated from `low` to `high`, both included; None leaves a side open."""
        for user_id, updated_at in zip(self.ids, self.updated_at, strict=True):
            if (low is None or updated_at >= low) and (high is None or updated_at <= high):
                yield user_id


def users_in_scope(requester: ManagementApiRequester, user_ids: Iterable[str]) -> set[str]:
    """The users among these that meet the config's connections and start date."""
    retriever = _user_retriever(requester)
    if not retriever.search.conditions:
        return set(user_ids)
    return {
        row["user_id"]
        for _, rows in retriever.search.find_by_ids(sorted(user_ids), retriever.search.conditions)
        for row in rows
    }


def _read(requester: ManagementApiRequester, since: Milliseconds | None) -> UserIds:
    """Read the users in time slices, as the stream `users` does, but emit nothing."""
    tenant, state = requester.tenant, ConnectorStateManager()
    if since is not None:
        state.update_state_for_stream("users", None, {"updated_at": to_iso(since)})
    cursor = UserCursor(
        config=tenant,
        stream_name="users",
        cursor_field="updated_at",
        incremental=since is not None,
        state_manager=state,
        message_repository=NoopMessageRepository(),
    )
    retriever = _user_retriever(requester, cursor)

    def read_slice(time_slice: TimeSlice) -> "tuple[list[str], array[int]]":
        ids, updated_at = list[str](), array("q")
        for row in retriever.read_records({}, cursor.stream_slice_of(time_slice)):
            ids.append(row["user_id"])
            updated_at.append(to_milliseconds(row["updated_at"]))
        return ids, updated_at

    with ThreadPoolExecutor(tenant.workers, "ids") as pool:
        futures = [pool.submit(read_slice, time_slice) for time_slice in cursor.slices_to_read()]
    ids, updated_at = list[str](), array("q")
    for future in futures:
        slice_ids, slice_updated_at = future.result()
        ids.extend(slice_ids)
        updated_at.extend(slice_updated_at)
    # A full read has no safety lag of its own; changes that search does not show yet are left to the next sync.
    lag = 0 if since is not None else FULL_REFRESH_MARGIN_MS + safety_lag(tenant)
    return UserIds(ids, updated_at, cursor.until - lag)


def _user_retriever(requester: ManagementApiRequester, cursor: UserCursor | None = None) -> KeysetUserRetriever:
    user_requester = replace(
        requester,
        name="users",
        resource="users",
        required_scopes=["read:users"],
        query=USER_ID_FIELDS,
        query_withholding=None,
        may_be_missing=None,
    )
    return KeysetUserRetriever(requester.tenant, "users", user_requester, rows="users", columns={}, cursor=cursor)
