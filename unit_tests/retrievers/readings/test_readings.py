import logging
from typing import Any

import pytest
from airbyte_cdk.sources.connector_state_manager import ConnectorStateManager
from airbyte_cdk.utils.traced_exception import AirbyteTracedException

from source_auth0.api.tenant import Tenant
from source_auth0.records import OtherStreamPage
from source_auth0.retrievers.readings.cursor import ReadingsCursor
from source_auth0.retrievers.readings.readings import (
    EVERYBODY,
    Readings,
    ReadingsWorkItem,
    ReadingsWriter,
    validate_written,
)

SINCE = "2026-11-30T12:00:00.000Z"


class Messages:
    def __init__(self) -> None:
        self.states: list[dict[str, Any]] = []

    def emit_message(self, message: Any) -> None:
        self.states.append(vars(message.state.stream.stream_state))


def cursor_of(tenant: Tenant, saved: dict[str, Any] | None = None, *, incremental: bool = True) -> ReadingsCursor:
    manager = ConnectorStateManager([])
    if saved is not None:
        manager.update_state_for_stream("readings", None, saved)
    return ReadingsCursor(
        config=tenant.config,
        stream_name="readings",
        cursor_field="read_at",
        incremental=incremental,
        state_manager=manager,
        message_repository=Messages(),  # type: ignore[arg-type]
    )


def writer_of(tenant: Tenant, *, incremental: bool = True) -> ReadingsWriter:
    return ReadingsWriter(tenant, "user_roles", incremental=incremental)


def test_without_the_stream_nothing_is_told_and_any_state_resumes(tenant: Tenant) -> None:
    writer = writer_of(tenant)
    assert not writer.is_wanted
    assert [] == writer.page([("ada", SINCE, 1)])
    writer.emit_state()
    assert {} == writer.state
    assert writer.is_resumable({"updated_at": SINCE, "readings": {"since": SINCE, "number": 9}})


def test_a_reading_is_a_row_of_the_other_stream(tenant: Tenant) -> None:
    cursor_of(tenant)
    page = writer_of(tenant).page([("ada", SINCE, 2), ("bruno", SINCE, 0)])
    assert isinstance(page, OtherStreamPage)
    assert "readings" == page.stream
    assert [
        {"stream": "user_roles", "parent_id": "ada", "read_at": SINCE, "rows": 2},
        {"stream": "user_roles", "parent_id": "bruno", "read_at": SINCE, "rows": 0},
    ] == page
    assert [{"stream": "user_roles", "parent_id": EVERYBODY, "read_at": SINCE, "rows": None}] == writer_of(
        tenant
    ).everybody(SINCE)


@pytest.mark.parametrize(
    ("saved", "told", "resumes"),
    [
        ({"since": SINCE, "number": 3}, {"since": SINCE, "number": 3}, True),
        ({"since": SINCE, "number": 3}, {"since": SINCE, "number": 2}, True),
        ({"since": SINCE, "number": 3}, {"since": SINCE, "number": 4}, False),
        ({"since": SINCE, "number": 3}, {"since": "2026-11-29T12:00:00.000Z", "number": 1}, False),
        ({"since": SINCE, "number": 3}, None, False),
        (None, {"since": SINCE, "number": 3}, False),
    ],
)
def test_a_stream_resumes_only_from_what_the_table_has(
    tenant: Tenant, caplog: pytest.LogCaptureFixture, saved: Any, told: Any, resumes: bool
) -> None:
    cursor_of(tenant, saved)
    writer, state = writer_of(tenant), {"updated_at": SINCE, **({"readings": told} if told else {})}
    with caplog.at_level(logging.WARNING):
        assert resumes == writer.is_resumable(state) == writer.is_resumable(state)
    assert (not resumes) * 1 == caplog.text.count("is read from the start")
    assert writer.is_resumable({})


def test_a_state_of_the_table_precedes_each_of_the_streams_and_is_named_there(tenant: Tenant) -> None:
    cursor = cursor_of(tenant, {"since": SINCE, "number": 3})
    writer = writer_of(tenant)
    assert {} == writer.state
    for number in (4, 5):
        writer.emit_state()
        assert {"since": SINCE, "number": number} == writer.state["readings"] == cursor.state


def test_the_stream_ends_once_all_that_write_have(tenant: Tenant) -> None:
    cursor, readings = cursor_of(tenant), Readings.of(tenant)
    writer_of(tenant)
    readings.stream_ended("users")
    waits = list[set[str]]()

    def wait(_: float) -> None:
        waits.append(set(readings._writing))
        readings.stream_ended("user_roles")

    readings._changed.wait = wait  # type: ignore[assignment,method-assign]
    assert [] == list(cursor.stream_slices())
    assert [{"user_roles"}] == waits


def test_a_table_that_begins_anew_beside_an_incremental_stream_is_an_error(tenant: Tenant) -> None:
    cursor = cursor_of(tenant, incremental=False)
    writer = writer_of(tenant)
    assert not writer.is_wanted
    with pytest.raises(AirbyteTracedException, match=r"`readings` was not read.*user_roles is incremental"):
        list(cursor.stream_slices())


def test_a_full_refresh_of_both_tells_readings_and_saves_nothing(tenant: Tenant) -> None:
    cursor = cursor_of(tenant, incremental=False)
    writer = writer_of(tenant, incremental=False)
    assert writer.is_wanted
    writer.emit_state()
    assert {} == writer.state
    assert [] == cursor._message_repository.states  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "told",
    [
        *(None, [], {}, {"since": SINCE}, {"since": SINCE, "number": -1}, {"since": SINCE, "number": True}),
        *({"since": "noon", "number": 1}, {"since": SINCE, "number": 1, "more": 1}),
    ],
)
def test_a_mark_that_no_version_has_saved_is_refused(tenant: Tenant, told: Any) -> None:
    with pytest.raises((KeyError, ValueError, TypeError, AttributeError)):
        validate_written({"readings": told})
    if isinstance(told, dict) and told:
        with pytest.raises(AirbyteTracedException, match="cannot be read"):
            cursor_of(tenant, told).initial_state()


def test_rows_of_no_single_parent_are_waited_for() -> None:
    item = ReadingsWorkItem(OtherStreamPage("readings", []))
    item.queued.set()
    item.wait_until_queued()
    assert item.queued.is_set()
