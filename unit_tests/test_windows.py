import json
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from airbyte_cdk.models import FailureType
from airbyte_cdk.sources.connector_state_manager import ConnectorStateManager
from airbyte_cdk.sources.message import InMemoryMessageRepository
from airbyte_cdk.sources.streams import NO_CURSOR_STATE_KEY
from airbyte_cdk.utils.traced_exception import AirbyteTracedException
from hypothesis import given
from hypothesis import strategies as st

from source_auth0.components.search import Found
from source_auth0.components.tenant import Tenant
from source_auth0.components.windows import LOOK_BACK, MOST_WINDOWS, SAFETY_LAG, Window, WindowCursor
from source_auth0.source import SourceAuth0

SAMPLES = Path(__file__).parents[2] / "shared/reference/upstream/state_samples.json"
NOW = datetime(2026, 6, 1, 12, tzinfo=timezone.utc)
FIRST = "2024-01-01T00:00:00.000Z"
END = "2026-06-01T11:59:00.000Z"


class StoppedTenant(Tenant):
    """A tenant whose clock stands still."""

    def now(self) -> datetime:
        return NOW


def _manager(state: dict[str, Any]) -> ConnectorStateManager:
    manager = ConnectorStateManager()
    manager.update_state_for_stream("users", None, state)
    return manager


@pytest.fixture
def messages() -> InMemoryMessageRepository:
    return InMemoryMessageRepository()


@pytest.fixture
def make(messages: InMemoryMessageRepository) -> Callable[..., WindowCursor]:
    """Builds the cursor of `users` over a tenant with so many users, the first of them created on FIRST."""

    def make(
        state: dict[str, Any] | None = None,
        *,
        incremental: bool = True,
        users: int = 0,
        capped: bool = False,
        **config: Any,
    ) -> WindowCursor:
        cursor = WindowCursor(
            config=StoppedTenant(config),
            stream_name="users",
            cursor_field="updated_at",
            incremental=incremental,
            state_manager=_manager(state or {}),
            message_repository=messages,
        )

        def search(window: Window) -> Found:
            first = {"user_id": "auth0|1", window.field: FIRST if window.start == "*" else max(FIRST, window.start)}
            return Found([first] * min(users, 100), min(users, 1000) if capped else users)

        cursor.search = search
        return cursor

    return make


def windows_of(cursor: WindowCursor) -> list[Window]:
    return [Window.of(stream_slice) for stream_slice in cursor.stream_slices()]


def close(cursor: WindowCursor, window: Window) -> None:
    cursor.close_partition(SimpleNamespace(to_slice=window.as_slice))  # type: ignore[arg-type]


def states(messages: InMemoryMessageRepository) -> list[dict[str, Any]]:
    return [vars(message.state.stream.stream_state) for message in messages.consume_queue()]


def test_a_window_is_half_open_in_the_search_syntax():
    window = Window("updated_at", FIRST, END)
    assert f"updated_at:[{FIRST} TO {END}}}" == window.query
    assert f"updated_at:[x TO {END}}}" == window.starting_at("x").query
    assert f"created_at:[* TO {END}}} AND updated_at:[{FIRST} TO *]" == (
        Window("created_at", "*", END, f"updated_at:[{FIRST} TO *]").query
    )


def test_a_window_survives_its_slice():
    window = Window("created_at", "*", END, "updated_at:[x TO *]")
    assert window == Window.of(window.as_slice())


@pytest.mark.parametrize("users", [0, 1, 100])
def test_few_users_are_one_window(make, users: int):
    assert [Window("updated_at", "*", END)] == windows_of(make(users=users))


@pytest.mark.parametrize(
    ("users", "capped", "expected"),
    [
        (101, False, 2),
        (800, False, 2),
        (801, False, 3),
        (5000, False, 13),
        (5000, True, 3),
        (10**6, False, MOST_WINDOWS),
    ],
)
def test_windows_are_planned_from_the_count(make, users: int, capped: bool, expected: int):  # noqa: FBT001
    assert expected == len(windows_of(make(users=users, capped=capped)))


