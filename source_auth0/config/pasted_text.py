"""Values that came through a clipboard: without what surrounds them, and mistakes that show in their form."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

#: White space of every kind, and characters that nobody sees: soft hyphens, zero-width spaces and joiners, marks of
#: direction, byte order marks.
SURROUNDING = re.compile(r"^[\s\u00ad\u200b-\u200f\u2060\ufeff]+|[\s\u00ad\u200b-\u200f\u2060\ufeff]+$")
BEARER = re.compile(r"^bearer\s+", re.IGNORECASE)
QUOTATION_MARKS = frozenset("\"'`“”„«»\u2018\u2019")
#: Characters of Auth0's client ids and client secrets.
CLIENT_ID_LENGTH, CLIENT_SECRET_LENGTH = 32, 64


def trimmed(text: str) -> str:
    """A text without the white space and the invisible characters around it."""
    return SURROUNDING.sub("", text)


def bare_token(text: str) -> str:
    """An access token without what surrounds it, and without the word `Bearer` in front of it."""
    return trimmed(BEARER.sub("", trimmed(text)))


def is_quoted(text: str) -> bool:
    """Whether a text stands in quotation marks, or has one at one of its ends."""
    return len(text) > 1 and (text[0] in QUOTATION_MARKS or text[-1] in QUOTATION_MARKS)


def swapped_credentials(credentials: Mapping[str, Any]) -> Iterator[str]:
    """The error of a Client ID and a Client Secret that stand in each other's field."""
    lengths = [len(str(credentials.get(name))) for name in ("client_id", "client_secret")]
    if lengths == [CLIENT_SECRET_LENGTH, CLIENT_ID_LENGTH]:
        yield (
            "Client ID (`credentials.client_id`) and Client Secret (`credentials.client_secret`) are swapped: an id "
            f"has {CLIENT_ID_LENGTH} characters, and a secret {CLIENT_SECRET_LENGTH}. Enter each in the other's field."
        )
