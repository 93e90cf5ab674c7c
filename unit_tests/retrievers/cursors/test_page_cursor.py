import json
import threading
from collections.abc import Mapping, MutableMapping
from typing import Any

import pytest
from airbyte_cdk.models import AirbyteMessage, FailureType
from airbyte_cdk.sources.connector_state_manager import ConnectorStateManager
from airbyte_cdk.sources.streams import NO_CURSOR_STATE_KEY
from airbyte_cdk.utils.traced_exception import AirbyteTracedException

from source_auth0.api.tenant import Tenant
from source_auth0.retrievers.cursors.page_cursor import PageCursor
from testing.threads import in_threads


class PageCountingCursor(PageCursor):
    """Counts its states in place of pages."""

    def __init__(self, saved: Mapping[str, Any] | None = None, *, incremental: bool = True) -> None:
        manager = ConnectorStateManager([])
        if saved is not None:
            manager.update_state_for_stream("things", None, saved)
        super().__init__(
            config=Tenant({}).config,
            stream_name="things",
            cursor_field="page",
            incremental=incremental,
            state_manager=manager,
            message_repository=self,  # type: ignore[arg-type]
        )
        self.page = 0
        self.emitted: list[dict[str, Any]] = []
        self.emitting = threading.Lock()

    state_keys = ("page",)

    def current_state(self) -> MutableMapping[str, Any]:
        self.page += 1
        return {"page": self.page}

    def validate_state(self, saved: Mapping[str, Any]) -> None:
        int(saved["page"]) + saved["page"].real

    def emit_message(self, message: AirbyteMessage) -> None:
        assert self.emitting.acquire(blocking=False), "two states at once"
        self.emitted.append(vars(message.state.stream.stream_state))
        self.emitting.release()


def test_each_emitted_state_is_the_current_state():
    cursor = PageCountingCursor()
    cursor.emit_state()
    cursor.ensure_at_least_one_state_emitted()
    assert [{"page": 1}, {"page": 2}] == cursor.emitted


def test_a_full_refresh_saves_no_cursor():
    cursor = PageCountingCursor({"page": 7}, incremental=False)
    cursor.emit_state()
    assert [{NO_CURSOR_STATE_KEY: True}] == cursor.emitted
    assert {} == cursor.initial_state()


def test_concurrent_workers_emit_states_in_order():
    cursor = PageCountingCursor()
    in_threads(8, lambda _: [cursor.emit_state() for _ in range(20)])
    assert [{"page": n} for n in range(1, 161)] == cursor.emitted


@pytest.mark.parametrize("saved", [None, {}, {NO_CURSOR_STATE_KEY: True}])
def test_an_empty_saved_state_counts_as_none(saved: dict[str, Any] | None):
    assert {} == PageCountingCursor(saved).initial_state()


def test_a_saved_state_is_the_initial_state():
    assert {"page": 7} == dict(PageCountingCursor({"page": 7}).initial_state())


@pytest.mark.parametrize("saved", [{"pages": 7}, {"page": "seven"}, {"page": None}, {"page": "7"}])
def test_a_malformed_state_is_an_error_that_says_how_to_reset_it(saved: dict[str, Any]):
    with pytest.raises(AirbyteTracedException) as caught:
        PageCountingCursor(saved).initial_state()
    assert FailureType.config_error == caught.value.failure_type
    advice = (
        "Reset the stream's state to read it from the start: in Airbyte under Connection › Status › Clear, on the "
        "command line without this stream in the file of `--state`."
    )
    assert f"The saved state of `things` cannot be read: {json.dumps(saved)}. {advice}" == caught.value.message


def test_a_long_state_is_not_quoted_in_full():
    with pytest.raises(AirbyteTracedException) as caught:
        PageCountingCursor({"page": "x" * 5000}).initial_state()
    assert f"cannot be read: {json.dumps({'page': 'x' * 5000})[:200]}. Reset" in str(caught.value.message)


@pytest.mark.parametrize("character", ["\ud800", "\x7f", "\x85", "\u2028"])
def test_a_state_that_cannot_be_read_is_quoted_in_characters_that_can_be_printed(character: str):
    with pytest.raises(AirbyteTracedException) as caught:
        PageCountingCursor({"page": f"é{character}"}).initial_state()
    escaped = json.dumps(character)[1:-1]
    assert f'cannot be read: {{"page": "é{escaped}"}}. Reset' in str(caught.value.message)


@pytest.mark.parametrize(("depth", "expected_text"), [(300, r'\{"page": \[\[\['), (100_000, "it is nested too deep")])
def test_a_state_that_is_nested_too_deep_cannot_be_read(depth: int, expected_text: str):
    nested: Any = 1
    for _ in range(depth):
        nested = [nested]
    with pytest.raises(AirbyteTracedException, match=f"cannot be read: {expected_text}"):
        PageCountingCursor({"page": nested}).initial_state()


def test_a_per_partition_state_of_the_framework_is_ignored_with_a_warning(
    caplog: pytest.LogCaptureFixture,
):
    cursor = PageCountingCursor({"states": [{"partition": {}, "cursor": {}}], "__ab_no_cursor_state_message": True})
    assert ({}, {}) == (cursor.initial_state(), cursor.initial_state())
    expected_text = (
        "The saved state of `things` is that of a stream of another kind, which says nothing of what was read. The "
        "stream is read from the start."
    )
    assert [expected_text] == caplog.messages


def test_a_cursor_belongs_to_no_stream_group_by_default():
    assert ("", False) == (PageCursor.stream_group, PageCursor.first_in_group)


def test_records_and_closed_partitions_emit_no_state():
    cursor = PageCountingCursor()
    assert cursor.should_be_synced(None)  # type: ignore[arg-type]
    cursor.observe(None)  # type: ignore[arg-type]
    cursor.close_partition(None)  # type: ignore[arg-type]
    assert [] == cursor.emitted
    assert "page" == cursor.cursor_field.cursor_field_key
