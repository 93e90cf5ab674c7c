"""Secrets that were planted, and the search for them in whatever form they may have come out."""

import base64
import json
import re
from collections.abc import Iterable, Iterator
from functools import cache
from urllib.parse import quote, quote_plus

#: The pieces of a secret that are looked for: a key has one a line, a token three.
PIECE = re.compile(r"[A-Za-z0-9+/_=-]{16,}")
#: All that the simulated tenant marks as secret in its rows begins with this.
SEEDED = "SECRET-"


class Canaries:
    """Named secrets; what is found is told by name, and never shown."""

    def __init__(self, **secrets: str) -> None:
        self._forms: dict[str, tuple[bytes, ...]] = {"secret of a row": tuple(_encodings(SEEDED))}
        for name, secret in secrets.items():
            self.plant(name, secret)

    def plant(self, name: str, secret: str) -> None:
        """Look for another secret from now on."""
        self._forms[name] = (*self._forms.get(name, ()), *forms(secret))

    def found_in(self, data: bytes, but: Iterable[str] = ()) -> list[str]:
        """The names of the secrets of which a piece is in the data."""
        lowered = data.lower()
        return [
            name
            for name, known in self._forms.items()
            if name not in but and any(form in (lowered if form.islower() else data) for form in known)
        ]


@cache
def forms(secret: str) -> tuple[bytes, ...]:
    """A secret in clear, in lower case, and as JSON, URLs, hexadecimals and base64 have it, whole and in pieces."""
    pieces = PIECE.findall(secret) or [secret]
    found = {form for piece in pieces for form in _encodings(piece)}
    return tuple(sorted(found | {form for form in _escaped(secret) if len(form) >= len(SEEDED)}))


def _escaped(text: str) -> Iterator[bytes]:
    for form in (text, json.dumps(text)[1:-1], repr(text)[1:-1], quote(text, safe=""), quote_plus(text)):
        yield form.encode()


def _encodings(piece: str) -> Iterator[bytes]:
    raw = piece.encode()
    yield from _escaped(piece)
    yield from (raw.hex().encode(), raw.hex().upper().encode())
    if len(piece) > len(SEEDED) and any(map(str.isalpha, piece)):
        # A host's name comes back in small letters.
        yield piece.lower().encode()
    for alignment in range(3):
        padded = base64.b64encode(b"\0" * alignment + raw).rstrip(b"=")
        # The characters at both ends depend on what stands beside the secret.
        inner = padded[alignment and alignment + 1 : -1]
        yield from (inner, inner.replace(b"+", b"-").replace(b"/", b"_"))
