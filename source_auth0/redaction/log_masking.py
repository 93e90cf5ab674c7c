"""What is printed instead of secrets: those that are known, in every form, and what people typed in their place."""

import base64
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import quote, quote_plus

from airbyte_cdk.utils.airbyte_secrets_utils import add_to_secrets

from source_auth0.redaction.secret_fields import is_secret_name

MASK = "****"
#: Shorter texts are words that other words hold.
MIN_SECRET_LENGTH = 8
#: No word or name is so long: Auth0's secrets have 64 such characters, its tokens and keys more.
SECRET_LIKE = re.compile(r"[A-Za-z0-9+/_=~-]{32,}")
#: The pieces of a key or a token that survive where its line breaks do not.
SECRET_FRAGMENT = re.compile(r"[A-Za-z0-9+/_=~.-]{16,}")
#: What people type into a field of one line.
MAX_QUOTED_LENGTH = 100


def register_secrets(secrets: Iterable[object]) -> None:
    """Have the framework mask these in all log lines and errors, in every form that they may be written in."""
    for form in sorted({form for secret in secrets for form in _encodings(str(secret))}, key=len, reverse=True):
        add_to_secrets(form)


def config_secrets(config: Mapping[str, Any]) -> Iterator[str]:
    """The secrets of a config, whatever else is wrong with it."""
    credentials = config.get("credentials")
    if isinstance(credentials, Mapping):
        yield from (value for name, value in credentials.items() if is_secret_name(name) and isinstance(value, str))


def quote_input(value: object) -> str:
    """What a person typed, for a message to that person; what looks like a secret in the wrong field is masked."""
    text = str(value)
    if isinstance(value, (dict, list)) or len(text) > MAX_QUOTED_LENGTH or not text.isprintable() or "-----" in text:
        return MASK
    return mask_secret_like(text)


def mask_secret_like(text: str) -> str:
    """A text without what looks like a secret."""
    return SECRET_LIKE.sub(MASK, text)


def _encodings(secret: str) -> Iterator[str]:
    bare = secret.strip().removeprefix("Bearer ").strip()
    if len(bare) < MIN_SECRET_LENGTH:
        return
    encoded = bare.encode(errors="surrogatepass")
    yield from (secret, bare, json.dumps(bare)[1:-1], repr(bare)[1:-1], quote(encoded, safe=""), quote_plus(encoded))
    yield base64.b64encode(encoded).decode()
    yield from SECRET_FRAGMENT.findall(bare.replace("\\n", "\n").replace("\\r", "\n"))
