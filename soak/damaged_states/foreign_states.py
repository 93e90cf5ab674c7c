"""States of other connectors and other versions, and giant states."""

from collections.abc import Mapping
from typing import Any

A_DAY = "2026-11-22T12:00:00.000Z"


def foreign_states() -> list[dict[str, Any]]:
    """States in the formats of Airbyte's connectors, including the published versions of this one."""
    return [
        {},
        {"updated_at": "2024-03-01T01:59:00.000Z"},
        {"updated_at": "2024-03-01T01:59:00.000000Z"},
        {"updated_at": "2031-03-01T01:59:00.000Z"},
        {"__ab_full_refresh_sync_complete": True},
        {"__ab_no_cursor_state_message": True},
        {"states": [{"partition": {"parent_id": "org_0", "parent_slice": {}}, "cursor": {"updated_at": A_DAY}}]},
        {"use_global_cursor": True, "state": {"updated_at": A_DAY}, "parent_state": {}, "lookback_window": 5},
        {"airbytehq/airbyte": {"updated_at": A_DAY}},
        {"created": 1_700_000_000},
        {"_ab_source_file_last_modified": A_DAY, "history": {"users.csv": A_DAY}},
        {"type": "STREAM", "stream": {"stream_descriptor": {"name": "users"}, "stream_state": {"updated_at": A_DAY}}},
        {"cdc": True, "state": {"mydb": '{"transaction_id":null,"lsn":23637253}'}},
        {"version": 9, "updated_at": A_DAY, "cursor": {"after": "x"}},
        {"log_id": "90020990101000000000000000000000000000000000000000000001", "date": "2099-01-01T00:00:00.000Z"},
        {"offset": "nobody's", "time": "2099-01-01T00:00:00.000Z", "event": "evt_1"},
        {"offset": "nobody's", "time": A_DAY, "event": "evt_1"},
    ]


def giant_states(state: Mapping[str, Any]) -> list[dict[str, Any]]:
    """States of megabytes, with thousands of open ranges, and nested hundreds of levels deep."""
    states: list[dict[str, Any]] = [_deep(depth) for depth in (10, 200, 400)]
    states += [{**state, "more": "x" * (5 << 20)}, {**state, next(iter(state)): "9" * (5 << 20)}]
    opened = state.get("open")
    if isinstance(opened, list):
        states += [{**state, "open": opened * 5000}, {**state, "open": opened[:1] * 500}]
    if isinstance(opened, dict):
        states += [{**state, "open": {**opened, "left": [f"auth0|{n}" for n in range(50_000)]}}]
    return states


def _deep(depth: int) -> dict[str, Any]:
    value: Any = "2026-01-01T00:00:00.000Z"
    for _ in range(depth):
        value = [value]
    return {"updated_at": value, "log_id": value, "date": value, "offset": value}