@pytest.mark.parametrize("incremental", [True, False])
@pytest.mark.parametrize("users", [1, 101, 4321, 10**7])
@pytest.mark.parametrize("start_date", [None, "2025-03-04T05:06:07Z"])
def test_windows_cover_the_whole_and_none_overlaps(
    make,
    users: int,
    incremental: bool,  # noqa: FBT001
    start_date: str | None,
):
    windows = windows_of(make(users=users, incremental=incremental, start_date=start_date))
    assert all(low.end == high.start for low, high in pairwise(windows))
    assert all(window.start < window.end for window in windows)
    assert {(windows[0].field, windows[0].also)} == {(window.field, window.also) for window in windows}
    assert ("2025-03-04T05:06:07.000Z" if incremental and start_date else "*") == windows[0].start


def test_an_incremental_sync_ends_before_what_search_may_not_show_yet(make):
    assert END == (NOW - SAFETY_LAG).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    assert [END] == [window.end for window in windows_of(make())]


def test_a_full_refresh_reads_users_of_this_very_moment(make):
    (window,) = windows_of(make(incremental=False))
    assert ("created_at", "*", "2026-06-01T12:01:00.000Z", "") == (window.field, window.start, window.end, window.also)


@pytest.mark.parametrize(
    ("start_date", "since"),
    [
        ("2025-03-04T05:06:07Z", "2025-03-04T05:06:07.000Z"),
        ("2023-08-05T00:43:59.244Z", "2023-08-05T00:43:59.244Z"),
        ("2023-08-05T00:43:59.244999Z", "2023-08-05T00:43:59.244Z"),
        ("2023-08-05T00:43:59.2Z", "2023-08-05T00:43:59.200Z"),
    ],
)
def test_a_start_date_means_updated_since_in_both_modes(make, start_date: str, since: str):
    (incremental,) = windows_of(make(start_date=start_date))
    (full,) = windows_of(make(incremental=False, start_date=start_date))
    assert ("updated_at", since, "") == (incremental.field, incremental.start, incremental.also)
    assert ("created_at", "*", f"updated_at:[{since} TO *]") == (full.field, full.start, full.also)


@pytest.mark.parametrize(
    ("saved", "start_date", "expected"),
    [
        ("2024-03-01T02:00:00.000Z", None, "2024-03-01T01:55:00.000Z"),
        ("2024-03-01T02:00:00.000000Z", None, "2024-03-01T01:55:00.000Z"),
        ("2024-03-01T02:00:00Z", None, "2024-03-01T01:55:00.000Z"),
        ("2024-03-01T02:00:00.123+00:00", None, "2024-03-01T01:55:00.123Z"),
        ("2024-03-01T02:00:00.000Z", "2020-01-01T00:00:00Z", "2024-03-01T01:55:00.000Z"),
        ("2024-03-01T02:00:00.000Z", "2025-01-01T00:00:00Z", "2025-01-01T00:00:00.000Z"),
    ],
)
def test_a_sync_goes_on_a_little_before_the_saved_cursor(make, saved: str, start_date: str | None, expected: str):
    """Search shows some users late; a start date that was moved on since wins."""
    assert LOOK_BACK == timedelta(minutes=5)
    assert [expected] == [window.start for window in windows_of(make({"updated_at": saved}, start_date=start_date))]


@pytest.mark.parametrize(
    "saved", ["yesterday", "", "2024-03-01", "2024-13-01T00:00:00Z", 1709251200, "2024-03-01T02:00:00.xZ"]
)
def test_a_malformed_state_says_how_to_get_rid_of_it(make, saved: Any):
    with pytest.raises(AirbyteTracedException) as caught:
        make({"updated_at": saved})
    assert FailureType.config_error == caught.value.failure_type
    assert f"`{saved}`, which is no date and time" in caught.value.message


def test_a_full_refresh_does_not_look_at_the_saved_cursor(make):
    assert [("created_at", "*")] == [
        (window.field, window.start) for window in windows_of(make({"updated_at": "yesterday"}, incremental=False))
    ]


def test_the_state_is_the_low_water_mark_of_closed_windows(make, messages: InMemoryMessageRepository):
    """A window that is closed before an older one moves nothing yet."""
    cursor = make(users=1600)
    first, second, third, fourth = windows_of(cursor)
    assert {} == cursor.state
    for window, expected in (
        (second, {}),
        (fourth, {}),
        (first, {"updated_at": second.end}),
        (third, {"updated_at": END}),
    ):
        close(cursor, window)
        assert expected == cursor.state
    assert [{"updated_at": second.end}, {"updated_at": END}] == states(messages)


