"""Secrets in the parameters of URLs, whose value goes and whose name stays."""

import re

from source_auth0.redaction.hashes import hash_leaves
from source_auth0.redaction.secret_names import PROTOCOL_SECRETS, normalize_name

#: Parameters that are codes or tickets in a URL, and of which the same name elsewhere says little.
URL_PARAMETERS = PROTOCOL_SECRETS | {"code", "token"}
#: The beginning of a parameter of a URL, or of a URL that is itself a parameter and therefore encoded.
PARAMETER = re.compile(r"(?:[?&#]|%3F|%26|%23)(?:amp;)?([\w.-]{2,40}?)(?:=|%3D)", re.IGNORECASE)
#: Its value, which in an encoded URL ends where that URL's next parameter begins.
VALUE = re.compile(r"(?:[^&#\s\"'<>%]|%(?!26|23))+")


def redact_urls(text: str, *, is_hashing: bool) -> str:
    """A text in which parameters of URLs that are secrets have no value, or its hash."""
    parts, end = [], 0
    for parameter in PARAMETER.finditer(text):
        value = VALUE.match(text, parameter.end()) if normalize_name(parameter.group(1)) in URL_PARAMETERS else None
        if value and parameter.end() >= end:
            parts += [text[end : parameter.end()], hash_leaves(value.group()) if is_hashing else ""]
            end = value.end()
    return "".join([*parts, text[end:]])
