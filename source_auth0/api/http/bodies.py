"""What an answer may hold: how much of it, and JSON as Auth0 writes it."""

import re
from typing import Any

import orjson
from airbyte_cdk.utils.airbyte_secrets_utils import filter_secrets

#: Bytes of a decoded body: a hundred rows of more than a megabyte each. A few megabytes may unpack to gigabytes.
MAX_BODY_BYTES = 128 << 20
#: Characters of a text of Auth0's that a message to people repeats.
MAX_EXCERPT_LENGTH = 500
#: An escaped backslash, a pair of surrogates, and half of one.
SURROGATE_ESCAPES = re.compile(
    rb"\\\\|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(\\u[dD][89a-fA-F][0-9a-fA-F]{2})"
)


class BodyTooLargeError(Exception):
    """A body that goes on beyond every answer that makes sense."""


def parse_json(content: bytes) -> Any:
    """What JSON says; raises orjson.JSONDecodeError for anything else.

    Auth0 writes half of a surrogate pair as it was stored, such as a name that was cut amid an emoji. No text can hold
    it, and orjson refuses the whole page; U+FFFD takes its place.
    """
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError:
        whole, halves = SURROGATE_ESCAPES.subn(lambda found: rb"\ufffd" if found[1] else found[0], content)
        if not halves:
            raise
        return orjson.loads(whole)


def excerpt(value: object) -> str:
    """A text of somebody else's for a message to people: one line, and no longer than they read; "" for no text.

    It may repeat what it was sent, and half of a secret would be known to nobody as one: they are masked ahead.
    """
    text = filter_secrets(value) if isinstance(value, str) else ""
    line = "".join(character if character.isprintable() else " " for character in text[:MAX_EXCERPT_LENGTH]).strip()
    return f"{line}…" if len(text) > MAX_EXCERPT_LENGTH else line
