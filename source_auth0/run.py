"""The entry point that Airbyte, PyAirbyte and a shell start: `source-auth0 spec | check | discover | read`."""

import argparse
import gc
import logging
import os
import sys
import threading
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from airbyte_cdk.entrypoint import AirbyteEntrypoint
from airbyte_cdk.exception_handler import init_uncaught_exception_handler
from airbyte_cdk.logger import PRINT_BUFFER
from airbyte_cdk.models import AirbyteMessage, ConnectorSpecification
from airbyte_cdk.sources.connector_state_manager import HashableStreamDescriptor
from airbyte_cdk.utils.airbyte_secrets_utils import filter_secrets
from airbyte_cdk.utils.traced_exception import AirbyteTracedException

from source_auth0.components.config import verify_config
from source_auth0.components.masking import MASK, keep_secrets, secrets_in
from source_auth0.components.pages import Lines, lines_in
from source_auth0.components.problems import config_error
from source_auth0.ending import ended_by_signals
from source_auth0.source import SourceAuth0

if sys.platform != "win32":
    import resource

UNREAD = 1
BUFFER = 1 << 16
#: Pages between two looks at the memory, which the framework takes every 5,000 rows.
PAGES_PER_LOOK = 50
#: Containers made since the last collection that start another: those of some fifty pages.
GARBAGE = 50_000


class Output:
    """Standard output, some fifty rows at a time.

    The framework's own buffer waits a tenth of a second, which a killed sync loses: up to 2,000 rows. A write for
    each message costs twice the time of the whole read, since every one of them lets another thread have its turn.
    """

    def __init__(self) -> None:
        self._waiting: list[bytes] = []
        self._size = 0

    def rows(self, lines: Lines) -> None:
        """Rows may wait for others."""
        self._waiting.append(lines.text)
        self._size += len(lines.text)
        if self._size >= BUFFER:
            self.flush()

    def message(self, line: str) -> None:
        """A state or a log line waits for nothing."""
        self._waiting.append(f"{line}\n".encode())
        self.flush()

    def flush(self) -> None:
        """Write what waits; workers write log lines themselves, which must not come amid a row."""
        with PRINT_BUFFER.lock:
            left = memoryview(b"".join(self._waiting))
            while left:
                # With PYTHONUNBUFFERED, a signal leaves the rest of a write to the caller.
                left = left[sys.stdout.buffer.write(left) :]
            sys.stdout.buffer.flush()
        self._waiting, self._size = [], 0


class Entrypoint(AirbyteEntrypoint):
    """The framework's, which writes whole pages, and has sentences for an invalid config, not a printed object."""

    def __init__(self, source: SourceAuth0, output: Output) -> None:
        super().__init__(source)
        self._output = output
        self._memory_monitor._check_interval = PAGES_PER_LOOK  # noqa: SLF001 - the base class makes it without arguments

    def read(self, *arguments: Any) -> Iterable[AirbyteMessage]:
        """The messages of a sync without its rows, which are written here: in their place before what follows them."""
        for message in super().read(*arguments):
            if message.record is not None and (lines := lines_in(message.record.data)) is not None:
                self._output.rows(lines)
            else:
                yield _masked(message)

    @staticmethod
    def handle_record_counts(
        message: AirbyteMessage, stream_message_count: defaultdict[HashableStreamDescriptor, float]
    ) -> AirbyteMessage:
        """Count the rows of a page, of which a state tells the number; the framework counts one."""
        if message.record is not None and (lines := lines_in(message.record.data)) is not None:
            stream_message_count[HashableStreamDescriptor(name=message.record.stream)] += lines.rows - 1
        return AirbyteEntrypoint.handle_record_counts(message, stream_message_count)

    @staticmethod
    def set_up_secret_filter(config: Mapping[str, Any], connection_specification: Mapping[str, Any]) -> None:
        """Have the secrets of a config masked in every form; the framework knows the one that they were typed in."""
        AirbyteEntrypoint.set_up_secret_filter(config, connection_specification)
        keep_secrets(secrets_in(config))

    @staticmethod
    def validate_connection(source_spec: ConnectorSpecification, config: Mapping[str, Any]) -> None:
        """Raise a config error that says what to enter, and where."""
        verify_config(config, source_spec.connectionSpecification)


def _masked(message: AirbyteMessage) -> AirbyteMessage:
    """A message without secrets; the framework masks log lines and a sync's error, but not those of streams."""
    error = message.trace.error if message.trace else None
    for holder, name in (
        (error, "message"),
        (error, "internal_message"),
        (error, "stack_trace"),
        (message.log, "message"),
    ):
        if holder is not None and (text := getattr(holder, name)):
            setattr(holder, name, filter_secrets(text))
    return message


def run() -> None:
    """Run the command of this process; exits with 1 after an error that has been printed as an Airbyte message."""
    arguments = AirbyteEntrypoint.parse_args(sys.argv[1:] or ["--help"])
    _mask_tracebacks()
    _leave_no_core()
    _collect_seldom()
    output = Output()
    try:
        with ended_by_signals():
            _print_messages(arguments, output)
    except AirbyteTracedException as error:
        output.message(AirbyteEntrypoint.airbyte_message_to_string(error.as_sanitized_airbyte_message()))
        sys.exit(1)
    except BrokenPipeError:
        # Nobody reads on, and workers wait for that.
        os._exit(UNREAD)


def _collect_seldom() -> None:
    """Look for cycles every fifty pages, and not among the 100,000 objects that the imports have made.

    Rows have no cycles, yet each page of them sets off a collection, which took a fifth of a sync's processor time.
    """
    gc.freeze()
    gc.set_threshold(GARBAGE, 20, 20)


def _mask_tracebacks() -> None:
    """Have no exception print secrets; the framework sees to that once there is a source, and not for threads."""
    logger = logging.getLogger("airbyte")
    init_uncaught_exception_handler(logger)
    threading.excepthook = lambda thrown: logger.error("A thread ended with an exception.", exc_info=thrown.exc_value)


def _leave_no_core() -> None:
    """Have a crash leave no file with the memory of this process, which holds secrets."""
    if sys.platform != "win32":
        resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))


def _print_messages(arguments: argparse.Namespace, output: Output) -> None:
    try:
        for message in Entrypoint(_source(arguments), output).run(arguments):
            output.message(message)
    finally:
        output.flush()


def _source(arguments: argparse.Namespace) -> SourceAuth0:
    path, catalog, state = (getattr(arguments, name, None) for name in ("config", "catalog", "state"))
    config = _read(SourceAuth0.read_config, path) if path else None
    keep_secrets(secrets_in(config or {}))
    return SourceAuth0(
        config=config,
        catalog=_read(SourceAuth0.read_catalog, catalog) if catalog else None,
        state=_read(SourceAuth0.read_state, state) if state else None,
        config_path=path,
        whole_pages=True,
    )


def _read(reader: Any, path: str) -> Any:
    # Some hand over the config itself.
    named = MASK if "{" in path else path
    try:
        return reader(path)
    except OSError as error:
        raise config_error(f"The file {named} cannot be read: {error.strerror}.") from None
    except Exception as error:  # noqa: BLE001 - whatever a malformed file makes of the framework's parsers
        kind = reader.__name__.removeprefix("read_")
        raise config_error(
            f"The file {named} does not hold a {kind} in Airbyte's form ({type(error).__name__})."
        ) from None
