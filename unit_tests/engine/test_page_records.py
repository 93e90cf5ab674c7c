import json
import time
from typing import Any

import pytest
from airbyte_cdk.entrypoint import AirbyteEntrypoint
from airbyte_cdk.models import AirbyteMessage, AirbyteRecordMessage, Type
from airbyte_cdk.sources.types import StreamSlice
from airbyte_cdk.sources.utils.record_helper import stream_data_to_airbyte_message
from hypothesis import given
from hypothesis import strategies as st

from source_auth0.engine.page_records import MAX_RECORD_BYTES, RecordLines, lines_in, lines_of, page_records
from source_auth0.json_values import loads
from source_auth0.records import Page

NOW = 1_700_000_000_123
SLICE = StreamSlice(partition={}, cursor_slice={})
LEAVES = st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.floats(allow_nan=False) | st.text()
VALUES = st.recursive(LEAVES, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=8)


def as_the_framework_writes(page: Page) -> bytes:
    records = [AirbyteRecordMessage(stream="users", data=row, emitted_at=NOW) for row in page]
    messages = [AirbyteMessage(type=Type.RECORD, record=record) for record in records]
    return "".join(f"{AirbyteEntrypoint.airbyte_message_to_string(message)}\n" for message in messages).encode()


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time_ns", lambda: NOW * 1_000_000 + 999_999)


@given(page=st.lists(st.dictionaries(st.text(), VALUES), max_size=4))
def test_lines_are_those_of_the_framework(page: list[dict[str, Any]]):
    """Byte for byte."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(time, "time_ns", lambda: NOW * 1_000_000)
        lines = list(lines_of(page, "users"))
    expected = [RecordLines(as_the_framework_writes(page), len(page))] if page else []
    assert expected == lines


@pytest.mark.parametrize("levels", [252, 253, 254, 1000, 1024, 20_000])
@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_field_nested_deeper_than_orjson_writes_is_text_beside_the_row(now, levels: int, place: int):
    """And stops nobody else on its page."""
    text = '{"a":' * levels + "1" + "}" * levels
    rows: Page = [{"user_id": str(number), "name": None} for number in range(3)]
    rows[place] |= {"app_metadata": loads(text.encode()), "plan": "gold"}
    expected: Page = [{"user_id": str(number)} for number in range(3)]
    is_native = levels < 254
    expected[place] |= {"plan": "gold"} | ({} if is_native else {"unconforming": {"app_metadata": text}})
    (lines,) = lines_of(rows, "users")
    records = [json.loads(line)["record"]["data"] for line in lines.text.splitlines()]
    assert (text if is_native else None) == (records[place].pop("app_metadata", None) and text)
    assert expected == records


def test_a_large_page_is_handed_on_in_pieces(now):
    """None of which is much larger than its bound, unless one row is."""
    page: Page = [{"user_id": str(number), "text": "x" * 1000} for number in range(3000)]
    page[1500]["text"] = "x" * 2 * MAX_RECORD_BYTES
    pieces = list(lines_of(page, "users"))
    assert (as_the_framework_writes(page), 3000) == (
        b"".join(piece.text for piece in pieces),
        sum(piece.rows for piece in pieces),
    )
    sizes = [len(piece.text) for piece in pieces]
    assert [False, True, False, False] == [size > 2 * MAX_RECORD_BYTES for size in sizes]
    assert all(size < MAX_RECORD_BYTES * 1.2 for size in sizes if size < 2 * MAX_RECORD_BYTES)


def test_a_row_that_fills_a_piece_is_followed_by_no_empty_one(now):
    assert [1] == [piece.rows for piece in lines_of([{"text": "x" * MAX_RECORD_BYTES}], "users")]


def test_the_framework_passes_a_page_on_unchanged():
    """Through what `ConcurrentReadProcessor.on_record` makes of a record."""
    (page,) = page_records([{"user_id": "x"}, {"user_id": "y"}], "users", SLICE)
    message = stream_data_to_airbyte_message(page.stream_name, page.data, file_reference=page.file_reference)
    assert message.record is not None
    assert page.lines is lines_in(message.record.data)
    assert ("users", SLICE) == (message.record.stream, page.associated_slice)


@pytest.mark.parametrize("row", [{}, {"lines": 7}, {"lines": {"text": "a poem", "rows": 2}}])
def test_a_row_is_never_taken_for_a_page(row: dict[str, Any]):
    assert None is lines_in(row)
