"""Text and JSON of a file that a person may have edited: encodings, and where the JSON breaks off."""

import codecs
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import orjson
from airbyte_cdk.utils.traced_exception import AirbyteTracedException

from source_auth0.errors import config_error
from source_auth0.redaction.log_masking import MASK

#: Byte order marks of encodings that are not read, and their names.
FOREIGN_MARKS = ((codecs.BOM_UTF32_LE, "UTF-32"), (codecs.BOM_UTF16_LE, "UTF-16"), (codecs.BOM_UTF16_BE, "UTF-16"))
#: Beginnings of the parser's messages, and what they mean; the first that fits.
MISTAKES = (
    ("Expecting property name", "a name in double quotation marks is expected; is there a comma too many before it?"),
    ("Illegal trailing comma", "there is a comma too many"),
    ("Expecting ',' delimiter", "a comma or a closing bracket is expected"),
    ("Expecting ':' delimiter", "a colon is expected behind the name"),
    ("Expecting value", "a value is expected: a text in double quotation marks, a number, a list or an object"),
    ("Unterminated string", "a text begins that has no closing quotation mark"),
    ("Invalid control character", "a text has a line break or a tab, which is written `\\n` or `\\t` there"),
    ("Invalid \\", "a text has a backslash, which is written twice there"),
    ("Extra data", "something follows behind the end"),
)


def shown_path(path: str) -> str:
    """The path of a file for a message; some hand over the JSON itself, secrets and all."""
    return MASK if "{" in path or "\n" in path else path


def read_text(path: str, kind: str) -> str:
    """The text of a file; raises a config error that says why there is none. `kind` is config, catalog or state."""
    with open_file(path, kind) as file:
        return decoded(file.read(), path, kind)


@contextmanager
def open_file(path: str, kind: str) -> Iterator[BinaryIO]:
    """An open file, which may be a pipe; raises a config error that says why it cannot be read."""
    try:
        with Path(path).open("rb") as file:
            yield file
    except (OSError, ValueError) as error:
        raise _unreadable(path, kind, error) from None


def decoded(content: bytes, path: str, kind: str) -> str:
    """The text of a file's bytes, without a byte order mark; raises a config error for other encodings than UTF-8."""
    named = f"The file {shown_path(path)} (`--{kind}`)"
    encoding = next((name for mark, name in FOREIGN_MARKS if content.startswith(mark)), None)
    if encoding or b"\0" in content[:200]:
        raise config_error(
            f"{named} is encoded in {encoding or 'UTF-16'}, as Windows PowerShell writes files. Save it as UTF-8: "
            "`… | Out-File -Encoding utf8`, or in an editor by Save As."
        )
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise config_error(f"{named} is no text in UTF-8: see line {line}. Save it as UTF-8.") from None
    if not text.strip():
        raise config_error(f"{named} is empty. {EXPECTED[kind]}")
    return text


def parsed(text: str, path: str, kind: str) -> Any:
    """The JSON of a text; raises a config error with the line and the column at which it breaks off."""
    try:
        content = json.loads(text)
        orjson.dumps(content)  # raises for more levels than any state has, which the framework copies level by level
    except json.JSONDecodeError as error:
        raise _broken(error, path, kind) from None
    except (RecursionError, TypeError, ValueError):
        raise config_error(
            f"The file {shown_path(path)} (`--{kind}`) has brackets in brackets, deeper than any {kind} has. "
            f"{EXPECTED[kind]}"
        ) from None
    return content


#: What each kind of file holds, and where an example is.
EXPECTED = {
    "config": "A config is an object such as the one in docs/example/config.json.",
    "catalog": (
        "A configured catalog is what `source-auth0 catalog --streams users,logs` prints, such as "
        "docs/example/catalog.json."
    ),
    "state": "A state is the output of an earlier `read`, as it is, or a list of its last states.",
}


def _broken(error: json.JSONDecodeError, path: str, kind: str) -> AirbyteTracedException:
    meaning = next((meaning for begin, meaning in MISTAKES if error.msg.startswith(begin)), "the JSON is malformed")
    return config_error(
        f"The file {shown_path(path)} (`--{kind}`) is no JSON: see line {error.lineno}, column {error.colno}, where "
        f"{meaning}."
    )


def _unreadable(path: str, kind: str, error: Exception) -> AirbyteTracedException:
    if shown_path(path) == MASK:
        advice = f"`--{kind}` takes the path of a file, and not the JSON itself: write it into a file."
    elif isinstance(error, FileNotFoundError):
        advice = f"Check the path behind `--{kind}`; it is relative to the folder in which the command runs."
    elif isinstance(error, PermissionError):
        advice = f"Allow this user to read it, or name another file behind `--{kind}`."
    else:
        advice = f"Name the {kind}'s file behind `--{kind}`."
    reason = getattr(error, "strerror", None) or "the path is malformed"
    return config_error(f"The file {shown_path(path)} cannot be read: {reason}. {advice}")
