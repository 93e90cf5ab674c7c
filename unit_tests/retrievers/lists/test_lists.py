import contextlib
import logging
import weakref
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import orjson
import pytest
from airbyte_cdk.models import FailureType
from airbyte_cdk.sources.declarative.partition_routers.list_partition_router import ListPartitionRouter
from airbyte_cdk.sources.declarative.requesters.request_option import RequestOption, RequestOptionType
from airbyte_cdk.sources.declarative.transformations import RecordTransformation
from airbyte_cdk.sources.types import StreamSlice
from airbyte_cdk.utils.traced_exception import AirbyteTracedException
from requests_mock import Mocker

from source_auth0.api.client import ManagementApiRequester
from source_auth0.api.http import bodies
from source_auth0.api.http.bodies import one_large_body, wait_for_large_body
from source_auth0.api.tenant import Tenant
from source_auth0.json_values import dumps
from source_auth0.retrievers.lists.lists import (
    CheckpointRetriever,
    ListRetriever,
    PageNumberRetriever,
    UnpagedRetriever,
    WrappedPageNumberRetriever,
)
from source_auth0.retrievers.lists.objects import SingletonRetriever
from source_auth0.retrievers.lists.pagination import MAX_PASSES
from testing.fakes.clock import FakeClock
from testing.fakes.management_api import API, BASE, SECRET
from testing.threads import in_threads

Make = Callable[..., ManagementApiRequester]
URL = f"{API}/things"


class CountingTransformation(RecordTransformation):
    """Counts on each row how often it was transformed."""

    def transform(self, record: dict[str, Any], config=None, stream_state=None, stream_slice=None) -> None:
        record["stamp"] = record.get("stamp", 0) + 1


@pytest.fixture
def read(make_api: Make, tenant: Tenant) -> Callable[..., list[dict[str, Any]]]:
    """Reads a made-up list `things` of a kind to its end."""

    def read(
        kind: type[ListRetriever], parent: dict[str, Any] | None = None, *, option: bool = False, **changes: Any
    ) -> list[dict[str, Any]]:
        request_option = RequestOption(
            field_name="role", inject_into=RequestOptionType.request_parameter, parameters={}
        )
        router = ListPartitionRouter(
            values=["rol_1"],
            cursor_field="role_id",
            config={},
            parameters={},
            request_option=request_option if option else None,
        )
        resource = "things/{{ stream_partition.role_id }}" if parent and not option else "things"
        arguments = {
            "config": tenant.config,
            "name": "things",
            "requester": make_api(resource=resource),
            "rows": "things",
            "partition_router": router if parent else None,
            **changes,
        }
        part = StreamSlice(partition=parent, cursor_slice={}) if parent else None
        return list(kind(**arguments).read_records({}, part))

    return read


def ids(rows: list[dict[str, Any]]) -> list[int]:
    return [row["id"] for row in rows]


def rows(*numbers: int) -> list[dict[str, Any]]:
    return [{"id": number} for number in numbers]


def paged_by_number(
    all_rows: list[dict[str, Any]], limit: int, *, totals: bool, wrapped: bool = True
) -> Callable[..., Any]:
    """A list that is paged by number with a limit of its own, whatever size was requested."""

    def respond(request: Any, context: Any) -> Any:
        assert {"page", "per_page", "include_totals"} == set(request.qs)
        size, number = min(int(request.qs["per_page"][0]), limit), int(request.qs["page"][0])
        page = all_rows[number * size : (number + 1) * size]
        if number * size + size > 1000:
            context.status_code = 400
            return {"message": "Requesting page exceeds the allowed maximum of 1000 records.", "errorCode": ""}
        totals_fields = (
            {"start": number * size, "limit": size, "length": len(page), "total": len(all_rows)} if totals else {}
        )
        return {"things": page, **totals_fields} if wrapped else page

    return respond


def test_checkpoints_are_followed_until_none_is_left(requests_mock: Mocker, read):
    """A page may be short or even empty and still have a successor; only an absent `next` ends the list."""
    requests_mock.get(
        URL,
        [
            {"json": {"things": rows(1, 2), "next": "a"}},
            {"json": {"things": [], "next": "b"}},
            {"json": {"things": rows(3), "next": "c"}},
            {"json": {"things": []}},
        ],
    )
    assert [1, 2, 3] == ids(read(CheckpointRetriever))
    assert [{"take": ["100"]}] + [{"take": ["100"], "from": [point]} for point in "abc"] == [
        request.qs for request in requests_mock.request_history
    ]


@pytest.mark.parametrize("end", [{"next": None}, {"next": ""}, {}])
def test_an_empty_checkpoint_ends_the_list(requests_mock: Mocker, read, end: dict[str, Any]):
    requests_mock.get(URL, json={"things": rows(1), **end})
    assert [1] == ids(read(CheckpointRetriever))
    assert 1 == requests_mock.call_count


