"""HTTP/1.1 messages: requests parsed from bytes, responses encoded to bytes."""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from email.utils import formatdate
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl, unquote

JSON_CONTENT_TYPE = "application/json; charset=utf-8"
GZIP_THRESHOLD_BYTES = 1024
GZIP_WINDOW_BITS = 31
MAX_HEADER_BYTES = 65_536


class MalformedRequestError(ValueError):
    """The bytes are not a valid HTTP/1.1 request."""


@dataclass(frozen=True)
class HttpRequest:
    """One request: `segments` is the percent-decoded path, `query` keeps repeated parameters.

    target_length: the characters of path and query string, as they were sent.
    """

    method: str
    path: str
    segments: tuple[str, ...]
    query: dict[str, list[str]]
    headers: dict[str, str]
    body: bytes
    target_length: int = 0

    @property
    def keep_alive(self) -> bool:
        """Whether the client keeps the connection open."""
        return self.headers.get("connection", "").lower() != "close"

    def accepts_gzip(self) -> bool:
        """Whether the client accepts a gzip response."""
        return "gzip" in self.headers.get("accept-encoding", "")

    def body_fields(self) -> dict[str, Any]:
        """The body's fields, of a form or of a JSON object; {} when it is neither."""
        if not self.body:
            return {}
        if "form-urlencoded" in self.headers.get("content-type", ""):
            return dict(parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True))
        try:
            parsed = json.loads(self.body)
        except ValueError:
            return {}
        return parsed if isinstance(parsed, dict) else {}


def parse_request(buffer: bytes) -> tuple[HttpRequest, int] | None:
    """The first request in the buffer and its length in bytes; None while it is incomplete."""
    end = buffer.find(b"\r\n\r\n")
    if end < 0:
        if len(buffer) > MAX_HEADER_BYTES:
            raise MalformedRequestError("the head is too long")
        return None
    lines = buffer[:end].decode("latin-1").split("\r\n")
    start = lines[0].split(" ")
    if len(start) != 3 or not start[2].startswith("HTTP/1."):  # noqa: PLR2004 - method, target, version
        raise MalformedRequestError(lines[0])
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
    length = headers.get("content-length", "0")
    if not length.isdigit() or "transfer-encoding" in headers:
        raise MalformedRequestError("a body needs a content-length")
    stop = end + 4 + int(length)
    if len(buffer) < stop:
        return None
    return _request(start[0], start[1], headers, buffer[end + 4 : stop]), stop


def _request(method: str, target: str, headers: dict[str, str], body: bytes) -> HttpRequest:
    path, _, query_string = target.partition("?")
    query: dict[str, list[str]] = {}
    for name, value in parse_qsl(query_string, keep_blank_values=True):
        query.setdefault(name, []).append(value)
    segments = tuple(unquote(segment) for segment in path.strip("/").split("/"))
    return HttpRequest(method, path, segments, query, headers, body, len(target))


@dataclass(frozen=True)
class HttpResponse:
    """A response before it is encoded, with what a fault does to its transmission.

    body_share: the part of the body that is sent.
    declares_sent_length: whether Content-Length is that of the part that is sent, or that of the whole body.
    send_interval_seconds: the body is sent a byte at a time, that many seconds apart.
    poll_interval_seconds: how long to wait at least after an empty chunk of a stream.
    drop: close the connection and send nothing.
    hang: leave the connection open and send nothing.
    reset: send everything under `Connection: keep-alive`, then reset the connection.
    stream: `stream(share, complete_gzip=…)` yields the body in chunks, in place of `body`; `send_interval_seconds` is
        then the time between two chunks.
    """

    status: int
    body: bytes
    content_type: str = JSON_CONTENT_TYPE
    headers: dict[str, str] = field(default_factory=dict)
    gzip: bool = False
    body_share: float = 1.0
    declares_sent_length: bool = True
    send_interval_seconds: float = 0.0
    poll_interval_seconds: float = 0.0
    drop: bool = False
    hang: bool = False
    reset: bool = False
    stream: Callable[..., Iterator[bytes]] | None = None

    def with_headers(self, headers: dict[str, str]) -> HttpResponse:
        """The same response with more headers."""
        return replace(self, headers={**self.headers, **headers})

    def encode(self, *, keep_alive: bool, head_only: bool = False) -> tuple[bytes, bool]:
        """The bytes to send, and whether the connection must be closed after them."""
        payload = _gzip(self.body) if self.gzip else self.body
        kept = payload if self.body_share >= 1 else payload[: int(len(payload) * self.body_share)]
        declared = len(kept) if self.declares_sent_length else len(payload)
        framing = ["content-encoding: gzip"] if self.gzip else []
        if (
            self.status != HTTPStatus.NO_CONTENT
        ):  # which has no length: https://www.rfc-editor.org/rfc/rfc9110#section-8.6
            framing.append(f"content-length: {declared}")
        head = self.head(framing, keep_alive=keep_alive)
        return (head if head_only else head + kept), len(kept) < declared

    def head(self, framing: list[str], *, keep_alive: bool) -> bytes:
        """The status line and the headers; `framing` are those that delimit the body."""
        lines = [f"HTTP/1.1 {self.status} {HTTPStatus(self.status).phrase}", f"content-type: {self.content_type}"]
        lines.extend(framing)
        lines.extend(f"{name}: {value}" for name, value in self.headers.items())
        lines.append("connection: " + ("keep-alive" if keep_alive else "close"))
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")

    def chunks(self) -> Iterator[bytes]:
        """The chunks of a streamed body; a truncated one ends as a complete gzip stream or amid it."""
        return (
            iter(())
            if self.stream is None
            else self.stream(self.body_share, complete_gzip=self.declares_sent_length and not self.gzip)
        )


def json_response(status: int, value: object, headers: dict[str, str] | None = None) -> HttpResponse:
    """A JSON response, in UTF-8 without escapes as Auth0 writes it."""
    body = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    return HttpResponse(status, body, headers=headers or {})


def http_date(epoch: float) -> str:
    """A time in the format of the `Date` header."""
    return formatdate(epoch, usegmt=True)


def _gzip(payload: bytes) -> bytes:
    # Level 1: a response of 100 users costs 1 ms instead of 3 and is 15 % larger.
    compressor = zlib.compressobj(1, zlib.DEFLATED, GZIP_WINDOW_BITS)
    return compressor.compress(payload) + compressor.flush()
