"""One sync in this process, seen through: its rows, its errors and warnings, and whether it came to an end at all."""

import json
import logging
import threading
import unicodedata
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from airbyte_cdk.models import TraceType, Type

from integration_tests.in_process import Synced, sync

#: What the framework, or Python, says of an error that nobody wrote a sentence for.
SPEECHLESS = ("An unexpected error", "Something went wrong", "Traceback", "object at 0x", "<class ")
#: Characters of a message that somebody may still read.
READABLE = 2000


@dataclass
class Witnessed:
    """What one sync of one stream came to."""

    stream: str
    synced: Synced = field(default_factory=Synced)
    warnings: list[str] = field(default_factory=list)
    hung: bool = False

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The stream's rows, in order."""
        return self.synced.records[self.stream]

    @property
    def errors(self) -> list[Any]:
        """The errors of streams, as Airbyte shows them."""
        traces = [message.trace for message in self.synced.messages if message.type == Type.TRACE]
        return [trace.error for trace in traces if trace.type == TraceType.ERROR and trace.error]

    @property
    def ended_well(self) -> bool:
        """Whether nothing says that it did not."""
        return self.synced.error is None and not self.errors

    @property
    def speechless(self) -> str:
        """What is wrong with how it failed, or with its warnings; "" where a person can tell what to do."""
        if self.synced.error is not None and not self.errors:
            return f"failed without an error of its stream: {self.synced.error!r}"[:500]
        for error in self.errors:
            text = str(error.message)
            # A parent's list fails under its own name; the framework says whose sync that ends.
            if not error.stream_descriptor or is_gibberish(text):
                return f"failed with {error.message!r}, {error.internal_message!r}"[:700]
        return next((f"warned with {text[:500]!r}" for text in self.warnings if is_gibberish(text)), "")


def is_gibberish(text: str) -> bool:
    """Whether a message is too long for people, has characters that none reads, or is Python's own."""
    unreadable = any(unicodedata.category(character) in {"Cc", "Cs"} for character in text)
    return unreadable or len(text) > READABLE or any(phrase in text for phrase in SPEECHLESS)


def witnessed(
    config: Mapping[str, Any], stream: str, saved: Mapping[str, Any] | None = None, *, seconds: float = 120
) -> Witnessed:
    """Sync one stream from a state; one that does not come to an end is left behind."""
    done = Witnessed(stream)

    def run() -> None:
        done.synced = sync(config, stream, state=None if saved is None else [state_of(stream, saved)])

    with overheard() as done.warnings:
        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        thread.join(seconds)
    done.hung = thread.is_alive()
    return done


def state_of(stream: str, saved: Mapping[str, Any]) -> dict[str, Any]:
    """A state as Airbyte hands it in."""
    return {"type": "STREAM", "stream": {"stream_descriptor": {"name": stream}, "stream_state": dict(saved)}}


@contextmanager
def overheard() -> Iterator[list[str]]:
    """The connector's warnings while this lasts; nothing is printed meanwhile."""
    heard: list[str] = []

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if record.levelno == logging.WARNING:
                heard.append(record.getMessage())

    loggers = [logging.getLogger(), logging.getLogger("airbyte")]
    handlers = [logger.handlers for logger in loggers]
    for logger, those in zip(loggers, ([Listener()], []), strict=True):
        logger.handlers = those
    try:
        yield heard
    finally:
        for logger, those in zip(loggers, handlers, strict=True):
            logger.handlers = those


def told(value: Any) -> str:
    """A value for a complaint, shortened."""
    try:
        return json.dumps(value)[:400]
    except (ValueError, TypeError, RecursionError):
        return f"a {type(value).__name__} that no JSON can hold"
