"""Pages that travel through the framework as the lines that are to be printed.

Record by record, the framework makes an object, passes a lock, wakes the main thread, copies the row, makes two
messages, counts, serializes, encodes and decodes: two fifths of what a row costs. Written here, in the thread that
parsed it, a row costs a microsecond, and its memory is free before the next page is asked for.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from airbyte_cdk.entrypoint import AirbyteEntrypoint
from airbyte_cdk.models import AirbyteMessage, AirbyteRecordMessage, Type
from airbyte_cdk.sources.types import Record, StreamSlice

from source_auth0.records import Page, Row

LINES_KEY = "lines"


@dataclass(frozen=True)
class RecordLines:
    """Some rows of one stream as the protocol's messages, a line each."""

    text: bytes
    rows: int


class PageRecord(Record):
    """A page, which is one record to the framework; it hands records on unopened."""

    def __init__(self, page: Page, stream_name: str, stream_slice: StreamSlice) -> None:
        self.lines = lines_of(page, stream_name)
        super().__init__({LINES_KEY: self.lines}, stream_name, stream_slice)


def lines_in(data: Mapping[str, Any]) -> RecordLines | None:
    """The lines in a record's data; None where it is a row itself."""
    found = data.get(LINES_KEY)
    return found if isinstance(found, RecordLines) else None


def lines_of(page: Page, stream: str) -> RecordLines:
    """A page's rows, byte for byte as the framework writes them one by one."""
    now = time.time_ns() // 1_000_000
    head = b'{"type":"RECORD","record":{"stream":%b,"data":' % orjson.dumps(stream)
    tail = b',"emitted_at":%d}}\n' % now
    try:
        text = b"".join([b"%b%b%b" % (head, orjson.dumps(_without_nulls(row)), tail) for row in page])
    except orjson.JSONEncodeError:  # nested deeper than orjson writes, though not than it reads
        text = b"".join([_serialized_by_framework(row, stream, now) for row in page])
    return RecordLines(text, len(page))


def _without_nulls(row: Row) -> Row:
    """A row as the protocol's serializer has it, which leaves out columns that are null."""
    return {name: value for name, value in row.items() if value is not None} if None in row.values() else row


def _serialized_by_framework(row: Row, stream: str, now: int) -> bytes:
    record = AirbyteRecordMessage(stream=stream, data=row, emitted_at=now)
    line = AirbyteEntrypoint.airbyte_message_to_string(AirbyteMessage(type=Type.RECORD, record=record))
    return f"{line}\n".encode()
