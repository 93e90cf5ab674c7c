"""The framework's entry point, which prints messages, with rows in pages and every secret masked."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from airbyte_cdk.entrypoint import AirbyteEntrypoint
from airbyte_cdk.models import AirbyteMessage, ConnectorSpecification, StreamDescriptor
from airbyte_cdk.sources import Source
from airbyte_cdk.sources.connector_state_manager import HashableStreamDescriptor
from airbyte_cdk.utils.airbyte_secrets_utils import filter_secrets
from airbyte_cdk.utils.traced_exception import AirbyteTracedException

from source_auth0.engine.page_records import lines_in
from source_auth0.engine.stdout import StdoutWriter
from source_auth0.redaction.log_masking import config_secrets, register_secrets

#: Pages between two checks of the process's memory, which the framework makes every 5,000 records.
PAGES_PER_MEMORY_CHECK = 50


class PageEntrypoint(AirbyteEntrypoint):
    """Writes pages of rows itself, masks all messages, and checks configs by a function of ours.

    The framework's prints one record at a time, masks each secret only as it was typed, and prints an invalid config
    as an object.
    """

    def __init__(
        self,
        source: Source,
        output: StdoutWriter,
        validate_config: Callable[[Mapping[str, Any], Mapping[str, Any]], None],
    ) -> None:
        super().__init__(source)
        self._output = output
        self._validate_config = validate_config
        self._memory_monitor._check_interval = PAGES_PER_MEMORY_CHECK  # noqa: SLF001 - made without arguments

    def read(self, *arguments: Any) -> Iterable[AirbyteMessage]:
        """The messages of a sync without its rows, which are written here: in their place before what follows them."""
        for message in super().read(*arguments):
            if message.record is not None and (lines := lines_in(message.record.data)) is not None:
                self._output.write_rows(lines)
            else:
                yield mask_secrets(message)

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
        """Have the secrets of a config masked in every encoding; the framework knows the one they were typed in."""
        AirbyteEntrypoint.set_up_secret_filter(config, connection_specification)
        register_secrets(config_secrets(config))

    def validate_connection(self, source_spec: ConnectorSpecification, config: Mapping[str, Any]) -> None:  # type: ignore[override] # static there
        """Raise a config error that says what to enter, and where."""
        self._validate_config(config, source_spec.connectionSpecification)


def mask_secrets(message: AirbyteMessage) -> AirbyteMessage:
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


def error_message(error: AirbyteTracedException, stream: StreamDescriptor | None = None) -> AirbyteMessage:
    """The message for an error, masked; with a stack trace only where it wraps an exception that nobody foresaw."""
    message = error.as_airbyte_message(stream_descriptor=stream)
    if error._exception is None and message.trace and message.trace.error:  # noqa: SLF001 - it tells nobody else
        message.trace.error.stack_trace = None
    return mask_secrets(message)
