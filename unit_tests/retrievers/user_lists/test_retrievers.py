from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from airbyte_cdk.sources.types import StreamSlice
from airbyte_cdk.utils.traced_exception import AirbyteTracedException
from requests_mock import Mocker

from source_auth0.api.client import ManagementApiRequester
from source_auth0.api.tenant import Tenant
from source_auth0.errors import MissingScopeError
from source_auth0.records import OtherStreamPage
from source_auth0.retrievers.cursors.work_items import slice_with
from source_auth0.retrievers.user_lists.changed_users import SingleUserWorkItem
from source_auth0.retrievers.user_lists.retrievers import (
    ByApiUserListRetriever,
    CheckpointUserListRetriever,
    PageNumberUserListRetriever,
    PermissionSourceRolesRetriever,
    RoleSourceGroupsRetriever,
    UnpagedUserListRetriever,
    UserListRetriever,
)
from testing.fakes.management_api import API

USER = "auth0|1"
USER_URL = f"{API}/users/auth0%7C1"
NOW = datetime(2026, 11, 23, 12, 0, 0, 123_999, timezone.utc)
READ_AT = "2026-11-23T12:00:00.123Z"
ORDERS, BILLING = "https://orders.example.com/", "https://billing.example.com/"


class Cursor:
    """Records which users were read to the end, and which were released, successfully or not."""

    def __init__(self) -> None:
        self.selection: Any = None
        self.is_wanted = True
        self.done: list[tuple[str, int]] = []
        self.released: list[str] = []
        self.readings: list[tuple[int, str, int]] = []

    def reading_of(self, item: SingleUserWorkItem, read_at: str, rows: int) -> OtherStreamPage:
        self.readings.append((item.index, read_at, rows))
        return OtherStreamPage("readings", ())

    @contextmanager
    def reading_user(self, current: str, index: int) -> Iterator[bool]:
        try:
            yield self.is_wanted
            self.done.append((current, index))
        finally:
            self.released.append(current)


class Apis:
    """The parent `resource_servers`, with the calls that were made to it."""

    def __init__(self, *rows: dict[str, Any]) -> None:
        self.stream, self.rows, self.reads = self, rows, 0

    def generate_partitions(self) -> list[Any]:
        return [SimpleNamespace(read=self.read)]

    def read(self) -> Any:
        self.reads += 1
        return iter(self.rows)


def slice_of(user_id: str = USER, index: int = 7, cursor: Any = None) -> StreamSlice:
    return slice_with(SingleUserWorkItem("first", index, cursor or Cursor()), partition={"user_id": user_id})


@pytest.fixture
def cursor() -> Cursor:
    return Cursor()


@pytest.fixture
def build(tenant: Tenant, make_api: Callable[..., ManagementApiRequester], monkeypatch: pytest.MonkeyPatch) -> Any:
    """Builds a stream of a user's `things`, in a tenant whose clock stands still."""
    monkeypatch.setattr(tenant, "now", lambda: NOW)

    def build(kind: type[UserListRetriever], path: str = "things", rows: str | None = "things", **changes: Any) -> Any:
        api = make_api(name="user_things", resource=f"users/{{{{ stream_partition.user_id }}}}/{path}")
        return kind(config=tenant.config, name="user_things", requester=api, rows=rows, **changes)

    return build


def read(stream: UserListRetriever, part: StreamSlice | None = None) -> list[dict[str, Any]]:
    return list(stream.read_records({}, part or slice_of()))


def requested(requests_mock: Mocker) -> list[tuple[str, dict[str, str]]]:
    """The path below the user and the query of each request, without the page's size."""
    requests = []
    for request in requests_mock.request_history:
        url = urlsplit(request.url)
        query = {name: value for name, value in parse_qsl(url.query) if name != "take"}
        requests.append((url.path.partition("/auth0%7C1/")[2], query))
    return requests


