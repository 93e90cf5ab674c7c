"""A sync in this process, observed: its rows, its errors and warnings, and whether it ended at all."""

import json
import logging
import threading
import unicodedata
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import patch

from airbyte_cdk.models import TraceType, Type

from testing.in_process import SyncResult, sync

#: Phrases of the framework's and Python's own messages, which show that nobody wrote a message for an error.
UNHANDLED_ERROR_PHRASES = ("An unexpected error", "Something went wrong", "Traceback", "object at 0x", "<class ")
#: The longest message that a person still reads.
MAX_MESSAGE_CHARACTERS = 2000


@dataclass
class ProbedSync:
    """The outcome of one sync of one stream."""

    stream: str
    synced: SyncResult = field(default_factory=SyncResult)
    warnings: list[str] = field(default_factory=list)
    hung: bool = False

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The stream's rows, in the order in which they were read."""
        return self.synced.records[self.stream]

    @property
    def errors(self) -> list[Any]:
        """The errors of streams, as Airbyte shows them."""
        traces = [message.trace for message in self.synced.messages if message.type == Type.TRACE]
        return [trace.error for trace in traces if trace and trace.type == TraceType.ERROR and trace.error]

    @property
    def succeeded(self) -> bool:
        """Whether the sync ended without any error."""
        return self.synced.error is None and not self.errors

    @property
    def unclear_error(self) -> str:
        """An error or warning that does not tell a person what to do, with what is wrong about it; "" for none."""
        if self.synced.error is not None and not self.errors:
            return f"failed without an error of its stream: {self.synced.error!r}"[:500]
        for error in self.errors:
            text = str(error.message)
            # A parent stream's failure has the parent's name; the framework says which stream's sync it ends.
            if not error.stream_descriptor or is_unreadable(text):
                return f"failed with {error.message!r}, {error.internal_message!r}"[:700]
        return next((f"warned with {text[:500]!r}" for text in self.warnings if is_unreadable(text)), "")


def is_unreadable(text: str) -> bool:
    """Whether a message is too long, has control characters, or is the framework's or Python's own."""
    unreadable = any(unicodedata.category(character) in {"Cc", "Cs"} for character in text)
    return unreadable or len(text) > MAX_MESSAGE_CHARACTERS or any(phrase in text for phrase in UNHANDLED_ERROR_PHRASES)


def probe_sync(
    config: Mapping[str, Any], stream: str, saved: Mapping[str, Any] | None = None, *, seconds: float = 120
) -> ProbedSync:
    """Sync one stream from a state; a sync that has not ended after so many seconds is abandoned."""
    done = ProbedSync(stream)

    def run() -> None:
        done.synced = sync(config, stream, state=None if saved is None else [state_of(stream, saved)])

    with captured_warnings() as done.warnings:
        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        thread.join(seconds)
    done.hung = thread.is_alive()
    return done


def state_of(stream: str, saved: Mapping[str, Any]) -> dict[str, Any]:
    """A stream's state as Airbyte passes it to the connector."""
    return {"type": "STREAM", "stream": {"stream_descriptor": {"name": stream}, "stream_state": dict(saved)}}


@contextmanager
def captured_warnings() -> Iterator[list[str]]:
    """The list of the connector's warnings, filled while the block runs; no log line is printed meanwhile."""
    warnings: list[str] = []

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if record.levelno == logging.WARNING:
                warnings.append(record.getMessage())

    handlers: dict[logging.Logger, list[logging.Handler]] = {
        logging.getLogger(): [Listener()],
        logging.getLogger("airbyte"): [],
    }
    with ExitStack() as stack:
        for logger, replacement in handlers.items():
            stack.enter_context(patch.object(logger, "handlers", replacement))
        yield warnings


def shortened(value: Any) -> str:
    """A value as JSON for a message, shortened."""
    try:
        return json.dumps(value)[:400]
    except (ValueError, TypeError, RecursionError):
        return f"a {type(value).__name__} that JSON cannot hold"
