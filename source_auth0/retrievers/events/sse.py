"""A parser of server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html)."""

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass

#: Characters of a message, with comments and other fields; a user's profile has a megabyte at most.
MAX_MESSAGE_LENGTH = 8 << 20
BYTE_ORDER_MARK = "\ufeff"
LINE_END = re.compile(r"\r\n|\n|\r")
DIGITS = re.compile(r"[0-9]+")


class OversizedMessageError(ValueError):
    """A message exceeds the parser's maximum length, which none of Auth0's can."""


@dataclass(frozen=True)
class SseMessage:
    """One message: its event type ("message" by default), its data, and the id after it ("" for none)."""

    event: str
    data: str
    id: str


class SseParser:
    """Parses messages from chunks of bytes, split anywhere; comments and unknown fields are ignored.

    `retry` is the last reconnection time in milliseconds that the server sent; None before that.
    A message without its final empty line is incomplete and never returned.
    """

    def __init__(self, max_length: int = MAX_MESSAGE_LENGTH) -> None:
        self.retry: int | None = None
        self._max_length = max_length
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._has_started = self._after_carriage_return = False
        self._line_parts: list[str] = []
        self._data: list[str] = []
        self._event = self._id = ""
        self._size = 0

    @property
    def is_incomplete(self) -> bool:
        """Whether a message has begun and not ended."""
        return bool(self._data) or any(self._line_parts)

    def feed(self, chunk: bytes) -> Iterator[SseMessage]:
        """The messages that a chunk completes; raises OversizedMessageError."""
        text = self._decoder.decode(chunk)
        if not text:
            return
        if not self._has_started:
            self._has_started, text = True, text.removeprefix(BYTE_ORDER_MARK)
        if self._after_carriage_return:
            text = text.removeprefix("\n")
        self._after_carriage_return = text.endswith("\r")
        *completed, rest = LINE_END.split(text)
        for part in completed:
            self._append(part)
            line, self._line_parts = "".join(self._line_parts), []
            if line:
                self._parse_field(line)
            elif (message := self._dispatch()) is not None:
                yield message
        self._append(rest)

    def _append(self, part: str) -> None:
        """Append a part of a line; raises OversizedMessageError where the message becomes too long."""
        self._size += len(part)
        if self._size > self._max_length:
            raise OversizedMessageError(f"a message of more than {self._max_length:,} characters")
        self._line_parts.append(part)

    def _parse_field(self, line: str) -> None:
        """Set a field of the message; a line that begins with a colon is a comment."""
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "data":
            self._data.append(value)
        elif name == "event":
            self._event = value
        elif name == "id" and "\0" not in value:
            self._id = value
        elif name == "retry" and DIGITS.fullmatch(value):
            self.retry = int(value[:9])

    def _dispatch(self) -> SseMessage | None:
        """The message that an empty line ends; None without data. The id persists until another one is sent."""
        message = SseMessage(self._event or "message", "\n".join(self._data), self._id) if self._data else None
        self._data, self._event, self._size = [], "", 0
        return message
