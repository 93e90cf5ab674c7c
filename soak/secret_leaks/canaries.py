"""Planted secrets (canaries), and the search for them in output in any encoding."""

import base64
import json
import re
from collections.abc import Iterable, Iterator
from functools import cache
from urllib.parse import quote, quote_plus

#: The parts of a secret that are searched for: each line of a key, each of the three segments of a token.
PART = re.compile(r"[A-Za-z0-9+/_=-]{16,}")
#: The prefix of every secret in the simulated tenant's rows.
SEEDED = "SECRET-"


class Canaries:
    """Named secrets; a match is reported by name, never by value."""

    def __init__(self, **secrets: str) -> None:
        self._forms: dict[str, tuple[bytes, ...]] = {"secret of a row": tuple(_encodings(SEEDED))}
        for name, secret in secrets.items():
            self.plant(name, secret)

    def plant(self, name: str, secret: str) -> None:
        """Add a secret to search for."""
        self._forms[name] = (*self._forms.get(name, ()), *forms(secret))

    def found_in(self, data: bytes, excluding: Iterable[str] = ()) -> list[str]:
        """The names of the secrets of which the data contains a part."""
        lowered = data.lower()
        return [
            name
            for name, encodings in self._forms.items()
            if name not in excluding and any(form in (lowered if form.islower() else data) for form in encodings)
        ]


@cache
def forms(secret: str) -> tuple[bytes, ...]:
    """A secret, whole and in parts, in clear, in lower case, and encoded as JSON, URL, hexadecimal and base64."""
    parts = PART.findall(secret) or [secret]
    found = {form for part in parts for form in _encodings(part)}
    return tuple(sorted(found | {form for form in _escaped(secret) if len(form) >= len(SEEDED)}))


def _escaped(text: str) -> Iterator[bytes]:
    for form in (text, json.dumps(text)[1:-1], repr(text)[1:-1], quote(text, safe=""), quote_plus(text)):
        yield form.encode()


def _encodings(part: str) -> Iterator[bytes]:
    raw = part.encode()
    yield from _escaped(part)
    yield from (raw.hex().encode(), raw.hex().upper().encode())
    if len(part) > len(SEEDED) and any(map(str.isalpha, part)):
        # Host names come back in lower case.
        yield part.lower().encode()
    for alignment in range(3):
        padded = base64.b64encode(b"\0" * alignment + raw).rstrip(b"=")
        # The characters at both ends depend on the bytes next to the secret.
        inner = padded[alignment and alignment + 1 : -1]
        yield from (inner, inner.replace(b"+", b"-").replace(b"/", b"_"))
