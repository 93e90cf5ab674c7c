"""The entry point that Airbyte, PyAirbyte and a shell start: `source-auth0 spec | check | discover | read`."""

import argparse
import gc
import logging
import os
import sys
import threading
from typing import Any

from airbyte_cdk.entrypoint import AirbyteEntrypoint
from airbyte_cdk.exception_handler import init_uncaught_exception_handler
from airbyte_cdk.utils.traced_exception import AirbyteTracedException

from source_auth0.config.validation import validate_config
from source_auth0.engine.entrypoint import PageEntrypoint
from source_auth0.engine.shutdown import exit_on_signals
from source_auth0.engine.stdout import StdoutWriter
from source_auth0.errors import config_error
from source_auth0.redaction.log_masking import MASK, config_secrets, register_secrets
from source_auth0.source import SourceAuth0

if sys.platform != "win32":
    import resource

EXIT_CODE_BROKEN_PIPE = 1
#: Containers made since the last collection that start another: those of some fifty pages.
GC_THRESHOLD = 50_000


def run() -> None:
    """Run the command of this process; exits with 1 after an error that has been printed as an Airbyte message."""
    arguments = AirbyteEntrypoint.parse_args(sys.argv[1:] or ["--help"])
    _mask_tracebacks()
    _disable_core_dumps()
    _collect_garbage_rarely()
    output = StdoutWriter()
    try:
        with exit_on_signals():
            _print_messages(arguments, output)
    except AirbyteTracedException as error:
        output.write_message(AirbyteEntrypoint.airbyte_message_to_string(error.as_sanitized_airbyte_message()))
        sys.exit(1)
    except BrokenPipeError:
        # Nobody reads on, and workers wait for that.
        os._exit(EXIT_CODE_BROKEN_PIPE)


def _collect_garbage_rarely() -> None:
    """Look for cycles every fifty pages, and not among the 100,000 objects that the imports have made.

    Rows have no cycles, yet each page of them sets off a collection, which took a fifth of a sync's processor time.
    """
    gc.freeze()
    gc.set_threshold(GC_THRESHOLD, 20, 20)


def _mask_tracebacks() -> None:
    """Have no exception print secrets; the framework sees to that once there is a source, and not for threads."""
    logger = logging.getLogger("airbyte")
    init_uncaught_exception_handler(logger)
    threading.excepthook = lambda thrown: logger.error("A thread ended with an exception.", exc_info=thrown.exc_value)


def _disable_core_dumps() -> None:
    """Have a crash leave no file with the memory of this process, which holds secrets."""
    if sys.platform != "win32":
        resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))


def _print_messages(arguments: argparse.Namespace, output: StdoutWriter) -> None:
    try:
        for message in PageEntrypoint(_source(arguments), output, validate_config).run(arguments):
            output.write_message(message)
    finally:
        output.flush()


def _source(arguments: argparse.Namespace) -> SourceAuth0:
    path, catalog, state = (getattr(arguments, name, None) for name in ("config", "catalog", "state"))
    config = _load(SourceAuth0.read_config, path) if path else None
    register_secrets(config_secrets(config or {}))
    return SourceAuth0(
        config=config,
        catalog=_load(SourceAuth0.read_catalog, catalog) if catalog else None,
        state=_load(SourceAuth0.read_state, state) if state else None,
        config_path=path,
        whole_pages=True,
    )


def _load(reader: Any, path: str) -> Any:
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
