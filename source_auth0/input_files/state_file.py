"""The file of `--state`: where the last sync ended, in every form in which it was ever written down."""

import json
import logging
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from typing import Any, BinaryIO

from airbyte_cdk.models import (
    AirbyteStateBlob,
    AirbyteStateMessage,
    AirbyteStateType,
    AirbyteStreamState,
    StreamDescriptor,
)

from source_auth0.errors import config_error
from source_auth0.input_files.json_files import EXPECTED, decoded, open_file, parsed, shown_path
from source_auth0.manifest.files import stream_files
from source_auth0.redaction.log_masking import quote_input
from source_auth0.spelling import did_you_mean

LOGGER = logging.getLogger("airbyte.source_auth0")
KIND = "state"
#: Types of Airbyte messages, by which the output of a sync is known from its first line on.
MESSAGE_TYPES = frozenset({"LOG", "TRACE", "STATE", "RECORD", "CONTROL", "SPEC", "CATALOG", "CONNECTION_STATUS"})


def read_state(path: str | None) -> list[AirbyteStateMessage]:
    """The state of each stream in a file, the last where there are several; empty without a file.

    It takes what the platform hands over (a list of `STREAM` states, perhaps with a `LEGACY` one), the object of stream
    to state that version 0.1 saved, and the output of a sync as it is. Raises a config error for anything else.
    """
    if not path:
        return []
    with open_file(path, KIND) as file:
        beginning, is_output = _beginning(file)
        content = (
            _messages(beginning, file)
            if is_output
            else parsed(decoded(beginning + file.read(), path, KIND), path, KIND)
        )
    states: dict[str, AirbyteStateMessage] = {}
    try:
        for name, saved in _stream_states(content):
            states[name] = _state_message(name, saved)
    except (KeyError, TypeError, ValueError, AttributeError):
        raise config_error(
            f"The file {shown_path(path)} (`--state`) does not hold a state in Airbyte's form. {EXPECTED[KIND]}"
        ) from None
    if is_output and not states:
        raise config_error(
            f"The file {shown_path(path)} (`--state`) is the output of a command that saved no state: it has no "
            "`STATE` message. Take the output of a `read` that came further, or leave `--state` out to read from the "
            "start."
        )
    _warn_of_unknown(states)
    return list(states.values())


def _beginning(file: BinaryIO) -> tuple[bytes, bool]:
    """What was read of a file to tell whether it is a command's output: its first line of JSON is a message then."""
    beginning = b""
    for line in file:
        beginning += line
        if line.lstrip(b"\xef\xbb\xbf \t\r\n").startswith((b"{", b"[")):
            message = _message(line)
            return beginning, message is not None and (message["type"] != "STATE" or "state" in message)
    return beginning, False


def _messages(beginning: bytes, file: BinaryIO) -> list[Any]:
    """The state messages among the rest of a sync's output, whose rows may be many and whose last line cut off."""
    messages = [_message(line) for line in chain(beginning.splitlines(), file) if b'"STATE"' in line]
    return [message for message in messages if message and message["type"] == "STATE"]


def _message(line: bytes) -> dict[str, Any] | None:
    """The Airbyte message on a line; None where it is something else."""
    try:
        message = json.loads(line.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        return None
    return message if isinstance(message, dict) and message.get("type") in MESSAGE_TYPES else None


def _warn_of_unknown(states: Iterable[str]) -> None:
    known = stream_files()
    for name in states:
        if name not in known:
            LOGGER.warning(
                f"The saved state has a stream `{quote_input(name)}`, which this connector does not have, so that it "
                f"has no effect.{did_you_mean(name, known)}"
            )


def _stream_states(content: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """(stream, state) for each state in a file's content; raises for what none is made of."""
    if content is None:
        return
    if isinstance(content, dict) and not _is_state(content):
        yield from content.items()
        return
    for item in [content] if isinstance(content, dict) else content:
        state = item["state"] if item.get("type") == "STATE" else item
        kind = state.get("type") or ("STREAM" if "stream" in state else "LEGACY")
        if kind == "STREAM":
            yield state["stream"]["stream_descriptor"]["name"], state["stream"].get("stream_state") or {}
        elif kind == "LEGACY":
            yield from (state["data"] or {}).items()
        else:
            raise ValueError


def _is_state(content: Mapping[str, Any]) -> bool:
    """Whether an object is one state (or its message) rather than version 0.1's object of stream to state."""
    return isinstance(content.get("type"), str)


def _state_message(name: str, saved: Mapping[str, Any] | None) -> AirbyteStateMessage:
    if not name:
        raise TypeError
    values = dict(saved or {})
    # Nulls alone are what a stream that has saved nothing has.
    known = values if any(value is not None for value in values.values()) else {}
    return AirbyteStateMessage(
        type=AirbyteStateType.STREAM,
        stream=AirbyteStreamState(
            # No namespace: this connector has none, and some write it as an empty text, which matches no stream.
            stream_descriptor=StreamDescriptor(name=name),
            stream_state=AirbyteStateBlob(known),
        ),
    )
