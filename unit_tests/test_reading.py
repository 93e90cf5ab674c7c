import logging
import threading
from itertools import count
from queue import Queue
from typing import Any

import pytest
from airbyte_cdk.models import ConfiguredAirbyteCatalogSerializer, Type
from requests_mock import Mocker

from integration_tests.in_process import catalog_of
from source_auth0 import SourceAuth0
from source_auth0.components.reading import ROWS_AHEAD, AbandonedError, Outbox
from unit_tests.conftest import API

LOGGER = logging.getLogger("airbyte.tests")


def ended(queue: Queue[Any], item: object, ends: list[type[BaseException]]) -> threading.Thread:
    """A thread that puts something into a queue; how it ends is noted."""

    def put() -> None:
        try:
            queue.put(item)
        except AbandonedError as error:
            ends.append(type(error))

    thread = threading.Thread(target=put)
    thread.start()
    return thread


def test_whoever_waits_for_room_is_let_go_when_nobody_reads_on():
    outbox, ends = Outbox(maxsize=1), list[type[BaseException]]()
    outbox.put("a row")
    waiting = [ended(outbox, "another", ends) for _ in range(3)]
    outbox.close()
    for thread in waiting:
        thread.join(10)
    assert ([AbandonedError] * 3, []) == (ends, [thread for thread in waiting if thread.is_alive()])


def test_nothing_is_taken_or_kept_when_nobody_reads_on():
    outbox = Outbox(maxsize=9)
    outbox.put("a row")
    outbox.close()
    with pytest.raises(AbandonedError):
        outbox.put("another")
    assert outbox.empty()


def test_a_sync_that_its_caller_leaves_ends_its_threads_and_asks_for_nothing_more(
    requests_mock: Mocker, config: dict[str, Any]
):
    """A list without an end, of which the caller wants one row."""
    asked = count()

    def page(*_: Any) -> dict[str, Any]:
        number = next(asked)
        return {"clients": [{"client_id": f"c{number}-{row}"} for row in range(100)], "next": str(number)}

    requests_mock.post("https://acme.us.auth0.com/oauth/token", json={"access_token": "a.b.c", "expires_in": 86_400})
    requests_mock.get(f"{API}/clients", json=page)
    before = set(threading.enumerate())
    catalog = ConfiguredAirbyteCatalogSerializer.load(catalog_of("clients", full_refresh=True))
    messages = SourceAuth0(catalog, config, []).read(LOGGER, config, catalog, [])
    assert "c0-0" == next(message for message in messages if message.type == Type.RECORD).record.data["client_id"]
    messages.close()
    for thread in set(threading.enumerate()) - before:
        thread.join(10)
    assert set() == set(threading.enumerate()) - before
    assert requests_mock.call_count <= 2 + ROWS_AHEAD / 100 + 2