@pytest.mark.parametrize("points", [["a", "a"], ["a", "b", "a"]])
def test_repeating_checkpoints_are_an_error(requests_mock: Mocker, read, points: list[str]):
    requests_mock.get(URL, [{"json": {"things": rows(n), "next": point}} for n, point in enumerate(points)])
    with pytest.raises(AirbyteTracedException, match="the same checkpoint of `things` twice"):
        read(CheckpointRetriever)


def test_a_checkpointed_list_of_a_missing_feature_is_empty(requests_mock: Mocker, read):
    requests_mock.get(URL, status_code=501, text="")
    assert [] == read(CheckpointRetriever)


@pytest.mark.parametrize("kind", [CheckpointRetriever, PageNumberRetriever, UnpagedRetriever, SingletonRetriever])
def test_the_list_of_a_deleted_parent_is_empty(requests_mock: Mocker, read, kind: type[ListRetriever]):
    gone = {"status_code": 404, "json": {"message": "The role does not exist."}}
    requests_mock.get(f"{URL}/rol_1", **gone)
    assert [] == read(kind, parent={"role_id": "rol_1"})


@pytest.mark.parametrize("limit", [50, 100])
@pytest.mark.parametrize(
    ("number", "wrapped"),
    [
        *((number, wrapped) for number in (0, 1, 49, 50, 51, 99, 100, 101, 250) for wrapped in (True, False)),
        (999, True),  # without a total nothing tells that the last row was read: the next page is beyond the cap
        (1000, True),
    ],
)
def test_pages_are_read_to_the_end_whatever_their_size(
    requests_mock: Mocker,
    read,
    number: int,
    wrapped: bool,
    limit: int,
):
    """Some tenants respond with 50 rows where 100 were requested, with a total or without."""
    requests_mock.get(URL, json=paged_by_number(rows(*range(number)), limit, totals=wrapped, wrapped=wrapped))
    assert list(range(number)) == ids(read(PageNumberRetriever))


def test_a_wrapper_may_leave_its_totals_out(requests_mock: Mocker, read):
    requests_mock.get(URL, json=paged_by_number(rows(*range(120)), 100, totals=False))
    assert list(range(120)) == ids(read(PageNumberRetriever))


@pytest.mark.parametrize("totals", [True, False])
@pytest.mark.parametrize("limit", [50, 100])
def test_more_rows_than_can_be_paged_are_an_error_and_no_short_list(
    requests_mock: Mocker,
    read,
    totals: bool,
    limit: int,
):
    requests_mock.get(URL, json=paged_by_number(rows(*range(1001)), limit, totals=totals))
    with pytest.raises(AirbyteTracedException, match="more rows than Auth0 lets anyone page through"):
        read(PageNumberRetriever)


@pytest.mark.parametrize("kind", [PageNumberRetriever, WrappedPageNumberRetriever])
def test_fewer_rows_than_the_total_are_an_error_and_no_short_list(
    requests_mock: Mocker, read, clock: FakeClock, kind: type[ListRetriever]
):
    pages = [rows(1), []]
    requests_mock.get(URL, json=lambda request, _: {"things": pages[min(int(request.qs["page"][0]), 1)], "total": 5})
    with pytest.raises(AirbyteTracedException, match="Auth0 counted 5 rows of `things` and sent 1\\.") as caught:
        read(kind)
    assert FailureType.transient_error == caught.value.failure_type
    assert 2 * MAX_PASSES == requests_mock.call_count
    assert [1, 2, 4, 8] == clock.sleeps


@pytest.mark.parametrize("limit", [50, 100])
@pytest.mark.parametrize("number", [101, 200, 201, 250, 300])
@pytest.mark.parametrize("deleted", [[17], [0, 99], range(60), range(99)])
@pytest.mark.parametrize("after", [1, 2])
def test_rows_deleted_between_two_pages_hide_no_others(
    requests_mock: Mocker, read, number: int, limit: int, deleted: Iterable[int], after: int
):
    """They move later rows to pages that were read before; the total tells."""
    alive = rows(*range(number))
    requests_sent: list[int] = []

    def respond(request: Any, context: Any) -> Any:
        body = paged_by_number(list(alive), limit, totals=True)(request, context)
        requests_sent.append(1)
        if len(requests_sent) == after:
            alive[:] = [row for row in alive if row["id"] not in deleted]
        return body

    requests_mock.get(URL, json=respond)
    found = ids(read(PageNumberRetriever, key_columns=["id"]))
    assert {row["id"] for row in alive} <= set(found)
    assert len(found) == len(set(found))