@pytest.mark.parametrize(
    ("kind", "pages"),
    [
        (PageNumberUserListRetriever, [{"things": [{"id": 1}], "total": 2}, {"things": [{"id": 2}], "total": 2}]),
        (CheckpointUserListRetriever, [{"things": [{"id": 1}], "next": "a"}, {"things": [{"id": 2}]}]),
        (UnpagedUserListRetriever, [{"things": [{"id": 1}, {"id": 2}]}]),
    ],
)
def test_rows_carry_their_user_and_the_time_of_the_read(
    requests_mock: Mocker, build: Any, kind: type[UserListRetriever], pages: list[Any]
) -> None:
    requests_mock.get(f"{USER_URL}/things", [{"json": page} for page in pages])
    assert [{"id": n, "user_id": USER, "read_at": READ_AT} for n in (1, 2)] == read(build(kind))


def test_all_rows_of_one_read_share_its_start_time(
    requests_mock: Mocker, build: Any, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where the clock advances between two pages."""
    times = iter(NOW + timedelta(seconds=second) for second in range(9))
    monkeypatch.setattr(tenant, "now", lambda: next(times))
    page = {"things": [{"id": 1}], "next": "a"}
    requests_mock.get(f"{USER_URL}/things", [{"json": page}, {"json": {"things": [{"id": 2}]}}] * 2)
    stream = build(CheckpointUserListRetriever)
    assert [READ_AT] * 2 == [row["read_at"] for row in read(stream)]
    assert ["2026-11-23T12:00:01.123Z"] * 2 == [row["read_at"] for row in read(stream)]


def test_a_reading_counts_the_rows_of_all_its_pages(requests_mock: Mocker, build: Any, cursor: Cursor) -> None:
    """Also where there are none: a reading that found nothing is one."""
    requests_mock.get(
        f"{USER_URL}/things", [{"json": {"things": [{"id": 1}], "next": "a"}}, {"json": {"things": [{"id": 2}]}}]
    )
    requests_mock.get(f"{API}/users/auth0%7C2/things", json={"things": []})
    stream = build(CheckpointUserListRetriever)
    for index, user in enumerate([USER, "auth0|2"]):
        read(stream, slice_of(user, index, cursor=cursor))
    assert [(0, READ_AT, 2), (1, READ_AT, 0)] == cursor.readings


def test_a_user_is_marked_done_after_the_last_row(requests_mock: Mocker, build: Any, cursor: Cursor) -> None:
    """If it were earlier, a crash would leave rows out."""
    requests_mock.get(f"{USER_URL}/things", json={"things": [{"id": 1}, {"id": 2}]})
    rows = build(UnpagedUserListRetriever).read_records({}, slice_of(cursor=cursor))
    assert [1, 2] == [next(rows)["id"], next(rows)["id"]]
    assert ([], []) == (cursor.done, cursor.released)
    assert [] == list(rows)
    assert ([("first", 7)], ["first"]) == (cursor.done, cursor.released)


def test_users_without_rows_and_deleted_users_are_marked_done(
    requests_mock: Mocker, build: Any, cursor: Cursor
) -> None:
    requests_mock.get(f"{USER_URL}/things", json={"things": []})
    requests_mock.get(f"{API}/users/auth0%7C2/things", status_code=404, json={"message": "The user does not exist."})
    stream = build(CheckpointUserListRetriever)
    users = enumerate([USER, "auth0|2"])
    assert [[], []] == [read(stream, slice_of(user, index, cursor=cursor)) for index, user in users]
    assert ([("first", 0), ("first", 1)], ["first"] * 2) == (cursor.done, cursor.released)


def test_a_failed_user_is_released_but_not_marked_done(requests_mock: Mocker, build: Any, cursor: Cursor) -> None:
    message = "Insufficient scope, expected any of: read:things"
    requests_mock.get(f"{USER_URL}/things", status_code=403, json={"message": message})
    with pytest.raises(MissingScopeError):
        read(build(PageNumberUserListRetriever), slice_of(cursor=cursor))
    assert ([], ["first"]) == (cursor.done, cursor.released)


def test_a_user_that_the_cursor_skips_costs_no_request(requests_mock: Mocker, build: Any, cursor: Cursor) -> None:
    cursor.is_wanted = False
    assert [] == read(build(PageNumberUserListRetriever), slice_of(cursor=cursor))
    assert [] == requests_mock.request_history
    assert ["first"] == cursor.released


def test_without_the_feature_no_further_user_is_requested(requests_mock: Mocker, build: Any, cursor: Cursor) -> None:
    """Each of a hundred thousand requests would get the same refusal; the users count as done."""
    refusal = {"message": "Please upgrade your subscription.", "errorCode": "insufficient_entitlement"}
    requests_mock.get(f"{USER_URL}/things", status_code=403, json=refusal)
    stream = build(CheckpointUserListRetriever)
    assert [[]] * 25 == [read(stream, slice_of(index=index, cursor=cursor)) for index in range(25)]
    assert 2 * 20 == len(requests_mock.request_history)
    assert [("first", index) for index in range(25)] == cursor.done


def test_a_missing_user_does_not_affect_the_next_one(requests_mock: Mocker, build: Any) -> None:
    gone = {"message": "The user does not exist.", "errorCode": "inexistent_user"}
    requests_mock.get(f"{USER_URL}/things", [{"status_code": 404, "json": gone}, {"json": {"things": [{"id": 1}]}}])
    stream = build(UnpagedUserListRetriever)
    assert [0, 1] == [len(read(stream)), len(read(stream))]


def test_the_cursor_gets_the_requester_and_the_naming_paths_and_types(build: Any, cursor: Cursor) -> None:
    stream = build(PageNumberUserListRetriever, cursor=cursor, named_by=["users/*/things"], named_by_types=["slo"])
    assert stream.requester is cursor.selection.requester
    assert (["users/*/things"], ["slo"]) == (cursor.selection.named_by, cursor.selection.named_by_types)
    assert ([], []) == (build(PageNumberUserListRetriever).named_by, build(PageNumberUserListRetriever).named_by_types)


@pytest.mark.parametrize("part", [None, StreamSlice(partition={"user_id": USER}, cursor_slice={})])
def test_what_no_cursor_of_the_connector_planned_is_refused(
    requests_mock: Mocker, build: Any, part: StreamSlice | None
) -> None:
    """The framework's own would ask for the list of no user, and take the answer for an empty one."""
    with pytest.raises(AirbyteTracedException, match="`user_things` was not read"):
        list(build(UnpagedUserListRetriever).read_records({}, part))
    assert 0 == requests_mock.call_count


def test_missing_key_columns_become_empty_strings(requests_mock: Mocker, build: Any) -> None:
    requests_mock.get(f"{USER_URL}/things", json={"things": [{"a": "1", "b": None}, {"a": "2", "b": "x", "c": "y"}]})
    rows = read(build(UnpagedUserListRetriever, blank_for_null=["a", "b", "c"]))
    assert [("1", "", ""), ("2", "x", "y")] == [(row["a"], row["b"], row["c"]) for row in rows]


@pytest.mark.parametrize(
    "odd", [{}, *({"sources": odd} for odd in (None, 7, True, "direct", {"direct": 1}, [{}], [None]))]
)
def test_groups_are_requested_for_roles_assigned_through_groups(
    requests_mock: Mocker, build: Any, cursor: Cursor, odd: dict[str, Any]
) -> None:
    """A role whose `sources` are missing or no list of texts may be assigned through groups."""
    roles = [
        {"id": "rol_d", "sources": ["direct"]},
        {"id": "rol_b", "sources": ["direct", "groups"]},
        {"id": "rol_?", **odd},
    ]
    requests_mock.get(
        f"{USER_URL}/effective-roles", [{"json": {"roles": roles[:2], "next": "x"}}, {"json": {"roles": roles[2:]}}]
    )
    requests_mock.get(
        f"{USER_URL}/effective-roles/sources/groups",
        [
            {"json": {"groups": [{"id": "grp_1"}], "next": "y"}},
            {"json": {"groups": [{"id": "grp_2"}]}},
            {"status_code": 404, "json": {"message": "The role does not exist."}},
        ],
    )
    stream = build(RoleSourceGroupsRetriever, "effective-roles/sources/groups", "groups")
    assert [
        {"id": group, "role_id": "rol_b", "user_id": USER, "read_at": READ_AT} for group in ("grp_1", "grp_2")
    ] == read(stream, slice_of(cursor=cursor))
    groups = "effective-roles/sources/groups"
    assert [
        ("effective-roles", {}),
        (groups, {"role_id": "rol_b"}),
        (groups, {"role_id": "rol_b", "from": "y"}),
        ("effective-roles", {"from": "x"}),
        (groups, {"role_id": "rol_?"}),
    ] == requested(requests_mock)
    assert [("first", 7)] == cursor.done


@pytest.mark.parametrize(("page_size", "expected"), [(None, "100"), (50, "50")])
def test_intermediate_lists_use_the_page_size_of_the_stream(
    requests_mock: Mocker, build: Any, page_size: int | None, expected: str
) -> None:
    requests_mock.get(f"{USER_URL}/effective-roles", json={"roles": [{"id": "rol_1"}]})
    requests_mock.get(f"{USER_URL}/effective-roles/sources/groups", json={"groups": []})
    assert [] == read(build(RoleSourceGroupsRetriever, "effective-roles/sources/groups", "groups", page_size=page_size))
    assert [[expected]] * 2 == [request.qs["take"] for request in requests_mock.request_history]


def test_permissions_are_requested_for_each_api_that_has_scopes(requests_mock: Mocker, build: Any) -> None:
    """APIs are listed once, however many users are read."""
    apis = Apis(
        {"identifier": ORDERS, "scopes": [{"value": "read:orders"}]},
        {"identifier": "https://bare.example.com/", "scopes": []},
        {"identifier": BILLING},
    )
    requests_mock.get(
        f"{USER_URL}/effective-permissions",
        [{"json": {"permissions": [{"permission_name": "read:orders"}]}}, {"json": {"permissions": []}}] * 2,
    )
    stream = build(ByApiUserListRetriever, "effective-permissions", "permissions", apis=apis)
    expected = [
        {
            "permission_name": "read:orders",
            "resource_server_identifier": ORDERS,
            "user_id": USER,
            "read_at": READ_AT,
        }
    ]
    assert [expected, expected] == [read(stream), read(stream)]
    assert [
        ("effective-permissions", {"resource_server_identifier": api}) for api in (ORDERS, BILLING)
    ] * 2 == requested(requests_mock)
    assert 1 == apis.reads


def test_without_apis_there_are_no_permissions(build: Any) -> None:
    assert [] == read(build(ByApiUserListRetriever, "effective-permissions", "permissions"))


def test_roles_are_requested_for_permissions_granted_through_roles(requests_mock: Mocker, build: Any) -> None:
    permissions = [
        {"permission_name": "read:orders", "sources": ["direct"]},
        {"permission_name": "1e3", "sources": ["roles"]},
    ]
    requests_mock.get(f"{USER_URL}/effective-permissions", json={"permissions": permissions})
    own = "effective-permissions/sources/effective-roles"
    requests_mock.get(f"{USER_URL}/{own}", json={"roles": [{"id": "rol_1", "sources": ["groups"]}]})
    stream = build(PermissionSourceRolesRetriever, own, "roles", apis=Apis({"identifier": ORDERS}))
    keys = {"resource_server_identifier": ORDERS, "permission_name": "1e3"}
    assert [{"id": "rol_1", "sources": ["groups"], **keys, "user_id": USER, "read_at": READ_AT}] == read(stream)
    assert [
        ("effective-permissions", {"resource_server_identifier": ORDERS}),
        (own, keys),
    ] == requested(requests_mock)


def test_intermediate_lists_register_no_reader_of_shared_pages(
    requests_mock: Mocker, build: Any, tenant: Tenant
) -> None:
    """Pages kept for a reader that never reads them would fill the memory."""
    requests_mock.get(f"{USER_URL}/effective-roles", json={"roles": [{"id": "rol_1"}]})
    requests_mock.get(f"{USER_URL}/effective-roles/sources/groups", json={"groups": [{"id": "grp_1"}]})
    assert 1 == len(read(build(RoleSourceGroupsRetriever, "effective-roles/sources/groups", "groups")))
    assert ({"user_things": 1}, {}) == (dict(tenant.shared_pages._readers), tenant.shared_pages._lists)
