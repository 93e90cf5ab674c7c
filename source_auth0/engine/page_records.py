"""Serializes whole pages to output lines, which pass through the framework as one record.

Record by record, the framework makes an object, passes a lock, wakes the main thread, copies the row, makes two
messages, counts, serializes, encodes and decodes: two fifths of what a row costs. Serialized here, in the thread that
parsed it, a row costs a microsecond, and its memory is free before the next page is requested.
"""

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from airbyte_cdk.sources.types import Record, StreamSlice

from source_auth0.conformance.deep_values import without_deep_values
from source_auth0.records import Page, Row

LINES_KEY = "lines"
#: Bytes from which a page is handed on in several records, none of them much larger unless one row is.
MAX_RECORD_BYTES = 1 << 20


@dataclass(frozen=True)
class RecordLines:
    """Rows of one stream, serialized as RECORD messages of the protocol, one on each line."""

    text: bytes
    rows: int


class PageRecord(Record):
    """A page as one record to the framework, which passes records on without reading their data."""

    def __init__(self, lines: RecordLines, stream_name: str, stream_slice: StreamSlice) -> None:
        self.lines = lines
        super().__init__({LINES_KEY: lines}, stream_name, stream_slice)


def page_records(page: Page, stream_name: str, stream_slice: StreamSlice) -> Iterator[PageRecord]:
    """A page as one record, or as several if it is large; none for an empty page."""
    for lines in lines_of(page, stream_name):
        yield PageRecord(lines, stream_name, stream_slice)


def lines_in(data: Mapping[str, Any]) -> RecordLines | None:
    """The lines in a record's data; None where the data is a row."""
    lines = data.get(LINES_KEY)
    return lines if isinstance(lines, RecordLines) else None


def lines_of(page: Page, stream: str) -> Iterator[RecordLines]:
    """Serialize the rows of a page, byte for byte as the framework does one by one, without their null columns.

    A field that is nested deeper than orjson writes, 254 levels, is text in the column `unconforming` instead.
    """
    head = b'{"type":"RECORD","record":{"stream":%b,"data":' % orjson.dumps(stream)
    tail = b',"emitted_at":%d}}\n' % (time.time_ns() // 1_000_000)
    rows, size = list[bytes](), 0
    for row in page:
        try:
            text = orjson.dumps(_without_nulls(row) if None in row.values() else row)
        except orjson.JSONEncodeError:
            text = orjson.dumps(_without_nulls(without_deep_values(row)))
        rows.append(text)
        size += len(text)
        if size >= MAX_RECORD_BYTES:
            del text
            yield _joined(rows, head, tail)
            rows, size = [], 0
    if rows:
        yield _joined(rows, head, tail)


def _joined(rows: list[bytes], head: bytes, tail: bytes) -> RecordLines:
    """The lines of serialized rows, which are not needed any more."""
    number, text = len(rows), (tail + head).join(rows)
    rows.clear()
    return RecordLines(b"%b%b%b" % (head, text, tail), number)


def _without_nulls(row: Row) -> Row:
    """A row without null columns, which the protocol's serializer leaves out."""
    return {name: value for name, value in row.items() if value is not None}
