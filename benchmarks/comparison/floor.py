"""The minimum work of reading users: one connection, orjson, and Airbyte's own serializer.

`python benchmarks/comparison/floor.py CONFIG` prints what a source prints, without a framework: no streams, no checks,
no redaction, no state, no retries except for 429.
"""

import gzip
import json
import sys
import time
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import orjson
from airbyte_cdk.models import (
    AirbyteMessage,
    AirbyteMessageSerializer,
    AirbyteRecordMessage,
    AirbyteStreamStatus,
    AirbyteStreamStatusTraceMessage,
    AirbyteTraceMessage,
    StreamDescriptor,
    TraceType,
    Type,
)


def pages(base_url: str, token: str) -> Iterator[list[dict[str, Any]]]:
    """Every page of users by keyset pagination: each starts at the last row of the one before."""
    connection = HTTPConnection(urlsplit(base_url).netloc)
    headers = {"Authorization": f"Bearer {token}", "Accept-Encoding": "gzip"}
    low = "*"
    page: list[dict[str, Any]] = [{}] * 100
    while len(page) == 100:
        query = {"q": f"created_at:[{low} TO *]", "sort": "created_at:1", "per_page": 100, "search_engine": "v3"}
        connection.request("GET", f"/api/v2/users?{urlencode(query)}", headers=headers)
        response = connection.getresponse()
        body = response.read()
        if response.status == 429:
            time.sleep(max(float(response.headers["x-ratelimit-reset"]) - time.time(), 0.05))
            continue
        page = orjson.loads(gzip.decompress(body) if response.headers["content-encoding"] == "gzip" else body)
        yield page
        low = page[-1]["created_at"]


def emit(*messages: AirbyteMessage) -> None:
    """Print messages, a line each."""
    lines = [orjson.dumps(AirbyteMessageSerializer.dump(message)).decode() + "\n" for message in messages]
    sys.stdout.write("".join(lines))
    sys.stdout.flush()


def status(value: AirbyteStreamStatus) -> AirbyteMessage:
    """A stream status message."""
    stream_status = AirbyteStreamStatusTraceMessage(stream_descriptor=StreamDescriptor(name="users"), status=value)
    trace = AirbyteTraceMessage(
        type=TraceType.STREAM_STATUS, emitted_at=time.time() * 1000, stream_status=stream_status
    )
    return AirbyteMessage(type=Type.TRACE, trace=trace)


def main() -> None:
    """Read all users of the tenant in a config."""
    config = json.loads(Path(sys.argv[1]).read_text())
    emit(status(AirbyteStreamStatus.STARTED))
    for page in pages(config["base_url"], config["credentials"]["access_token"]):
        now = time.time_ns() // 1_000_000
        records = [AirbyteRecordMessage(stream="users", data=row, emitted_at=now) for row in page]
        emit(*(AirbyteMessage(type=Type.RECORD, record=record) for record in records))
    emit(status(AirbyteStreamStatus.COMPLETE))


if __name__ == "__main__":
    main()