def test_a_list_that_shrinks_whenever_it_is_read_is_an_error(requests_mock: Mocker, read):
    alive = rows(*range(400))

    def respond(request: Any, context: Any) -> Any:
        body = paged_by_number(list(alive), 100, totals=True)(request, context)
        del alive[0]
        return body

    requests_mock.get(URL, json=respond)
    with pytest.raises(AirbyteTracedException, match="`things` came and went each time that its pages were read") as e:
        read(PageNumberRetriever, key_columns=["id"])
    assert FailureType.transient_error == e.value.failure_type


@pytest.mark.parametrize("at_front", [True, False])
def test_a_list_that_grows_while_it_is_read_is_complete(requests_mock: Mocker, read, at_front: bool):
    """A row that comes first moves the others to later pages, where they are repeats."""
    alive = rows(*range(250))
    requests_sent: list[int] = []

    def respond(request: Any, context: Any) -> Any:
        body = paged_by_number(list(alive), 100, totals=True)(request, context)
        requests_sent.append(1)
        if len(requests_sent) == 1:
            alive.insert(0 if at_front else 250, {"id": 1000})
        return body

    requests_mock.get(URL, json=respond)
    assert [*range(250), 1000] == sorted(ids(read(PageNumberRetriever, key_columns=["id"])))


def test_a_row_that_leaves_while_another_comes_first_hides_none(requests_mock: Mocker, read):
    """The total stays, but a row comes twice in the place of another."""
    alive = rows(*range(250))
    requests_sent: list[int] = []

    def respond(request: Any, context: Any) -> Any:
        body = paged_by_number(list(alive), 100, totals=True)(request, context)
        requests_sent.append(1)
        if len(requests_sent) == 1:
            alive.insert(0, {"id": 1000})
        if len(requests_sent) == 2:
            del alive[5]
        return body

    requests_mock.get(URL, json=respond)
    assert {row["id"] for row in alive} <= set(ids(read(PageNumberRetriever, key_columns=["id"])))


@pytest.mark.parametrize("later_total", [0, 50, 100])
def test_a_full_page_is_not_the_last_one_on_the_word_of_a_smaller_total(requests_mock: Mocker, read, later_total: int):
    """Auth0 tells 0 on all pages of a user's roles but the first (https://github.com/auth0/node-auth0/issues/625)."""

    def respond(request: Any, context: Any) -> Any:
        body = paged_by_number(rows(*range(250)), 100, totals=True)(request, context)
        return body if body["start"] == 0 else {**body, "total": later_total}

    requests_mock.get(URL, json=respond)
    assert list(range(250)) == ids(read(PageNumberRetriever))
    assert 3 == requests_mock.call_count


def test_a_list_that_repeats_rows_itself_is_read_twice_and_is_complete(requests_mock: Mocker, read):
    doubled = rows(*range(120), *range(20, 150))
    requests_mock.get(URL, json=paged_by_number(doubled, 100, totals=True))
    assert list(range(150)) == ids(read(PageNumberRetriever, key_columns=["id"]))
    assert 6 == requests_mock.call_count


def test_rows_without_a_key_are_told_apart_by_all_of_their_columns(requests_mock: Mocker, read):
    pages = [[{"id": 1, "a": 1}, {"a": 2}], [{"a": 2}, {"id": 3, "a": 3}], []]
    requests_mock.get(URL, [{"json": {"things": page}} for page in pages])
    assert [1, 2, 3] == [row["a"] for row in read(PageNumberRetriever, key_columns=["id"])]


@pytest.mark.parametrize("kind", [CheckpointRetriever, PageNumberRetriever, UnpagedRetriever])
@pytest.mark.parametrize("place", [0, 1])
def test_a_page_whose_rows_all_lack_their_key_is_asked_for_again(
    requests_mock: Mocker, read, kind: type[ListRetriever], place: int
):
    """It is a list of something else: what fills the key from elsewhere, a parent, tells nothing of that."""
    due = [{"things": rows(1), "next": "a"}, {"things": [{"id": 2}], "total": 2}][
        : 1 if kind is UnpagedRetriever else 2
    ]
    place = min(place, len(due) - 1)
    odd = [{"other": 1, "id": None}, {"role_id": "rol_1"}]
    answers = [*due[:place], odd, *due[place:], {"things": []}]
    requests_mock.get(f"{URL}/rol_1", [{"json": answer} for answer in answers])
    read_ids = ids(read(kind, parent={"role_id": "rol_1"}, key_columns=["role_id", "id"]))
    assert [1, 2][: len(due)] == read_ids
    requests_mock.get(f"{URL}/rol_1", json=odd)
    with pytest.raises(AirbyteTracedException, match="sent rows of `things` without `id`"):
        read(kind, parent={"role_id": "rol_1"}, key_columns=["role_id", "id"])


