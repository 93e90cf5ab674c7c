from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from airbyte_cdk.models import FailureType
from airbyte_cdk.utils.traced_exception import AirbyteTracedException
from requests_mock import Mocker

from source_auth0.api.tenant import Tenant
from source_auth0.retrievers.cursors.compact_ids import PackedIds
from source_auth0.retrievers.user_lists import full_lists
from source_auth0.retrievers.user_lists.full_lists import FullListRetriever
from testing.fakes.management_api import API, MakeApi

URL = f"{API}/grants"
MAX_ROWS = 30
Row = dict[str, Any]


class Grants:
    """Grants of which one list has `cap` rows at most: beyond it is empty, or the request is refused."""

    def __init__(
        self, rows: list[Row], *, cap: int | None = MAX_ROWS, refuses: bool = False, total: bool = True
    ) -> None:
        self.rows, self.cap, self.refuses, self.total = rows, cap, refuses, total
        self.queries: list[dict[str, str]] = []

    def __call__(self, request: Any, context: Any) -> Any:
        query = {name: values[0] for name, values in parse_qs(urlsplit(request.url).query).items()}
        self.queries.append({name: query[name] for name in ("client_id", "user_id") if name in query})
        found = [row for row in self.rows if row["clientID"] == query.get("client_id", row["clientID"])]
        found = [row for row in found if row["user_id"] == query.get("user_id", row["user_id"])]
        start, size = int(query["page"]) * int(query["per_page"]), int(query["per_page"])
        if self.refuses and self.cap is not None and start >= self.cap:
            context.status_code = 400
            message = "Requesting page exceeds the allowed maximum of 1000 records."
            return {"statusCode": 400, "error": "Bad Request", "message": message}
        page = found[start : min(start + size, self.cap or len(found))]
        total = {"total": len(found)} if self.total else {}
        return {"start": start, "limit": size, "grants": page, **total}


def rows(number: int, client: str = "c1", user: str = "u1", first: int = 0) -> list[Row]:
    return [{"id": f"{client}-{first + n}", "clientID": client, "user_id": user} for n in range(number)]


@pytest.fixture(autouse=True)
def small_lists(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(full_lists, "MAX_ROWS", MAX_ROWS)


@pytest.fixture
def read(
    tenant: Tenant, make_api: MakeApi, requests_mock: Mocker, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Any]:
    """Reads grants of the applications c1 and c2, ten a page, and of the users u1 and u2; the rows, sorted by id."""

    def read(grants: Grants, *, config: dict[str, Any] | None = None, **options: Any) -> list[Row]:
        requests_mock.get(URL, json=grants)
        tenant.config.update(config or {})
        monkeypatch.setattr(full_lists.UserIds, "of", lambda *_: SimpleNamespace(ids=PackedIds(["u1", "u2"])))
        partition = SimpleNamespace(read=lambda: iter([{"client_id": "c1"}, {"client_id": "c2"}]))
        clients = SimpleNamespace(stream=SimpleNamespace(generate_partitions=lambda: iter([partition])))
        arguments: dict[str, Any] = {"rows": "grants", "key_columns": ["id"], "page_size": 10, "clients": clients}
        api = make_api(name="user_grants", resource="grants")
        found: Iterator[Any] = FullListRetriever(
            tenant.config, "user_grants", api, **arguments, **options
        ).read_records({})
        return sorted(found, key=lambda row: str(row["id"]))

    return read


def by_id(found: list[Row]) -> list[Row]:
    return sorted(found, key=lambda row: str(row["id"]))


@pytest.mark.parametrize("total", [True, False])
def test_a_list_below_the_cap_is_read_whole(read: Callable[..., Any], *, total: bool):
    grants = Grants(rows(29), total=total)
    assert by_id(grants.rows) == read(grants, ends_at_cap=True)
    assert {()} == {tuple(query) for query in grants.queries}


def test_a_list_that_goes_on_beyond_the_cap_is_read_whole(read: Callable[..., Any]):
    grants = Grants(rows(45), cap=None)
    assert by_id(grants.rows) == read(grants)
    assert 5 == len(grants.queries)


@pytest.mark.parametrize("ends_at_cap", [True, False])
@pytest.mark.parametrize("refuses", [True, False])
def test_a_full_list_is_read_for_each_application(read: Callable[..., Any], *, refuses: bool, ends_at_cap: bool):
    grants = Grants([*rows(29), *rows(20, "c2")], refuses=refuses)
    assert by_id(grants.rows) == read(grants, ends_at_cap=ends_at_cap)
    assert {"c1", "c2"} == {query["client_id"] for query in grants.queries if query}


def test_a_list_of_exactly_the_cap_counts_as_full(read: Callable[..., Any]):
    """Nothing tells whether it goes on."""
    grants = Grants([*rows(20), *rows(10, "c2")], total=False)
    assert by_id(grants.rows) == read(grants)
    assert {"c1", "c2"} == {query["client_id"] for query in grants.queries if query}


def test_a_full_application_fails_by_name(read: Callable[..., Any]):
    with pytest.raises(AirbyteTracedException) as caught:
        read(Grants([*rows(31), *rows(1, "c2")]), by_user_hint=", or use another stream")
    assert FailureType.config_error is caught.value.failure_type
    assert caught.value.message == (
        "`user_grants` has 30 rows or more of the application c1, and Auth0 shows no more in one list. Nothing was "
        "left out silently: the stream fails. Set `device_credentials_by_user` to read them for each user, at a "
        "request for each, or use another stream."
    )


def test_a_full_application_is_read_for_each_user_if_wanted(read: Callable[..., Any]):
    """Rows of another application, which came before, do not come again."""
    grants = Grants([*rows(20), *rows(25, user="u2", first=20), *rows(3, "c2"), *rows(4, "c2", "u2", 3)])
    assert by_id(grants.rows) == read(grants, config={"device_credentials_by_user": True})
    assert {"u1", "u2"} == {query["user_id"] for query in grants.queries if "user_id" in query}


@pytest.mark.parametrize("filters", [{"start_date": "2020-01-01T00:00:00Z"}, {"users_connections": ["a"]}])
def test_users_who_are_left_out_would_be_missing(read: Callable[..., Any], filters: dict[str, Any]):
    with pytest.raises(AirbyteTracedException, match="while Start Date or Users of These Connections Only leave"):
        read(Grants(rows(31)), config={"device_credentials_by_user": True, **filters})


def test_rows_of_no_listed_application_are_missed_by_name(read: Callable[..., Any]):
    with pytest.raises(AirbyteTracedException, match="counted 32 rows of `user_grants` and sent 31"):
        read(Grants([*rows(20), *rows(11, "c2"), *rows(1, "gone")]))


def test_a_user_whose_list_is_full_fails_the_stream(read: Callable[..., Any]):
    with pytest.raises(AirbyteTracedException, match="more rows than Auth0 lets anyone page through"):
        read(Grants(rows(31)), config={"device_credentials_by_user": True})
