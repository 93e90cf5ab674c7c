"""Server-sent events, as the HTML standard has them: https://html.spec.whatwg.org/multipage/server-sent-events.html."""

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass

#: Characters of a message, comments and other fields included; a user's profile has a megabyte at most.
MAX_MESSAGE_LENGTH = 8 << 20
BYTE_ORDER_MARK = "\ufeff"
LINE_END = re.compile(r"\r\n|\n|\r")
DIGITS = re.compile(r"[0-9]+")


class OversizedMessageError(ValueError):
    """A message that is longer than any of Auth0's can be."""


@dataclass(frozen=True)
class SseMessage:
    """One message: its kind, "message" where none is told; its data; and the position after it, "" for none."""

    event: str
    data: str
    id: str


class SseParser:
    """Makes messages of bytes as they come, wherever these are cut; comments and unknown fields are passed over.

    `retry` is the server's last word on how many milliseconds to wait before connecting again; None until it says.
    A message that no empty line ends is incomplete and never given out.
    """

    def __init__(self, longest: int = MAX_MESSAGE_LENGTH) -> None:
        self.retry: int | None = None
        self._longest = longest
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._begun = self._after_return = False
        self._line: list[str] = []
        self._data: list[str] = []
        self._event = self._id = ""
        self._size = 0

    @property
    def is_amid(self) -> bool:
        """Whether a message has begun that no empty line has ended."""
        return bool(self._data) or any(self._line)

    def feed(self, piece: bytes) -> Iterator[SseMessage]:
        """The messages that some more bytes complete; raises OversizedMessageError."""
        text = self._decoder.decode(piece)
        if not text:
            return
        if not self._begun:
            self._begun, text = True, text.removeprefix(BYTE_ORDER_MARK)
        if self._after_return:
            text = text.removeprefix("\n")
        self._after_return = text.endswith("\r")
        *ended, rest = LINE_END.split(text)
        for part in ended:
            self._grow(part)
            line, self._line = "".join(self._line), []
            if line:
                self._take(line)
            elif (message := self._finished()) is not None:
                yield message
        self._grow(rest)

    def _grow(self, part: str) -> None:
        """Keep a part of a line, unless the message it belongs to becomes too long."""
        self._size += len(part)
        if self._size > self._longest:
            raise OversizedMessageError(f"a message of more than {self._longest:,} characters")
        self._line.append(part)

    def _take(self, line: str) -> None:
        """Note a field; a line that begins with a colon is a comment."""
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

    def _finished(self) -> SseMessage | None:
        """The message that an empty line ends; None where it has no data. The id holds until another is told."""
        message = SseMessage(self._event or "message", "\n".join(self._data), self._id) if self._data else None
        self._data, self._event, self._size = [], "", 0
        return message