@pytest.mark.parametrize("kind", [CheckpointRetriever, PageNumberRetriever, UnpagedRetriever])
def test_the_partition_may_be_a_query_parameter(requests_mock: Mocker, read, kind: type[ListRetriever]):
    requests_mock.get(URL, json={"things": rows(1), "total": 1})
    found = read(kind, {"role_id": "rol_1"}, option=True)
    assert [{"id": 1, "role_id": "rol_1"}] == found
    assert ["rol_1"] == requests_mock.last_request.qs["role"]


@pytest.mark.parametrize(("size", "requested"), [(None, "100"), (50, "50")])
def test_a_list_may_have_a_page_size_of_its_own(requests_mock: Mocker, read, size: int | None, requested: str):
    requests_mock.get(URL, json={"things": rows(1), "total": 1})
    for kind, name in (
        (CheckpointRetriever, "take"),
        (PageNumberRetriever, "per_page"),
        (WrappedPageNumberRetriever, "per_page"),
    ):
        assert [1] == ids(read(kind, page_size=size))
        assert [requested] == requests_mock.last_request.qs[name]


def test_a_list_that_always_has_a_total_is_requested_without_include_totals(requests_mock: Mocker, read):
    """Zeros are left out of its wrapper, so that an empty page has no total."""
    requests_mock.get(URL, [{"json": {"things": rows(1, 2), "total": 3}}, {"json": {"things": rows(3), "total": 3}}])
    assert [1, 2, 3] == ids(read(WrappedPageNumberRetriever))
    assert [{"page", "per_page"}] * 2 == [set(request.qs) for request in requests_mock.request_history]
    requests_mock.get(URL, json={"things": []})
    assert [] == read(WrappedPageNumberRetriever)


def test_a_checkpoint_may_be_named_next_page_token(requests_mock: Mocker, read):
    """As deliveries of event streams were recorded."""
    requests_mock.get(URL, [{"json": {"things": rows(1), "nextPageToken": "a"}}, {"json": {"things": rows(2)}}])
    assert [1, 2] == ids(read(CheckpointRetriever))
    assert ["a"] == requests_mock.last_request.qs["from"]


@pytest.mark.parametrize("number", [50, 51, 100, 101, 250])
def test_a_release_without_checkpoints_is_read_by_page_number(requests_mock: Mocker, read, number: int):
    """It responds with a bare array of its own page size, like a list that fits into one page."""

    def respond(request: Any, context: Any) -> Any:
        if "take" in request.qs:
            return rows(*range(min(number, 50)))
        return paged_by_number(rows(*range(number)), 100, totals=True)(request, context)

    requests_mock.get(URL, json=respond)
    assert list(range(number)) == ids(read(CheckpointRetriever))


@pytest.mark.parametrize("number", [0, 1, 50, 51, 120, 250])
def test_a_release_that_refuses_checkpoints_is_read_by_page_number(requests_mock: Mocker, read, number: int):
    """It is asked for a checkpoint once a sync, not for each parent."""

    def respond(request: Any, context: Any) -> Any:
        if "take" in request.qs:
            context.status_code = 400
            return {"message": "Query validation error: 'Additional properties not allowed: take'", "errorCode": "x"}
        return paged_by_number(rows(*range(number)), 50, totals=True)(request, context)

    requests_mock.get(URL, json=respond)
    assert [list(range(number))] * 2 == [ids(read(CheckpointRetriever)) for _ in range(2)]
    assert 1 == sum("take" in request.qs for request in requests_mock.request_history)


@pytest.mark.parametrize("message", ["Additional properties not allowed: from", "Invalid checkpoint", ""])
def test_another_400_is_an_error_and_no_fallback(requests_mock: Mocker, read, message: str):
    requests_mock.get(URL, status_code=400, json={"message": message})
    with pytest.raises(AirbyteTracedException, match="Auth0 refused `things`"):
        read(CheckpointRetriever)
    assert 1 == requests_mock.call_count


@pytest.mark.parametrize("totals", [True, False])
@pytest.mark.parametrize(("number", "size"), [(120, None), (250, None), (15, 10), (20, 10)])
def test_a_release_that_ignores_take_is_read_by_page_number(
    requests_mock: Mocker, read, number: int, size: int | None, totals: bool
):
    """Its first page looks like any numbered one, with a total or without."""

    def respond(request: Any, context: Any) -> Any:
        limit = min(50, size or 50)
        number_of_page = int(request.qs.get("page", ["0"])[0])
        page = rows(*range(number))[number_of_page * limit : (number_of_page + 1) * limit]
        return {"things": page, "start": number_of_page * limit, **({"total": number} if totals else {})}

    requests_mock.get(URL, json=respond)
    assert list(range(number)) == ids(read(CheckpointRetriever, page_size=size))