def test_a_sync_that_fails_leaves_the_cursor_where_all_was_read(make, messages: InMemoryMessageRepository):
    saved = {"updated_at": "2024-06-01T00:00:00.000Z"}
    cursor = make(saved, users=1600)
    _, second, third, _ = windows_of(cursor)
    for window in (second, third):
        close(cursor, window)
    cursor.ensure_at_least_one_state_emitted()
    assert [saved] == states(messages)


def test_a_sync_that_reads_nothing_still_moves_the_cursor(make, messages: InMemoryMessageRepository):
    cursor = make({"updated_at": FIRST})
    (window,) = windows_of(cursor)
    close(cursor, window)
    cursor.ensure_at_least_one_state_emitted()
    assert [{"updated_at": END}] * 2 == states(messages)


def test_a_full_refresh_leaves_no_incremental_cursor_behind(make, messages: InMemoryMessageRepository):
    cursor = make({"updated_at": FIRST}, users=900, incremental=False)
    for window in windows_of(cursor):
        close(cursor, window)
    assert [] == states(messages)
    cursor.ensure_at_least_one_state_emitted()
    assert [{NO_CURSOR_STATE_KEY: True}] == states(messages)


def test_the_cursor_follows_windows_and_no_records(make):
    cursor = make()
    assert cursor.should_be_synced(None)
    assert cursor.observe(None) is None
    assert {} == cursor.state
    assert "updated_at" == cursor.cursor_field.cursor_field_key


@given(st.data(), st.integers(101, 6000))
def test_in_whatever_order_windows_close_no_open_one_is_behind_the_cursor(data: st.DataObject, users: int):
    cursor = WindowCursor(
        config=StoppedTenant({}),
        stream_name="users",
        cursor_field="updated_at",
        incremental=True,
        state_manager=_manager({}),
        message_repository=InMemoryMessageRepository(),
    )
    cursor.search = lambda _: Found([{"updated_at": FIRST}] * 100, users)
    windows = windows_of(cursor)
    order = data.draw(st.permutations(windows))
    for number, window in enumerate(order, 1):
        close(cursor, window)
        still_open = [other.start for other in order[number:]]
        assert all(cursor.state.get("updated_at", "") <= start or start == "*" for start in still_open)
        assert "*" not in still_open or {} == cursor.state
    assert {"updated_at": END} == cursor.state


@pytest.mark.skipif(not SAMPLES.exists(), reason="the samples are not part of the package")
@pytest.mark.parametrize("incremental", [True, False])
def test_every_state_that_a_published_version_saved_is_accepted(
    tmp_path: Path,
    incremental: bool,  # noqa: FBT001
):
    """Each sample is read from a file as the platform hands it over, and gives a window that starts where it should."""
    samples = json.loads(SAMPLES.read_text())
    starts = {}
    for name, sample in samples.items():
        if name.startswith("_"):
            continue
        path = tmp_path / "state.json"
        path.write_text(json.dumps(sample))
        state = SourceAuth0.read_state(str(path))
        cursor = WindowCursor(
            config=StoppedTenant({}),
            stream_name="users",
            cursor_field="updated_at",
            incremental=incremental,
            state_manager=ConnectorStateManager(state),
            message_repository=InMemoryMessageRepository(),
        )
        cursor.search = lambda _: Found([], 0)
        (window,) = windows_of(cursor)
        starts[name.partition(" ")[0]] = window.start
    cursors = {
        "users_python_cdk_0.1-0.3": "2023-09-08T06:59:28.000Z",
        "users_legacy_global_0.1.0_test_fixture": "2021-09-08T06:59:28.000Z",
        "users_0.4.1-0.6.2_cdk<=5.17": "2024-03-01T01:54:00.000Z",
        "users_0.6.2_manifest_on_cdk_7.39.1": "2024-03-01T01:54:00.000Z",
    }
    assert {name: cursors.get(name, "*") if incremental else "*" for name in starts} == starts
    assert set(cursors) <= set(starts)
