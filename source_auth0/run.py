"""The entry point that Airbyte, PyAirbyte and a shell start: `source-auth0 spec | check | discover | read`."""

import argparse
import os
import sys
from collections.abc import Mapping
from typing import Any

from airbyte_cdk.entrypoint import AirbyteEntrypoint
from airbyte_cdk.models import ConnectorSpecification
from airbyte_cdk.utils.traced_exception import AirbyteTracedException

from source_auth0.components.config import verify_config
from source_auth0.components.problems import config_error
from source_auth0.source import SourceAuth0

INTERRUPTED = 130
UNREAD = 1
RECORD = '{"type":"RECORD"'
BUFFER = 1 << 16


class Entrypoint(AirbyteEntrypoint):
    """The framework's, with sentences for an invalid config in the place of a printed object."""

    @staticmethod
    def validate_connection(source_spec: ConnectorSpecification, config: Mapping[str, Any]) -> None:
        """Raise a config error that says what to enter, and where."""
        verify_config(config, source_spec.connectionSpecification)


def run() -> None:
    """Run the command of this process; exits with 1 after an error that has been printed as an Airbyte message."""
    arguments = AirbyteEntrypoint.parse_args(sys.argv[1:] or ["--help"])
    try:
        _print_messages(arguments)
    except AirbyteTracedException as error:
        print(AirbyteEntrypoint.airbyte_message_to_string(error.as_sanitized_airbyte_message()), flush=True)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.stdout.flush()
        # Workers may be waiting for a rate limit; nobody who pressed Ctrl-C wants to wait with them.
        os._exit(INTERRUPTED)
    except BrokenPipeError:
        # Nobody reads on, and workers wait for that.
        os._exit(UNREAD)


def _print_messages(arguments: argparse.Namespace) -> None:
    """Print a message a line, some fifty rows at a time.

    The framework's own buffer waits a tenth of a second, which a killed sync loses: up to 2,000 rows. A write for
    each message costs twice the time of the whole read, since every one of them lets another thread have its turn.
    """
    waiting: list[str] = []
    size = 0
    try:
        for message in Entrypoint(_source(arguments)).run(arguments):
            waiting.append(f"{message}\n")
            size += len(message)
            if size >= BUFFER or not message.startswith(RECORD):
                _write(waiting)
                waiting, size = [], 0
    finally:
        _write(waiting)


def _write(lines: list[str]) -> None:
    sys.stdout.write("".join(lines))
    sys.stdout.flush()


def _source(arguments: argparse.Namespace) -> SourceAuth0:
    config, catalog, state = (getattr(arguments, name, None) for name in ("config", "catalog", "state"))
    return SourceAuth0(
        config=_read(SourceAuth0.read_config, config) if config else None,
        catalog=_read(SourceAuth0.read_catalog, catalog) if catalog else None,
        state=_read(SourceAuth0.read_state, state) if state else None,
        config_path=config,
    )


def _read(reader: Any, path: str) -> Any:
    try:
        return reader(path)
    except OSError as error:
        raise config_error(f"The file {path} cannot be read: {error.strerror}.") from None
    except Exception as error:  # noqa: BLE001 - whatever a malformed file makes of the framework's parsers
        kind = reader.__name__.removeprefix("read_")
        raise config_error(
            f"The file {path} does not hold a {kind} in Airbyte's form ({type(error).__name__})."
        ) from None
