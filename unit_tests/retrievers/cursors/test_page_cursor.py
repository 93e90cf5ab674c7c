import threading
from collections.abc import Mapping, MutableMapping
from typing import Any

import pytest
from airbyte_cdk.models import AirbyteMessage, FailureType
from airbyte_cdk.sources.connector_state_manager import ConnectorStateManager
from airbyte_cdk.sources.streams import NO_CURSOR_STATE_KEY
from airbyte_cdk.utils.traced_exception import AirbyteTracedException

from source_auth0.retrievers.cursors.page_cursor import PageCursor
from testing.threads import in_threads


class Counting(PageCursor):
    """Remembers how many pages were handed on."""

    def __init__(self, saved: Mapping[str, Any] | None = None, *, incremental: bool = True) -> None:
        manager = ConnectorStateManager([])
        if saved is not None:
            manager.update_state_for_stream("things", None, saved)
        super().__init__(
            config={},
            stream_name="things",
            cursor_field="page",
            incremental=incremental,
            state_manager=manager,
            message_repository=self,  # type: ignore[arg-type]
        )
        self.page = 0
        self.sent: list[dict[str, Any]] = []
        self.sending = threading.Lock()

    state_keys = ("page",)

    def current_state(self) -> MutableMapping[str, Any]:
        self.page += 1
        return {"page": self.page}

    def validate_state(self, saved: Mapping[str, Any]) -> None:
        int(saved["page"]) + saved["page"].real

    def emit_message(self, message: AirbyteMessage) -> None:
        assert self.sending.acquire(blocking=False), "two states at once"
        self.sent.append(vars(message.state.stream.stream_state))
        self.sending.release()


def test_a_state_is_what_is_remembered():
    cursor = Counting()
    cursor.emit_state()
    cursor.ensure_at_least_one_state_emitted()
    assert [{"page": 1}, {"page": 2}] == cursor.sent


def test_a_full_refresh_leaves_nothing_behind():
    cursor = Counting({"page": 7}, incremental=False)
    cursor.emit_state()
    assert [{NO_CURSOR_STATE_KEY: True}] == cursor.sent
    assert {} == cursor.initial_state()


def test_states_follow_one_another_in_the_order_of_what_they_say():
    """However many workers send one."""
    cursor = Counting()
    in_threads(8, lambda _: [cursor.emit_state() for _ in range(20)])
    assert [{"page": n} for n in range(1, 161)] == cursor.sent


@pytest.mark.parametrize("saved", [None, {}, {NO_CURSOR_STATE_KEY: True}])
def test_a_state_that_says_nothing_is_none(saved: dict[str, Any] | None):
    assert {} == Counting(saved).initial_state()


def test_a_saved_state_is_taken_as_it_is():
    assert {"page": 7} == dict(Counting({"page": 7}).initial_state())


@pytest.mark.parametrize("saved", [{"pages": 7}, {"page": "seven"}, {"page": None}, {"page": "7"}])
def test_a_state_that_nobody_left_says_how_to_get_rid_of_it(saved: dict[str, Any]):
    with pytest.raises(AirbyteTracedException) as caught:
        Counting(saved).initial_state()
    assert FailureType.config_error == caught.value.failure_type
    advice = "Reset the stream's state (Airbyte: Connection › Status › Clear) to read it from the start."
    assert f"The saved state of `things` cannot be read: {saved}. {advice}" == caught.value.message


def test_a_long_state_is_not_quoted_in_full():
    with pytest.raises(AirbyteTracedException) as caught:
        Counting({"page": "x" * 5000}).initial_state()
    assert f"cannot be read: {str({'page': 'x' * 5000})[:200]}. Reset" in str(caught.value.message)


@pytest.mark.parametrize(("depth", "said"), [(300, r"\{'page': \[\[\["), (100_000, "it is nested too deep")])
def test_a_state_that_is_nested_too_deep_cannot_be_read(depth: int, said: str):
    deep: Any = 1
    for _ in range(depth):
        deep = [deep]
    with pytest.raises(AirbyteTracedException, match=f"cannot be read: {said}"):
        Counting({"page": deep}).initial_state()


def test_a_state_of_the_frameworks_for_parts_of_a_stream_is_passed_over_with_a_warning(
    caplog: pytest.LogCaptureFixture,
):
    cursor = Counting({"states": [{"partition": {}, "cursor": {}}], "__ab_no_cursor_state_message": True})
    assert ({}, {}) == (cursor.initial_state(), cursor.initial_state())
    said = (
        "The saved state of `things` is that of a stream of another kind, which says nothing of what was read. The "
        "stream is read from the start."
    )
    assert [said] == caplog.messages


def test_a_cursor_takes_its_turn_with_nobody_unless_it_says_so():
    assert ("", False) == (PageCursor.stream_group, PageCursor.first_in_group)


def test_the_state_follows_pages_and_neither_records_nor_partitions():
    cursor = Counting()
    assert cursor.should_be_synced(None)  # type: ignore[arg-type]
    cursor.observe(None)  # type: ignore[arg-type]
    cursor.close_partition(None)  # type: ignore[arg-type]
    assert [] == cursor.sent
    assert "page" == cursor.cursor_field.cursor_field_key
