"""Response bodies: their size limit, JSON as Auth0 writes it, and excerpts for messages."""

import re
from typing import Any

import orjson
from airbyte_cdk.utils.airbyte_secrets_utils import filter_secrets

#: Limit of a decoded body: a hundred rows of over a megabyte each. A few megabytes may decompress to gigabytes.
MAX_BODY_BYTES = 128 << 20
#: Characters of Auth0's text that a message to people repeats.
MAX_EXCERPT_LENGTH = 500
#: An escaped backslash, a surrogate pair, or (in the group) a lone surrogate.
SURROGATE_ESCAPES = re.compile(
    rb"\\\\|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(\\u[dD][89a-fA-F][0-9a-fA-F]{2})"
)


class BodyTooLargeError(Exception):
    """A decoded body over `MAX_BODY_BYTES`."""


def parse_json(content: bytes) -> Any:
    """Parse JSON; raises orjson.JSONDecodeError for anything else.

    Auth0 sends lone surrogates as they were stored, such as in a name that was cut amid an emoji. They are not valid
    Unicode, and orjson rejects the whole page; U+FFFD replaces them.
    """
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError:
        repaired, escapes = SURROGATE_ESCAPES.subn(lambda match: rb"\ufffd" if match[1] else match[0], content)
        if not escapes:
            raise
        return orjson.loads(repaired)


def excerpt(value: object) -> str:
    """One line of foreign text for a message to people, at most `MAX_EXCERPT_LENGTH` long; "" for anything else.

    The text may repeat what was sent. Secrets are masked before it is cut, since half of one would match no mask.
    """
    text = filter_secrets(value) if isinstance(value, str) else ""
    line = "".join(character if character.isprintable() else " " for character in text[:MAX_EXCERPT_LENGTH]).strip()
    return f"{line}…" if len(text) > MAX_EXCERPT_LENGTH else line