@pytest.mark.parametrize("kind", [CheckpointRetriever, PageNumberRetriever])
def test_a_page_size_above_the_maximum_is_requested_again_with_the_maximum(
    requests_mock: Mocker, read, kind: type[ListRetriever]
):
    """Once a sync."""

    def respond(request: Any, context: Any) -> Any:
        name = "take" if "take" in request.qs else "per_page"
        if (size := int(request.qs[name][0])) > 10:
            context.status_code = 400
            text = f"Query validation error: 'Value {size} is greater than maximum 10' on property {name} (Number)."
            return {"message": text, "errorCode": "invalid_query_string"}
        start = int(request.qs.get("page", request.qs.get("from", ["0"]))[0]) * 10
        more = {"next": str(start // 10 + 1)} if name == "take" and start < 20 else {}
        totals = {"total": 25} if name == "per_page" else {}
        return {"things": rows(*range(25))[start : start + 10], **more, **totals}

    requests_mock.get(URL, json=respond)
    assert [list(range(25))] * 2 == [ids(read(kind)) for _ in range(2)]
    assert 7 == requests_mock.call_count


def test_a_maximum_that_another_parents_list_was_told_meanwhile_is_no_error(
    requests_mock: Mocker, read, tenant: Tenant
):
    def respond(request: Any, context: Any) -> Any:
        if request.qs["take"] != ["10"]:
            tenant.page_sizes["things"] = 10
            context.status_code = 400
            return {"message": "Query validation error: 'Value 100 is greater than maximum 10' on property take (x)."}
        return {"things": rows(1)}

    requests_mock.get(URL, json=respond)
    assert [1] == ids(read(CheckpointRetriever))


def test_a_list_that_is_read_by_checkpoint_goes_on_though_another_parents_was_refused(
    requests_mock: Mocker, read, tenant: Tenant
):
    def respond(request: Any, _: Any) -> Any:
        tenant.streams_without_checkpoints.add("things")
        return {"things": rows(2)} if "from" in request.qs else {"things": rows(1), "next": "a"}

    requests_mock.get(URL, json=respond)
    assert [1, 2] == ids(read(CheckpointRetriever))


def test_a_list_that_ignored_take_is_known_to_exist(requests_mock: Mocker, read):
    gone = {"status_code": 403, "json": {"message": "Please upgrade your subscription"}}
    full = {"things": rows(*range(60)), "total": 60}
    requests_mock.get(URL, [{"json": rows(*range(50))}, gone, {"json": full}])
    assert list(range(60)) == ids(read(CheckpointRetriever))


@pytest.mark.parametrize("text", ["greater than maximum 100", "greater than maximum 0", "is less than minimum 1"])
def test_a_maximum_that_is_no_smaller_is_an_error(requests_mock: Mocker, read, text: str):
    requests_mock.get(URL, status_code=400, json={"message": text})
    with pytest.raises(AirbyteTracedException, match=text):
        read(CheckpointRetriever)
    assert 1 == requests_mock.call_count


@pytest.mark.parametrize("kind", [CheckpointRetriever, PageNumberRetriever])
@pytest.mark.parametrize("nothing", [{"status_code": 204}, {"status_code": 410}, {"json": []}])
def test_an_answer_of_nothing_amid_a_list_is_requested_again(
    requests_mock: Mocker, read, kind: type[ListRetriever], nothing: dict[str, Any]
):
    first, last = ({"things": rows(n), "start": n, **({"next": "a"} if n == 1 else {})} for n in (1, 2))
    requests_mock.get(URL, [{"json": first}, nothing, {"json": last}, {"json": {"things": []}}])
    assert [1, 2] == ids(read(kind))


def test_a_bare_list_amid_the_pages_that_stays_is_an_error(requests_mock: Mocker, read):
    requests_mock.get(URL, [{"json": {"things": rows(1), "next": "a"}}, {"json": []}])
    with pytest.raises(AirbyteTracedException, match="sent a bare list between the pages of `things`"):
        read(CheckpointRetriever)


def test_a_single_resource_amid_a_childs_list_is_an_error(requests_mock: Mocker, read):
    requests_mock.get(f"{URL}/rol_1", [{"json": {"things": rows(1), "next": "a"}}, {"json": {"id": "rol_1"}}])
    with pytest.raises(AirbyteTracedException, match="where a list of rows was due"):
        read(CheckpointRetriever, parent={"role_id": "rol_1"})


@pytest.mark.parametrize("kind", [CheckpointRetriever, PageNumberRetriever])
def test_a_parent_that_vanishes_amid_its_list_ends_it(requests_mock: Mocker, read, kind: type[ListRetriever]):
    first = {"things": rows(1), "next": "a", "total": 2}
    gone = {"status_code": 404, "json": {"message": "The role does not exist."}}
    requests_mock.get(f"{URL}/rol_1", [{"json": first}, gone])
    assert [1] == ids(read(kind, parent={"role_id": "rol_1"}))


@pytest.mark.parametrize("number", [0, 1, 49])
def test_a_bare_array_shorter_than_a_page_is_the_whole_list(requests_mock: Mocker, read, number: int):
    requests_mock.get(URL, json=rows(*range(number)))
    assert list(range(number)) == ids(read(CheckpointRetriever))
    assert 1 == requests_mock.call_count


@pytest.mark.parametrize("kind", [CheckpointRetriever, PageNumberRetriever, WrappedPageNumberRetriever])
@pytest.mark.parametrize("wrapped", [True, False])
def test_a_repeated_page_is_an_error_and_no_endless_list(
    requests_mock: Mocker, read, kind: type[ListRetriever], wrapped: bool
):
    """A server that ignores page numbers, or checkpoints that differ and lead to the same page."""
    number = iter(range(100))
    page = rows(*range(60))
    requests_mock.get(URL, json=lambda *_: {"things": page, "next": str(next(number))} if wrapped else page)
    with pytest.raises(AirbyteTracedException, match="the same page of `things` twice") as caught:
        read(kind)
    assert FailureType.system_error == caught.value.failure_type


@pytest.mark.parametrize("kind", [CheckpointRetriever, PageNumberRetriever])
def test_a_page_repeated_once_is_requested_again(requests_mock: Mocker, read, kind: type[ListRetriever]):
    """As from a cache; only a page that is repeated again is an error."""
    first, second = ({"things": rows(*range(n, n + 3)), "next": f"{n}", "total": 6} for n in (0, 3))
    last = {key: value for key, value in second.items() if key != "next"}
    requests_mock.get(URL, [{"json": first}, {"json": first}, {"json": last}])
    assert list(range(6)) == ids(read(kind))
    requested = [request.qs for request in requests_mock.request_history]
    assert requested[1] == requested[2] != requested[0]


def test_a_checkpoint_repeated_once_is_requested_again(requests_mock: Mocker, read):
    responses = [{"things": rows(1), "next": "a"}, {"things": rows(2), "next": "a"}, {"things": rows(2)}]
    requests_mock.get(URL, [{"json": response} for response in responses])
    assert [1, 2] == ids(read(CheckpointRetriever))


@pytest.mark.parametrize("kind", [CheckpointRetriever, PageNumberRetriever])
def test_a_row_may_be_nested_deeper_than_orjson_writes(requests_mock: Mocker, read, kind: type[ListRetriever]):
    nested = orjson.loads(b'{"a":' * 300 + b"1" + b"}" * 300)
    requests_mock.get(URL, json={"things": [nested], "total": 1})
    assert [{"a": dumps(nested["a"]).decode()}] == read(kind)


def test_empty_pages_may_follow_each_other(requests_mock: Mocker, read):
    requests_mock.get(
        URL, [{"json": {"things": [], "next": point}} for point in "abc"] + [{"json": {"things": rows(1)}}]
    )
    assert [1] == ids(read(CheckpointRetriever))


def test_an_unpaged_list_is_one_response(requests_mock: Mocker, read):
    requests_mock.get(URL, json=rows(1, 2))
    assert [1, 2] == ids(read(UnpagedRetriever, rows=None))
    assert {} == requests_mock.last_request.qs


@pytest.mark.parametrize("kind", [CheckpointRetriever, PageNumberRetriever, UnpagedRetriever])
def test_a_bare_array_is_a_list_too(requests_mock: Mocker, read, kind: type[ListRetriever]):
    requests_mock.get(URL, [{"json": rows(1, 2)}, {"json": []}])
    assert [1, 2] == ids(read(kind))


@pytest.mark.parametrize("kind", [CheckpointRetriever, PageNumberRetriever, UnpagedRetriever])
@pytest.mark.parametrize(
    "body",
    [
        {},
        {"items": []},
        {"thing": rows(1)},
        {"things": None},
        {"things": {}},
        {"things": "none"},
        {"things": [1, 2]},
        {"things": [None]},
        {"id": "a thing"},
        {"start": 0, "limit": 50, "total": 0, "id": "x"},
        "text",
        7,
        True,
        [1],
        [[]],
    ],
)
def test_a_response_without_the_rows_is_an_error_and_no_empty_list(
    requests_mock: Mocker, read, kind: type[ListRetriever], body: Any
):
    requests_mock.get(URL, json=body)
    with pytest.raises(AirbyteTracedException) as caught:
        read(kind)
    assert FailureType.system_error == caught.value.failure_type
    assert "`things`" in caught.value.message
    assert "where a list of rows was due" in caught.value.message


def test_the_error_names_the_columns_received_but_no_values(requests_mock: Mocker, read):
    requests_mock.get(URL, json={"stuff": "a-value", "total": 1})
    with pytest.raises(AirbyteTracedException) as caught:
        read(UnpagedRetriever)
    assert "an object with ['stuff', 'total']" in caught.value.message
    assert "a-value" not in caught.value.message


def test_the_error_names_no_more_than_the_first_of_many_columns(requests_mock: Mocker, read):
    requests_mock.get(URL, json=dict.fromkeys("zabcdefghijkl", 1))
    with pytest.raises(AirbyteTracedException) as caught:
        read(UnpagedRetriever)
    assert f"an object with {list('abcdefghi')} where a list of rows was due" in caught.value.message


@pytest.mark.parametrize("place", [0, 1, 2])
@pytest.mark.parametrize(("row", "kind"), [(None, "null"), ([], "an array"), ("x", "a text"), (7, "a number")])
def test_the_error_names_the_row_that_is_none(requests_mock: Mocker, read, row: Any, kind: str, place: int):
    rows: list[Any] = [{"id": 1}, {"id": 2}]
    rows.insert(place, row)
    requests_mock.get(URL, json=rows)
    with pytest.raises(AirbyteTracedException, match=f"with {kind} as row {place + 1} of 3 where a list of rows was"):
        read(UnpagedRetriever)


@pytest.mark.parametrize("kind", [CheckpointRetriever, PageNumberRetriever, UnpagedRetriever])
def test_rows_may_be_nested_to_any_depth(requests_mock: Mocker, read, kind: type[ListRetriever]):
    """At the first and the last place of a page, which are compared with those of the page before."""
    deep = '{"id": 1, "deep": ' + "[" * 5000 + "]" * 5000 + "}"
    empty = {"json": []} if kind is PageNumberRetriever else {"json": {"things": []}}
    requests_mock.get(URL, [{"text": f"[{deep}]"}, empty])
    assert [1] == [row["id"] for row in read(kind)]


def test_a_single_resource_instead_of_a_child_list_counts_as_an_empty_one(
    requests_mock: Mocker, read, caplog: pytest.LogCaptureFixture
):
    """As recorded from a real tenant."""
    requests_mock.get(f"{URL}/rol_1", json={"id": "rol_1", "name": "a role"})
    assert [[], []] == [read(CheckpointRetriever, parent={"role_id": "rol_1"}) for _ in range(2)]
    (expected_text,) = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert expected_text.startswith("Auth0 answered `things` with a single resource for a list")


def test_a_childs_envelope_without_its_rows_is_an_error(requests_mock: Mocker, read):
    requests_mock.get(f"{URL}/rol_1", json={"id": "rol_1", "next": "a"})
    with pytest.raises(AirbyteTracedException, match="where a list of rows was due"):
        read(CheckpointRetriever, parent={"role_id": "rol_1"})


@pytest.mark.parametrize("kind", [CheckpointRetriever, PageNumberRetriever, UnpagedRetriever, SingletonRetriever])
def test_rows_carry_the_keys_of_all_their_parents(requests_mock: Mocker, read, kind: type[ListRetriever]):
    requests_mock.get(f"{URL}/rol_1", [{"json": {"things": rows(1), "total": 1}}])
    found = read(kind, parent={"role_id": "rol_1", "parent_slice": {"org_id": "org_1", "parent_slice": {}}})
    assert [("org_1", "rol_1")] == [(row["org_id"], row["role_id"]) for row in found]
    assert not any("parent_slice" in row for row in found)


def test_each_row_is_transformed_once(requests_mock: Mocker, read):
    requests_mock.get(URL, json=rows(1, 2))
    assert [{"id": 1, "stamp": 1}, {"id": 2, "stamp": 1}] == read(
        UnpagedRetriever, transformations=[CountingTransformation()]
    )


def test_whole_pages_are_one_record_each_and_empty_ones_none(requests_mock: Mocker, read):
    """Auth0 ends some lists with an empty page; it is no record, or the stream would run without a row."""
    responses = [rows(1, 2), rows(3), []]
    requests_mock.get(URL, [{"json": response} for response in responses])
    pages = read(PageNumberRetriever, rows=None, whole_pages=True)
    assert [("things", 2), ("things", 1)] == [(page.stream_name, page.lines.rows) for page in pages]


class TrackedRow(dict[str, Any]):
    """A row of which it can be told whether it is still in memory."""


class TrackedPages:
    """Stands in for `get` of a requester: three pages of a row each, and which rows were alive at each request."""

    def __init__(self) -> None:
        self.rows: list[weakref.ref[TrackedRow]] = []
        self.alive: list[int] = []

    def __call__(self, _: StreamSlice | None, __: Mapping[str, Any]) -> dict[str, Any]:
        self.alive.append(sum(row() is not None for row in self.rows))
        number = len(self.alive)
        row = TrackedRow(id=number, text="x" * 1000)
        self.rows.append(weakref.ref(row))
        return {"things": [row], "total": 3, **({"next": f"after {number}"} if number < 3 else {})}


@pytest.mark.parametrize("readers", [1, 2])
@pytest.mark.parametrize("kind", [CheckpointRetriever, PageNumberRetriever])
def test_a_page_is_out_of_memory_before_the_next_one_is_read(
    kind: type[ListRetriever], readers: int, make_api: Make, tenant: Tenant
):
    """A page of 57 MB of text with an emoji takes a quarter of a gigabyte."""
    pages, requester = TrackedPages(), make_api()
    requester.get = requester.get_existing = pages  # type: ignore[method-assign]
    key = {"rows": "things", "key_columns": ["id"], "whole_pages": True}
    lists = [kind(tenant.config, "things", requester, **key) for _ in range(readers)]  # type: ignore[arg-type]
    for one in lists:
        assert [1, 1, 1] == [page.lines.rows for page in one.read_records({})]  # type: ignore[union-attr]
    assert [0, 0, 0] == pages.alive


def is_free() -> bool:
    """Whether another thread could read a large body now."""
    found: list[bool] = []

    def read_one(_: int) -> None:
        with one_large_body(), contextlib.suppress(TimeoutError):
            wait_for_large_body()
            found.append(True)

    in_threads(1, read_one)
    return found == [True]


@pytest.mark.parametrize("whole_pages", [True, False])
def test_a_large_page_is_the_only_one_until_it_is_handed_on(
    monkeypatch: pytest.MonkeyPatch, make_api: Make, tenant: Tenant, *, whole_pages: bool
):
    """A parent's page keeps nobody from reading: its rows are handed on as others are read for them."""
    monkeypatch.setattr(bodies, "MAX_TURN_SECONDS", 0.01)
    pages, requester = TrackedPages(), make_api()

    def get(*arguments: Any) -> dict[str, Any]:
        with one_large_body():
            wait_for_large_body()
            return pages(*arguments)

    requester.get = requester.get_existing = get  # type: ignore[method-assign]
    things = CheckpointRetriever(tenant.config, "things", requester, rows="things", whole_pages=whole_pages)
    found = things.read_records({})
    for _ in range(3):
        next(found)
        assert is_free() is not whole_pages
    assert [] == list(found)
    assert is_free()


def test_readers_of_one_list_share_its_pages(requests_mock: Mocker, make_api: Make, tenant: Tenant):
    """A parent and the stream of its own name make one request, and each row is transformed once."""
    requests_mock.get(URL, json={"things": rows(1), "total": 1})
    lists = [
        PageNumberRetriever(
            config=tenant.config,
            name="things",
            requester=make_api(),
            rows="things",
            transformations=[CountingTransformation()],
        )
        for _ in range(3)
    ]
    assert [[{"id": 1, "stamp": 1}]] * 3 == [list(retriever.read_records({})) for retriever in lists]
    assert 1 == requests_mock.call_count


def test_lists_of_different_parents_are_not_shared(requests_mock: Mocker, make_api: Make, tenant: Tenant):
    for number in (1, 2):
        requests_mock.get(f"{URL}/{number}", json={"things": rows(number)})
    api = make_api(resource="things/{{ stream_partition.role_id }}")
    lists = [CheckpointRetriever(config=tenant.config, name="things", requester=api, rows="things") for _ in range(2)]
    for retriever in lists:
        parts = [StreamSlice(partition={"role_id": n}, cursor_slice={}) for n in (1, 2)]
        assert [1, 2] == [row["id"] for part in parts for row in retriever.read_records({}, part)]
    assert 2 == requests_mock.call_count


def test_a_printed_list_shows_no_secret(make_api: Make, tenant: Tenant):
    assert SECRET not in repr(
        PageNumberRetriever(config=tenant.config, name="things", requester=make_api(), rows="things")
    )


class ContextTransformation(RecordTransformation):
    """Records on each row the context that it was called with."""

    def transform(self, record: dict[str, Any], config=None, stream_state=None, stream_slice=None) -> None:
        record["context"] = (config["base_url"], dict(stream_slice.partition))


def test_a_transformation_gets_the_config_and_the_partition(requests_mock: Mocker, read):
    """Redaction looks up in the config whether secrets are hashed."""
    requests_mock.get(f"{URL}/rol_1", json=[{"id": 1}])
    (row,) = read(UnpagedRetriever, parent={"role_id": "rol_1"}, transformations=[ContextTransformation()])
    assert (BASE, {"role_id": "rol_1"}) == row["context"]


@pytest.mark.parametrize(("body", "kind"), [("text", "a str"), (5, "a int")])
def test_a_body_that_is_neither_a_list_nor_an_object_is_named_by_its_type(
    requests_mock: Mocker, read, body: Any, kind: str
):
    requests_mock.get(URL, json=body)
    with pytest.raises(AirbyteTracedException, match=f"answered `things` with {kind} where a list of rows was due"):
        read(UnpagedRetriever)
