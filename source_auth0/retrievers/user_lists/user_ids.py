"""The users of a tenant by id alone, for streams that ask for each of them."""

from array import array
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from airbyte_cdk.sources.connector_state_manager import ConnectorStateManager
from airbyte_cdk.sources.message import NoopMessageRepository

from source_auth0.api.client import ManagementApiRequester
from source_auth0.config.options import safety_lag
from source_auth0.retrievers.users.cursor import FULL_REFRESH_MARGIN_MS, UserCursor
from source_auth0.retrievers.users.retriever import KeysetUserRetriever
from source_auth0.retrievers.users.time_slices import TimeSlice
from source_auth0.timestamps import Milliseconds, to_iso, to_milliseconds

#: What the walk itself needs to see of a user.
USER_ID_FIELDS = {"fields": "user_id,created_at,updated_at", "include_fields": "true"}


@dataclass(frozen=True)
class UserIds:
    """Ids in any order, when each of these users last changed, and the moment up to which nobody is missing."""

    ids: list[str]
    updated: "array[int]"
    until: Milliseconds

    @classmethod
    def of(cls, requester: ManagementApiRequester, since: Milliseconds | None) -> "UserIds":
        """Everybody, or those who moved since a moment; read once a sync for all streams that want the same."""
        return requester.tenant.once(f"users since {since}", lambda: _read(requester, since))

    def between(self, low: Milliseconds | None, high: Milliseconds | None) -> Iterator[str]:
        """Those whose last change is not before `low` and not after `high`."""
        for place, at in enumerate(self.updated):
            if (low is None or at >= low) and (high is None or at <= high):
                yield self.ids[place]


def users_in_scope(requester: ManagementApiRequester, users: Iterable[str]) -> set[str]:
    """Those of some users whom the config does not leave out, by their connections or the start date."""
    retriever = _user_retriever(requester)
    if not retriever.search.conditions:
        return set(users)
    return {
        row["user_id"]
        for _, rows in retriever.search.find_by_ids(sorted(users), retriever.search.conditions)
        for row in rows
    }


def _read(requester: ManagementApiRequester, since: Milliseconds | None) -> UserIds:
    """Walk the users as the stream `users` does, but hand nothing on."""
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

    def walk(piece: TimeSlice) -> "tuple[list[str], array[int]]":
        ids, updated = list[str](), array("q")
        for row in retriever.read_records({}, cursor.stream_slice_of(piece)):
            ids.append(row["user_id"])
            updated.append(to_milliseconds(row["updated_at"]))
        return ids, updated

    with ThreadPoolExecutor(tenant.workers, "ids") as pool:
        parts = [pool.submit(walk, piece) for piece in cursor.slices_to_read()]
    ids, updated = list[str](), array("q")
    for part in parts:
        some, moments = part.result()
        ids.extend(some)
        updated.extend(moments)
    # What search does not show yet to a walk of everybody has moved since, and the next sync has it.
    lag = 0 if since is not None else FULL_REFRESH_MARGIN_MS + safety_lag(tenant)
    return UserIds(ids, updated, cursor.until - lag)


def _user_retriever(requester: ManagementApiRequester, cursor: UserCursor | None = None) -> KeysetUserRetriever:
    own = replace(
        requester,
        name="users",
        resource="users",
        required_scopes=["read:users"],
        query=USER_ID_FIELDS,
        query_withholding=None,
        may_be_missing=None,
    )
    return KeysetUserRetriever(requester.tenant, "users", own, rows="users", columns={}, cursor=cursor)
