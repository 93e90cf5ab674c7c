from typing import Any

import pytest
from airbyte_cdk.models import FailureType
from airbyte_cdk.utils.traced_exception import AirbyteTracedException
from requests_mock import Mocker

from source_auth0.retrievers.logs.client import LogClient
from testing.fakes.event_log import EventLog, FakeLogRequester, event, events_at, ids, log_id
from testing.fakes.management_api import API, MakeApi
from testing.fakes.times import MIDNIGHT


def client_with_response(response: Any) -> LogClient:
    """A client that gets this response to every request."""
    server = EventLog([])
    server.respond = lambda _: response  # type: ignore[method-assign]
    return LogClient(FakeLogRequester(server))  # type: ignore[arg-type]


@pytest.mark.parametrize("response", [[event(1, 1)], {"logs": [event(1, 1)], "start": 0}])
def test_events_may_be_a_bare_or_a_wrapped_list(response: Any):
    assert [1] == ids(client_with_response(response).search())


@pytest.mark.parametrize(
    "nothing",
    [
        {"status_code": 204},
        {"status_code": 402},
        {"status_code": 410},
        {"status_code": 501},
        {"status_code": 403, "json": {"message": "Please upgrade your subscription"}},
    ],
)
def test_an_answer_of_nothing_is_requested_again_and_never_an_empty_log(
    requests_mock: Mocker, make_api: MakeApi, nothing: dict[str, Any]
):
    """Every tenant has a log; a search without a response would hide its end, or where it begins."""
    client = LogClient(make_api(name="logs"))
    requests_mock.get(f"{API}/logs", [nothing, nothing, {"json": [event(1, 1)]}])
    assert [1] == ids(client.search())
    requests_mock.get(f"{API}/logs", **nothing)
    with pytest.raises(AirbyteTracedException, match="`logs` with status") as caught:
        client.after(log_id(1))
    assert FailureType.transient_error == caught.value.failure_type


@pytest.mark.parametrize(
    "response",
    [
        {},
        {"users": []},
        {"logs": None},
        {"logs": {}},
        "log",
        7,
        [7],
        [{}],
        [{"date": "2024-01-01T00:00:00.000Z"}],
        None,
        *([{"log_id": log_id, "date": "2024-01-01T00:00:00.000Z"}] for log_id in ("", "9\n", "é", "9" * 1025)),
        [event(1, 1), None],
        [event(1, 1), {"log_id": True}],
        [event(1, 1), {"log_id": 1.5}],
        [event(1, 1), {"log_id": {"$oid": "9"}}],
    ],
)
def test_any_other_response_is_an_error(response: Any):
    with pytest.raises(AirbyteTracedException, match="Auth0 answered `logs` with something else than a list of events"):
        client_with_response(response).after(log_id(1))


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        (None, "row 2 of the page is null and no event"),
        ([], "row 2 of the page is an array and no event"),
        ({"type": "s"}, "row 2 of the page has no `log_id` that is text or a whole number, but null"),
        ({"log_id": "a b"}, "row 2 of the page has a `log_id` that is no identifier: `a b`"),
    ],
)
def test_an_error_names_the_row_and_what_is_wrong_with_it(row: Any, fault: str):
    with pytest.raises(AirbyteTracedException, match=fault):
        client_with_response([event(1, 1), row]).after(log_id(1))


@pytest.mark.parametrize("date", [None, {"$date": 1}, [], 7, "", "soon", "2024-13-01T00:00:00.000Z"])
def test_an_event_may_have_any_date(date: Any):
    assert [event(1, 1, date=date)] == client_with_response([event(1, 1, date=date)]).search()


def test_an_event_may_have_no_date():
    assert [{"log_id": "9"}] == client_with_response([{"log_id": "9"}]).search()


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        ({"log_id": 17}, {"log_id": "17"}),
        ({"_id": "17"}, {"_id": "17", "log_id": "17"}),
        ({"_id": 17}, {"_id": 17, "log_id": "17"}),
        ({"_id": "x", "log_id": None}, {"_id": "x", "log_id": "x"}),
        ({"_id": "x", "log_id": "17"}, {"_id": "x", "log_id": "17"}),
    ],
)
def test_an_id_is_text_and_may_stand_under_its_older_name(sent: Any, expected: Any):
    assert [expected] == client_with_response([sent]).after(log_id(1))


def test_an_event_is_found_by_its_id():
    client = LogClient(FakeLogRequester(EventLog(events_at(1, 2, 3))))  # type: ignore[arg-type]
    assert ([2], []) == (ids(client.by_id(log_id(2))), client.by_id(log_id(9)))


def test_another_event_is_not_taken_for_that_with_an_id():
    """Where a release ignores what it cannot search by."""
    assert [] == client_with_response([event(1, 1)]).by_id(log_id(2))


def test_an_id_may_have_the_maximum_length_of_a_state():
    long = {"log_id": "9" * 1024, "date": "2024-01-01T00:00:00.000Z"}
    assert [long] == client_with_response([long]).search()


def test_searches_use_whole_seconds():
    server = EventLog(events_at(1.2, 1.8, 2.1))
    client = LogClient(FakeLogRequester(server))  # type: ignore[arg-type]
    assert [1] == ids(client.earliest_from(MIDNIGHT + 1900))
    assert [2, 1] == ids(client.newest_until(MIDNIGHT + 1000, 5))
    assert [2] == ids(client.newest_until(MIDNIGHT + 1000, 1))
    assert ["date:[2024-01-01T00:00:01 TO *]", *["date:[* TO 2024-01-01T00:00:01]"] * 2] == [
        query["q"] for query in server.queries
    ]


def test_a_search_without_bounds_has_no_q_parameter():
    server = EventLog(events_at(1, 2))
    assert [2] == ids(LogClient(FakeLogRequester(server)).search(page=1, per_page=1))  # type: ignore[arg-type]
    assert [{"sort": "date:1", "page": 1, "per_page": 1}] == server.queries
