"""What an answer holds: no more of it than fits, and JSON as Auth0 writes it."""

import re
from collections.abc import Iterator
from typing import Any

import orjson
import requests
from requests.adapters import HTTPAdapter

#: Bytes of a decoded body: a hundred rows of more than a megabyte each. A few megabytes may unpack to gigabytes.
LARGEST = 128 << 20
#: Characters of a text of Auth0's that a message to people repeats.
LONGEST = 500
#: An escaped backslash, a pair of surrogates, and half of one.
ESCAPES = re.compile(
    rb"\\\\|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(\\u[dD][89a-fA-F][0-9a-fA-F]{2})"
)


class TooLargeError(Exception):
    """A body that goes on beyond every answer that makes sense."""


class Bounded(HTTPAdapter):
    """Reads no more of a body than `LARGEST`; one that is streamed is its reader's to bound."""

    def send(self, request: requests.PreparedRequest, stream: bool = False, **options: Any) -> requests.Response:  # type: ignore[override] # noqa: FBT001, FBT002 - as HTTPAdapter has it
        """The answer; reading its body raises TooLargeError."""
        answer = super().send(request, stream=stream, **options)
        if not stream:
            answer.raw = _Counted(answer.raw)
        return answer


class _Counted:
    """The body of an answer, which is given up where it is too large."""

    def __init__(self, raw: Any) -> None:
        self._raw = raw
        self._left = LARGEST

    def stream(self, amount: int, *, decode_content: bool) -> Iterator[bytes]:
        """The decoded body, piece by piece."""
        return map(self._count, self._raw.stream(amount, decode_content=decode_content))

    def read1(self, amount: int, *, decode_content: bool) -> bytes:
        """What has come of it."""
        return self._count(self._raw.read1(amount, decode_content=decode_content))

    def _count(self, chunk: bytes) -> bytes:
        self._left -= len(chunk)
        if self._left < 0:
            self._raw.close()
            raise TooLargeError
        return chunk

    def __getattr__(self, name: str) -> Any:
        return getattr(self._raw, name)


def parsed(content: bytes) -> Any:
    """What JSON says; raises orjson.JSONDecodeError for anything else.

    Auth0 writes half of a surrogate pair as it was stored, such as a name that was cut amid an emoji. No text can hold
    it, and orjson refuses the whole page; U+FFFD takes its place.
    """
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError:
        whole, halves = ESCAPES.subn(lambda found: rb"\ufffd" if found[1] else found[0], content)
        if not halves:
            raise
        return orjson.loads(whole)


def words(value: object) -> str:
    """A text of somebody else's for a message to people: one line, and no longer than they read; "" for no text."""
    text = value[: LONGEST + 1] if isinstance(value, str) else ""
    line = "".join(character if character.isprintable() else " " for character in text).strip()
    return f"{line[:LONGEST]}…" if len(text) > LONGEST else line
