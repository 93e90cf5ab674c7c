"""The users of a tenant by id alone, for streams that ask for each of them."""

from array import array
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from airbyte_cdk.sources.connector_state_manager import ConnectorStateManager
from airbyte_cdk.sources.message import NoopMessageRepository

from source_auth0.components.api import ManagementApi
from source_auth0.components.cursor import AHEAD, UserCursor
from source_auth0.components.pieces import Piece
from source_auth0.components.search import KeysetSearch
from source_auth0.components.windows import Milliseconds, moment_of, safety_lag, text_of

#: What the walk itself needs to see of a user.
FIELDS = {"fields": "user_id,created_at,updated_at", "include_fields": "true"}


@dataclass(frozen=True)
class UserIds:
    """Ids in any order, when each of these users last changed, and the moment up to which nobody is missing."""

    ids: list[str]
    updated: "array[int]"
    until: Milliseconds

    @classmethod
    def of(cls, requester: ManagementApi, since: Milliseconds | None) -> "UserIds":
        """Everybody, or those who moved since a moment; read once a sync for all streams that want the same."""
        return requester.tenant.once(f"users since {since}", lambda: _read(requester, since))

    def between(self, low: Milliseconds | None, high: Milliseconds | None) -> Iterator[str]:
        """Those whose last change is not before `low` and not after `high`."""
        for place, at in enumerate(self.updated):
            if (low is None or at >= low) and (high is None or at <= high):
                yield self.ids[place]


def chosen(requester: ManagementApi, users: Iterable[str]) -> set[str]:
    """Those of some users whom the config does not leave out, by their connections or the start date."""
    search = _search(requester)
    if not search.conditions:
        return set(users)
    return {row["user_id"] for _, rows in search.shown(sorted(users), search.conditions) for row in rows}


def _read(requester: ManagementApi, since: Milliseconds | None) -> UserIds:
    """Walk the users as the stream `users` does, but hand nothing on."""
    tenant, state = requester.tenant, ConnectorStateManager()
    if since is not None:
        state.update_state_for_stream("users", None, {"updated_at": text_of(since)})
    cursor = UserCursor(
        config=tenant,
        stream_name="users",
        cursor_field="updated_at",
        incremental=since is not None,
        state_manager=state,
        message_repository=NoopMessageRepository(),
    )
    search = _search(requester, cursor)

    def walk(piece: Piece) -> "tuple[list[str], array[int]]":
        ids, updated = list[str](), array("q")
        for row in search.read_records({}, cursor.slice_of(piece)):
            ids.append(row["user_id"])
            updated.append(moment_of(row["updated_at"]))
        return ids, updated

    with ThreadPoolExecutor(tenant.workers, "ids") as pool:
        parts = [pool.submit(walk, piece) for piece in cursor.to_read()]
    ids, updated = list[str](), array("q")
    for part in parts:
        some, moments = part.result()
        ids.extend(some)
        updated.extend(moments)
    # What search does not show yet to a walk of everybody has moved since, and the next sync has it.
    lag = 0 if since is not None else AHEAD + safety_lag(tenant)
    return UserIds(ids, updated, cursor.until - lag)


def _search(requester: ManagementApi, cursor: UserCursor | None = None) -> KeysetSearch:
    own = replace(
        requester,
        name="users",
        resource="users",
        required_scopes=["read:users"],
        query=FIELDS,
        query_withholding=None,
        may_be_missing=None,
    )
    return KeysetSearch(requester.tenant, "users", own, rows="users", columns={}, cursor=cursor)
