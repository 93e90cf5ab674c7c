"""Response bodies: their size limit, JSON as Auth0 writes it, and excerpts for messages."""

import contextlib
import re
import threading
from collections.abc import Iterator
from time import monotonic  # by name, so that a test's fast clock does not apply: an answer takes real seconds
from typing import Any

import orjson
from airbyte_cdk.utils.airbyte_secrets_utils import filter_secrets

from source_auth0.json_values import has_long_number, loads_exactly

#: Limit of a decoded body: a hundred rows of over half a megabyte each. A few megabytes may decompress to gigabytes,
#: and a text takes four times its size where it has an emoji.
MAX_BODY_BYTES = 64 << 20
#: Bodies from this size on are read, parsed and handed on one at a time.
LARGE_BODY_BYTES = 4 << 20
#: Seconds to wait for that, while the socket's deadline runs.
MAX_TURN_SECONDS = 60.0
#: Seconds for which the rows of a large body may be on their way to the output before another is read beside them:
#: memory is no reason to fail a stream when a destination takes its time, and an answer that waits has a deadline. How
#: often that is looked at.
MAX_HANDING_ON_SECONDS, TURN_CHECK_SECONDS = 45.0, 1.0
#: Limit of what the values of a body take once they are parsed, strings' own characters not counted: a hundred rows of
#: ten thousand values each. Three bytes such as `{},` take seventy.
MAX_PARSED_BYTES = 100 << 20
#: What CPython takes for an object with a member, and for any other value with its place in a list or object, in bytes.
OBJECT_BYTES, VALUE_BYTES = 200, 72
#: A body below this size cannot take more than a tenth of the limit, and is not counted.
MIN_COUNTED_BYTES = 256 << 10
#: The part of a body that is split at its quotation marks at a time.
SLICE_BYTES = 1 << 16
#: Characters of Auth0's text that a message to people repeats.
MAX_EXCERPT_LENGTH = 500
#: An escaped backslash, a surrogate pair, or (in the group) a lone surrogate.
SURROGATE_ESCAPES = re.compile(
    rb"\\\\|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(\\u[dD][89a-fA-F][0-9a-fA-F]{2})"
)


class BodyTooLargeError(Exception):
    """A decoded body over `MAX_BODY_BYTES`, or one whose values would take more than `MAX_PARSED_BYTES`."""


class _Turn:
    """The turn of one thread's block to have a large body in memory; whoever leaves the block gives it back."""

    #: The only large body: held from its reading on, until its rows are handed on.
    lock = threading.Lock()
    #: Since when the rows of that body are handed on, on the monotonic clock; None while it is read or parsed.
    handed_on_since: float | None = None

    def __init__(self) -> None:
        self.is_held = self.is_over = False

    def take(self) -> None:
        """Wait for the turn; goes on without it where the output takes the rows of another body too slowly."""
        deadline = monotonic() + MAX_TURN_SECONDS
        while not self.is_held and monotonic() < deadline:
            self.is_held = self.lock.acquire(timeout=min(MAX_TURN_SECONDS, TURN_CHECK_SECONDS))
            since = _Turn.handed_on_since
            if not self.is_held and since is not None and monotonic() - since > MAX_HANDING_ON_SECONDS:
                return
        if not self.is_held:
            raise TimeoutError("other answers are too large")
        _Turn.handed_on_since = None

    def give_back(self) -> None:
        """Let another thread have its turn."""
        if self.is_held:
            self.is_held, _Turn.handed_on_since = False, None
            self.lock.release()


#: The turn of the block that the current thread is in, if any.
_current = threading.local()


@contextlib.contextmanager
def one_large_body() -> Iterator[None]:
    """Within the block, what this thread reads from `LARGE_BODY_BYTES` on is the only such body in memory.

    In a block within a block it is so to the end of the outer one, or to the next block in that: then the thread
    asks for something else.
    """
    outer: _Turn | None = getattr(_current, "turn", None)
    if outer is not None and not outer.is_over:
        outer.give_back()
        yield
        return
    turn = _current.turn = _Turn()
    try:
        yield
    finally:
        # A generator may be closed by another thread.
        turn.is_over = True
        turn.give_back()


def wait_for_large_body() -> None:
    """Wait until no other thread has a large body; raises TimeoutError after a minute. Once a block is enough."""
    turn: _Turn | None = getattr(_current, "turn", None)
    if turn is not None and not turn.is_over and not turn.is_held:
        turn.take()


def hand_on_large_body() -> None:
    """Say that the rows of this thread's large body, if it has one, are ready for the output, which may be slow."""
    turn: _Turn | None = getattr(_current, "turn", None)
    if turn is not None and turn.is_held:
        _Turn.handed_on_since = monotonic()


def give_up_large_body() -> None:
    """Let others have their turn, before this thread waits for what they may have to read first."""
    turn: _Turn | None = getattr(_current, "turn", None)
    if turn is not None:
        turn.give_back()


def parse_json(content: bytes) -> Any:
    """Parse JSON; raises orjson.JSONDecodeError for anything else, and BodyTooLargeError for too many values.

    Whole numbers outside signed 64 bits become text, digit by digit, and values may be nested to any depth.
    Auth0 sends lone surrogates as they were stored, such as in a name that was cut amid an emoji. They are not valid
    Unicode, and orjson rejects the whole page; U+FFFD replaces them.
    """
    # What strings hold is left out of the count only where it would tip the scales: it takes longer than to parse.
    is_dense = len(content) >= MIN_COUNTED_BYTES and _parsed_bytes(content) > MAX_PARSED_BYTES
    if is_dense and sum(map(_parsed_bytes, _outside_strings(content))) > MAX_PARSED_BYTES:
        raise BodyTooLargeError
    if not has_long_number(content):
        with contextlib.suppress(orjson.JSONDecodeError):
            return orjson.loads(content)
    repaired = SURROGATE_ESCAPES.sub(lambda match: rb"\ufffd" if match[1] else match[0], content)
    return loads_exactly(repaired)


def _parsed_bytes(content: bytes) -> int:
    """The most that the values of a body take, by the characters that each of them needs."""
    return OBJECT_BYTES * content.count(b"{") + VALUE_BYTES * (content.count(b"[") + content.count(b","))


def _outside_strings(content: bytes) -> Iterator[bytes]:
    """The parts of a body that are no strings."""
    # Without escapes, a quotation mark begins or ends a string.
    bare, inside = content.replace(b"\\\\", b"").replace(b'\\"', b""), False
    for start in range(0, len(bare), SLICE_BYTES):
        parts = bare[start : start + SLICE_BYTES].split(b'"')
        yield b"".join(parts[inside::2])
        inside ^= len(parts) % 2 == 0


def excerpt(value: object) -> str:
    """One line of foreign text for a message to people, at most `MAX_EXCERPT_LENGTH` long; "" for anything else.

    The text may repeat what was sent. Secrets are masked before it is cut, since half of one would match no mask.
    """
    text = filter_secrets(value) if isinstance(value, str) else ""
    line = "".join(character if character.isprintable() else " " for character in text[:MAX_EXCERPT_LENGTH]).strip()
    return f"{line}…" if len(text) > MAX_EXCERPT_LENGTH else line


def json_type(value: object) -> str:
    """The JSON type of a value, for a message to people: "null", "an object"."""
    names = {bool: "a boolean", str: "a text", list: "an array", dict: "an object"}
    return "null" if value is None else names.get(type(value), "a number")
