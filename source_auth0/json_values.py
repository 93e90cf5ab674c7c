"""JSON that orjson does not read or write as it is: whole numbers of any size, and values nested to any depth.

orjson reads whole numbers beyond 64 bits as floats, which changes their digits: 115912345678901234567 is a user's id at
Google. It reads 1,024 levels and writes 254.
"""

import json
import math
from collections.abc import Iterator
from json.decoder import scanstring  # type: ignore[attr-defined] # documented nowhere, and in CPython ever since 2.6
from typing import Any, NoReturn

import orjson

#: The range of whole numbers that destinations have room for.
MIN_INTEGER, MAX_INTEGER = -(2**63), 2**63 - 1
#: Digits of a whole number that may be outside that range.
LONG_NUMBER_DIGITS = 19
#: Maps digits to `0`, and what may stand before a number to `:`; a number is then found by its beginning.
DIGITS_AND_DELIMITERS = bytes.maketrans(b"123456789,[-\t\n\r ", b"000000000" + b":" * 7)
LONG_NUMBER = b":" + b"0" * LONG_NUMBER_DIGITS
WHITE_SPACE = " \t\r\n"


def has_long_number(content: bytes) -> bool:
    """Whether JSON has a number of 19 digits or more; now and then true where such digits stand inside of a text.

    Parsing first does not save it: a float that was a whole number is only found by looking at every value, which takes
    as long. By processor time, a user of 1,080 bytes takes a regular expression for the same 10 µs, the search for runs
    of digits with a look at what is before each 1.8 µs, this 1.1 µs; `find` in the place of `rfind` 0.15 µs more,
    since it begins with a needle's last byte, which is a digit as so many are.
    """
    digits = content.translate(DIGITS_AND_DELIMITERS)
    # Nothing stands before a number that is all there is.
    return digits.rfind(LONG_NUMBER) >= 0 or digits.startswith(LONG_NUMBER[1:])


def loads_exactly(content: bytes) -> Any:
    """Parse JSON of any depth; whole numbers outside signed 64 bits become text, digit by digit.

    So do numbers that are infinite as a float. Raises orjson.JSONDecodeError for anything but JSON.
    """
    try:
        text = content.decode()
        try:
            return json.loads(text, parse_int=_integer, parse_float=_float, parse_constant=_refuse)
        except RecursionError:
            return _Parser(text).document()
    except UnicodeDecodeError as error:
        raise orjson.JSONDecodeError(str(error), "", 0) from None
    except json.JSONDecodeError as error:
        raise orjson.JSONDecodeError(error.msg, error.doc, error.pos) from None


def loads(content: bytes) -> Any:
    """Parse what `dumps` wrote."""
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError:
        return loads_exactly(content)


def dumps(value: Any) -> bytes:
    """Serialize a JSON value of any depth."""
    try:
        return orjson.dumps(value)
    except orjson.JSONEncodeError:
        return b"".join(_pieces(value))


def objects_in(value: Any) -> Iterator[dict[str, Any]]:
    """The objects in a value at any depth, an outer one first; no recursion, as they may be deeper than calls."""
    pending = [value]
    while pending:
        value = pending.pop()
        if isinstance(value, dict):
            yield value
            # What the caller has removed is not looked at.
            pending += [child for child in reversed(value.values()) if isinstance(child, (dict, list))]
        elif isinstance(value, list):
            pending += reversed(value)


def _pieces(value: Any) -> list[bytes]:
    """The JSON of a value without recursion; on the stack, `bytes` are JSON already, since no value is."""
    pieces: list[bytes] = []
    stack = [value]
    while stack:
        item = stack.pop()
        if isinstance(item, bytes):
            pieces.append(item)
        elif isinstance(item, dict):
            stack.append(b"}")
            for number, (key, child) in reversed(list(enumerate(item.items()))):
                stack += [child, b"%b%b:" % (b"," if number else b"{", orjson.dumps(key))]
            stack += [] if item else [b"{"]
        elif isinstance(item, list):
            stack.append(b"]")
            for number, child in reversed(list(enumerate(item))):
                stack += [child, b"," if number else b"["]
            stack += [] if item else [b"["]
        else:
            pieces.append(orjson.dumps(item))
    return pieces


def _integer(digits: str) -> int | str:
    if len(digits) < LONG_NUMBER_DIGITS:
        return int(digits)
    # Python parses no number of more than 4,300 digits.
    is_short = len(digits) <= LONG_NUMBER_DIGITS + 1
    return number if is_short and MIN_INTEGER <= (number := int(digits)) <= MAX_INTEGER else digits


def _float(digits: str) -> float | str:
    number = float(digits)
    return digits if math.isinf(number) else number


def _refuse(name: str) -> NoReturn:
    raise json.JSONDecodeError(f"{name} is no JSON", name, 0)


class _Parser:
    """Parses JSON without recursion: Python's own parser ends at about a thousand levels."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._scalar = json.JSONDecoder(parse_int=_integer, parse_float=_float, parse_constant=_refuse)

    def document(self) -> Any:
        """The one value of the text."""
        root: list[Any] = []
        #: The containers that are open, each with the key that its next value belongs to; a list needs none.
        stack: list[tuple[Any, str]] = [(root, "")]
        while stack:
            container, key = stack.pop()
            value = self._opened() if self._peek() in {"{", "["} else self._plain()
            if isinstance(container, list):
                container.append(value)
            else:
                container[key] = value
            stack.append((container, ""))
            if isinstance(value, (dict, list)) and not self._closes(value):
                stack.append((value, self._key(value)))
                continue
            self._close_or_go_on(stack)
        return root[0]

    def _close_or_go_on(self, stack: list[tuple[Any, str]]) -> None:
        """After a value: close the containers that end here; at a comma, have the next value of the last one due."""
        while len(stack) > 1:
            container, _ = stack[-1]
            if self._closes(container):
                stack.pop()
                continue
            self._take(",")
            stack[-1] = (container, self._key(container))
            return
        stack.pop()
        if self._peek():
            self._fail("nothing")

    def _opened(self) -> Any:
        self._at += 1
        return {} if self._text[self._at - 1] == "{" else []

    def _closes(self, container: Any) -> bool:
        """Whether a container ends here; if so, go on behind it."""
        is_end = self._peek() == ("}" if isinstance(container, dict) else "]")
        self._at += is_end
        return is_end

    def _key(self, container: Any) -> str:
        """The key that stands before the next value of an object; "" for a list."""
        if isinstance(container, list):
            return ""
        self._take('"')
        key, self._at = scanstring(self._text, self._at)
        self._take(":")
        return str(key)

    def _plain(self) -> Any:
        """A value that is no container."""
        value, self._at = self._scalar.raw_decode(self._text, self._at)
        return value

    def _take(self, character: str) -> None:
        if self._peek() != character:
            self._fail(character)
        self._at += 1

    def _peek(self) -> str:
        """The next character that is no white space; "" at the end."""
        while self._text[self._at : self._at + 1] in {*WHITE_SPACE}:
            self._at += 1
        return self._text[self._at : self._at + 1]

    def _fail(self, expected: str) -> NoReturn:
        raise json.JSONDecodeError(f"{expected} expected", self._text, self._at)
