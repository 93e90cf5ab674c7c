"""Whether a command's standard output consists of valid protocol messages only."""

import json

import orjson

from testing.command import CommandResult
from testing.syncs.sync_probe import is_unreadable

TYPES = {"RECORD", "STATE", "LOG", "TRACE", "CATALOG", "SPEC", "CONNECTION_STATUS", "CONTROL"}


def protocol_violation(done: CommandResult) -> str:
    """What is wrong with a command's output, or with how it failed; "" if nothing."""
    for line in done.stdout.split("\n"):
        if line and (wrong := _wrong_with(line)):
            return f"{wrong}: {line[:300]!r}"
    if done.code and not done.errors:
        return f"exit code {done.code} without an error: {done.stderr[-300:]!r}"
    return next((f"an error that says {e['message'][:500]!r}" for e in done.errors if is_unreadable(e["message"])), "")


def _wrong_with(line: str) -> str:
    """Why a strict parser rejects a line as a protocol message."""
    try:
        # A strict parser: no NaN, no lone surrogates.
        message = orjson.loads(line)
    except orjson.JSONDecodeError as why:
        try:
            json.loads(line)
        except (json.JSONDecodeError, RecursionError):
            return f"no JSON ({why})"
        return f"no strict JSON ({why})" if "depth" not in str(why) and "recursion" not in str(why).lower() else ""
    if not isinstance(message, dict) or message.get("type") not in TYPES:
        return "no message of the protocol"
    return ""
