"""Masks secrets in log lines and errors: known ones in every encoding, and secret-like input in the wrong field."""

import base64
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import quote, quote_plus

from airbyte_cdk.utils.airbyte_secrets_utils import add_to_secrets

from source_auth0.redaction.secret_names import is_secret_name

MASK = "****"
#: Masking a shorter text would mask parts of ordinary words.
MIN_SECRET_LENGTH = 8
#: Longer than any word or name: Auth0's secrets have 64 such characters, its tokens and keys more.
SECRET_LIKE = re.compile(r"[A-Za-z0-9+/_=~-]{32,}")
#: Parts of a key or a token that remain recognizable where its line breaks are lost.
SECRET_FRAGMENT = re.compile(r"[A-Za-z0-9+/_=~.-]{16,}")
#: Characters of a value that a message quotes; people type no more into a field of one line.
MAX_QUOTED_LENGTH = 100


def register_secrets(secrets: Iterable[object]) -> None:
    """Have the framework mask secrets in all log lines and errors, in every encoding that may occur there."""
    for text in sorted({text for secret in secrets for text in _encodings(str(secret))}, key=len, reverse=True):
        add_to_secrets(text)


def config_secrets(config: Mapping[str, Any]) -> Iterator[str]:
    """The secrets in a config, which need not be valid."""
    credentials = config.get("credentials")
    if isinstance(credentials, Mapping):
        yield from (value for name, value in credentials.items() if is_secret_name(name) and isinstance(value, str))


def quote_input(value: object) -> str:
    """A user's input for a message to that user; a secret-like text in the wrong field is masked."""
    text = str(value)
    if isinstance(value, (dict, list)) or len(text) > MAX_QUOTED_LENGTH or not text.isprintable() or "-----" in text:
        return MASK
    return mask_secret_like(text)


def mask_secret_like(text: str) -> str:
    """A text with everything secret-like masked."""
    return SECRET_LIKE.sub(MASK, text)


def _encodings(secret: str) -> Iterator[str]:
    bare = secret.strip().removeprefix("Bearer ").strip()
    if len(bare) < MIN_SECRET_LENGTH:
        return
    encoded = bare.encode(errors="surrogatepass")
    yield from (secret, bare, json.dumps(bare)[1:-1], repr(bare)[1:-1], quote(encoded, safe=""), quote_plus(encoded))
    yield base64.b64encode(encoded).decode()
    yield from SECRET_FRAGMENT.findall(bare.replace("\\n", "\n").replace("\\r", "\n"))
