"""Serializes whole pages to output lines, which pass through the framework as one record.

Record by record, the framework makes an object, passes a lock, wakes the main thread, copies the row, makes two
messages, counts, serializes, encodes and decodes: two fifths of what a row costs. Serialized here, in the thread that
parsed it, a row costs a microsecond, and its memory is free before the next page is requested.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from airbyte_cdk.sources.types import Record, StreamSlice

from source_auth0.conformance.deep_values import without_deep_values
from source_auth0.records import Page, Row

LINES_KEY = "lines"


@dataclass(frozen=True)
class RecordLines:
    """Rows of one stream, serialized as RECORD messages of the protocol, one on each line."""

    text: bytes
    rows: int


class PageRecord(Record):
    """A page as one record to the framework, which passes records on without reading their data."""

    def __init__(self, page: Page, stream_name: str, stream_slice: StreamSlice) -> None:
        self.lines = lines_of(page, stream_name)
        super().__init__({LINES_KEY: self.lines}, stream_name, stream_slice)


def lines_in(data: Mapping[str, Any]) -> RecordLines | None:
    """The lines in a record's data; None where the data is a row."""
    lines = data.get(LINES_KEY)
    return lines if isinstance(lines, RecordLines) else None


def lines_of(page: Page, stream: str) -> RecordLines:
    """Serialize the rows of a page, byte for byte as the framework does one by one, without their null columns.

    A field that is nested deeper than orjson writes, 254 levels, is text in the column `unconforming` instead.
    """
    if not page:
        return RecordLines(b"", 0)
    head = b'{"type":"RECORD","record":{"stream":%b,"data":' % orjson.dumps(stream)
    tail = b',"emitted_at":%d}}\n' % (time.time_ns() // 1_000_000)
    try:
        rows = [orjson.dumps(_without_nulls(row) if None in row.values() else row) for row in page]
    except orjson.JSONEncodeError:
        rows = [orjson.dumps(_without_nulls(without_deep_values(row))) for row in page]
    return RecordLines(b"%b%b%b" % (head, (tail + head).join(rows), tail), len(page))


def _without_nulls(row: Row) -> Row:
    """A row without null columns, which the protocol's serializer leaves out."""
    return {name: value for name, value in row.items() if value is not None}
