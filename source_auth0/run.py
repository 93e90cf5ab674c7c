"""The entry point that Airbyte, PyAirbyte and a shell start: `source-auth0 spec | check | discover | read`."""

import argparse
import contextlib
import ctypes
import gc
import logging
import os
import sys
import tempfile
import threading
from importlib import import_module

from airbyte_cdk.entrypoint import AirbyteEntrypoint
from airbyte_cdk.exception_handler import init_uncaught_exception_handler
from airbyte_cdk.utils.traced_exception import AirbyteTracedException

from source_auth0.config.validation import validate_config
from source_auth0.engine.entrypoint import PageEntrypoint, error_message
from source_auth0.engine.shutdown import exit_on_signals
from source_auth0.engine.stdout import OutputError, StdoutWriter
from source_auth0.errors import config_error
from source_auth0.input_files.catalog_file import read_catalog
from source_auth0.input_files.config_file import read_config
from source_auth0.input_files.state_file import read_state
from source_auth0.redaction.log_masking import config_secrets, register_secrets
from source_auth0.source import SourceAuth0

if sys.platform != "win32":
    import resource

EXIT_CODE_BROKEN_PIPE = 1
#: As sysexits.h has it for input and output.
EXIT_CODE_OUTPUT_ERROR = 74
#: Word to the module and function of a command that is not of Airbyte's protocol, whose commands need not import it.
COMMANDS_FOR_PEOPLE = {
    "catalog": ("catalog", "print_catalog"),
    "estimate": ("estimate.command", "print_estimate"),
    "probe": ("probe.command", "print_probe"),
    "--version": ("version", "print_version"),
}
HELP = """
more commands:
    catalog             prints a configured catalog for `read`: source-auth0 catalog --streams users,logs
    estimate            asks a tenant how much a sync will read, and prints rows, requests and time of each stream:
                        source-auth0 estimate --config config.json --catalog catalog.json
    probe               asks a tenant what Auth0's documents leave open, and prints a report without names:
                        source-auth0 probe --config config.json > report.md
    --version           prints the version
"""
#: Containers made since the last collection that start another: those of some fifty pages.
GC_THRESHOLD = 50_000
#: glibc's name for the size from which memory is mapped, and so goes back to the system once it is freed; and the size.
M_MMAP_THRESHOLD, MAPPED_BYTES = -3, 1 << 20


def run() -> None:
    """Run the command of this process; exits with 1 after an error that has been printed as an Airbyte message."""
    words = sys.argv[1:] or ["--help"]
    _disable_core_dumps()
    if words[0] in COMMANDS_FOR_PEOPLE:
        module, function = COMMANDS_FOR_PEOPLE[words[0]]
        getattr(import_module(f"source_auth0.commands.{module}"), function)(words[1:])
        return
    arguments = _parsed(words)
    _mask_tracebacks()
    _collect_garbage_rarely()
    _free_large_memory_at_once()
    output = StdoutWriter()
    try:
        with exit_on_signals():
            _print_messages(arguments, output)
    except AirbyteTracedException as error:
        output.write_message(AirbyteEntrypoint.airbyte_message_to_string(error_message(error)))
        sys.exit(1)
    except BrokenPipeError:
        # Nobody reads on, and workers wait for that.
        os._exit(EXIT_CODE_BROKEN_PIPE)
    except OutputError as error:
        # Standard output takes no message, and workers wait for it.
        sys.stderr.write(f"{error}\n")
        sys.stderr.flush()
        os._exit(EXIT_CODE_OUTPUT_ERROR)


def _parsed(words: list[str]) -> argparse.Namespace:
    """The arguments of a command of Airbyte's protocol; the framework's help knows no others."""
    try:
        return AirbyteEntrypoint.parse_args(words)
    except SystemExit:
        if words[0] in {"-h", "--help"}:
            print(HELP)  # noqa: T201 - help is printed
        raise


def _collect_garbage_rarely() -> None:
    """Look for cycles every fifty pages, and not among the 100,000 objects that the imports have made.

    Rows have no cycles, yet each page of them sets off a collection, which took a fifth of a sync's processor time.
    """
    gc.freeze()
    gc.set_threshold(GC_THRESHOLD, 20, 20)


def _free_large_memory_at_once() -> None:
    """Give what a large body took back to the system when it is freed; nothing is done where the C library is another.

    glibc raises its threshold to the largest block that was freed, and keeps later ones of that size for the thread
    that had them: two streams with 57 MB of text each came to 737 MB, and come to 441.
    """
    with contextlib.suppress(OSError, AttributeError, TypeError):
        ctypes.CDLL(None).mallopt(M_MMAP_THRESHOLD, MAPPED_BYTES)


def _mask_tracebacks() -> None:
    """Have no exception print secrets; the framework sees to that once there is a source, and not for threads."""
    logger = logging.getLogger("airbyte")
    init_uncaught_exception_handler(logger)
    # A log line that cannot be written, as on a full disk, has a traceback printed else.
    logging.raiseExceptions = False
    threading.excepthook = lambda thrown: logger.error("A thread ended with an exception.", exc_info=thrown.exc_value)


def _disable_core_dumps() -> None:
    """Have a crash leave no file with the memory of this process, which holds secrets."""
    if sys.platform != "win32":
        resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))


def _print_messages(arguments: argparse.Namespace, output: StdoutWriter) -> None:
    try:
        _raise_without_temporary_folder()
        for message in PageEntrypoint(_source(arguments), output, validate_config).run(arguments):
            output.write_message(message)
    finally:
        output.flush()


def _raise_without_temporary_folder() -> None:
    try:
        tempfile.gettempdir()
    except OSError:
        raise config_error(
            "No folder for temporary files can be written, and the framework needs one. Set TMPDIR to a folder that "
            "this user may write; in a container that is read-only, mount one: `--tmpfs /tmp`."
        ) from None


def _source(arguments: argparse.Namespace) -> SourceAuth0:
    paths = {name: getattr(arguments, name, None) for name in ("config", "catalog", "state")}
    config = read_config(paths["config"]) if paths["config"] else None
    register_secrets(config_secrets(config or {}))
    catalog = read_catalog(paths["catalog"]) if paths["catalog"] else None
    state = read_state(paths["state"])
    source = SourceAuth0(config=config, catalog=catalog, state=state, config_path=paths["config"], whole_pages=True)
    source.hand_over(config, catalog, state)
    return source
