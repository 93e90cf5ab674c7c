from typing import Any

import pytest
from airbyte_cdk.utils.traced_exception import AirbyteTracedException

from source_auth0.retrievers.logs.client import LogClient
from testing.fakes.event_log import EventLog, FakeLogRequester, event, events_at, ids, log_id
from testing.fakes.times import MIDNIGHT


def asking(answer: Any) -> LogClient:
    """Whose every question has this answer."""
    server = EventLog([])
    server.answer = lambda _: answer  # type: ignore[method-assign]
    return LogClient(FakeLogRequester(server))  # type: ignore[arg-type]


@pytest.mark.parametrize("answer", [[event(1, 1)], {"logs": [event(1, 1)], "start": 0}])
def test_events_come_bare_or_wrapped(answer: Any):
    assert [1] == ids(asking(answer).search())


def test_what_the_tenant_lacks_is_no_event():
    assert [] == asking(None).search()


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"users": []},
        {"logs": None},
        {"logs": {}},
        "log",
        7,
        [7],
        [{}],
        [{"log_id": log_id(1)}],
        [{"date": "2024-01-01T00:00:00.000Z"}],
        *([{"log_id": log_id, "date": "2024-01-01T00:00:00.000Z"}] for log_id in ("", "9\n", "é", "9" * 1025)),
        [{"log_id": "9", "date": "soon"}],
        [event(1, 1), {"log_id": 2, "date": "2024-01-01T00:00:00.000Z"}],
    ],
)
def test_anything_else_is_an_error(answer: Any):
    with pytest.raises(AirbyteTracedException, match="Auth0 answered `logs` with something else than a list of events"):
        asking(answer).after(log_id(1))


def test_an_id_may_be_as_long_as_a_state_has_room_for():
    long = {"log_id": "9" * 1024, "date": "2024-01-01T00:00:00.000Z"}
    assert [long] == asking([long]).search()


def test_searches_go_by_whole_seconds():
    server = EventLog(events_at(1.2, 1.8, 2.1))
    requests = LogClient(FakeLogRequester(server))  # type: ignore[arg-type]
    assert [1] == ids(requests.earliest_from(MIDNIGHT + 1900))
    assert [2, 1] == ids(requests.newest_until(MIDNIGHT + 1000, 5))
    assert [2] == ids(requests.newest_until(MIDNIGHT + 1000, 1))
    assert ["date:[2024-01-01T00:00:01 TO *]", *["date:[* TO 2024-01-01T00:00:01]"] * 2] == [
        query["q"] for query in server.queries
    ]


def test_a_search_for_everything_names_no_query():
    server = EventLog(events_at(1, 2))
    assert [2] == ids(LogClient(FakeLogRequester(server)).search(page=1, per_page=1))  # type: ignore[arg-type]
    assert [{"sort": "date:1", "page": 1, "per_page": 1}] == server.queries
