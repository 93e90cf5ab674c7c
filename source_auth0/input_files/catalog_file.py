"""The file of `--catalog`: which streams are to be read, and how."""

import contextlib
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from airbyte_cdk.models import ConfiguredAirbyteCatalog, ConfiguredAirbyteCatalogSerializer
from airbyte_cdk.utils.traced_exception import AirbyteTracedException

from source_auth0.errors import config_error, first_of
from source_auth0.input_files.json_files import EXPECTED, parsed, read_text, shown_path
from source_auth0.manifest.files import stream_files
from source_auth0.redaction.log_masking import quote_input
from source_auth0.spelling import closest, did_you_mean

KIND = "catalog"
#: The fields of a configured stream that have a set of values, and those values.
CHOICES = {
    "sync_mode": ("full_refresh", "incremental"),
    "destination_sync_mode": ("append", "overwrite", "append_dedup", "update", "soft_delete"),
}
STREAM_FIELDS = ("stream", *CHOICES, "cursor_field", "primary_key")
MAKE_ONE = "Write one that selects some: `source-auth0 catalog --streams users,logs > catalog.json`."
#: Unknown streams that an error names.
MAX_NAMED = 5


def read_catalog(path: str) -> ConfiguredAirbyteCatalog:
    """The configured catalog in a file; raises a config error that says what is wrong with it, and how to get one."""
    text = read_text(path, KIND)
    if _is_output_of_discover(text):
        raise config_error(
            f"The file {shown_path(path)} (`--catalog`) is the output of `discover`, which lists what there is and "
            f"selects nothing. {MAKE_ONE}"
        )
    catalog = parsed(text, path, KIND)
    for problem in _problems(catalog):
        raise config_error(f"The file {shown_path(path)} (`--catalog`) {problem}")
    try:
        return ConfiguredAirbyteCatalogSerializer.load(catalog)
    except Exception as error:  # noqa: BLE001 - whatever a field of another kind makes of the framework's parser
        raise config_error(
            f"The file {shown_path(path)} (`--catalog`) does not hold a configured catalog ({type(error).__name__}). "
            f"{EXPECTED[KIND]}"
        ) from None


def unknown_stream_error(name: str) -> AirbyteTracedException:
    """The error of one selected stream that this connector does not have, while the others are read."""
    return config_error(
        f"The catalog selects the stream `{quote_input(name)}`, which does not exist."
        f"{did_you_mean(name, stream_files())} Correct its name in the catalog, "
        "or refresh the connection's schema; docs/streams.md lists all streams."
    )


def unknown_streams_error(unknown: Iterable[str], selected: int) -> AirbyteTracedException:
    """The error for a catalog that selects nothing but streams that this connector does not have, `selected` in all."""
    known, names = list(stream_files()), list(unknown)
    shown = first_of([f"`{quote_input(name)}`" for name in names], MAX_NAMED)
    if len(names) == selected and not any(closest(name, known) for name in names):
        return config_error(
            f"The catalog selects streams that do not exist: {shown}. Not one of its streams is this "
            f"connector's: it may be the catalog of another one. {MAKE_ONE}"
        )
    meant = "".join(
        f" Did you mean `{match}` by `{quote_input(name)}`?"
        for name in names[:MAX_NAMED]
        if (match := closest(name, known))
    )
    return config_error(
        f"The catalog selects streams that do not exist: {shown}.{meant} Correct their names in the catalog, or "
        "refresh the connection's schema; docs/streams.md lists all streams."
    )


def _is_output_of_discover(text: str) -> bool:
    """Whether a text has Airbyte messages, or the catalog in one, rather than a configured catalog."""
    for line in text.splitlines():
        with contextlib.suppress(ValueError, RecursionError):
            message = json.loads(line)
            if isinstance(message, dict) and isinstance(message.get("catalog"), dict):
                return True
    with contextlib.suppress(ValueError, RecursionError):
        catalog = json.loads(text)
        catalog = catalog.get("catalog", catalog) if isinstance(catalog, dict) else catalog
        streams = catalog.get("streams") if isinstance(catalog, dict) else None
        return bool(streams) and isinstance(streams, list) and all(_is_discovered(stream) for stream in streams)
    return False


def _is_discovered(stream: object) -> bool:
    return isinstance(stream, dict) and "name" in stream and "stream" not in stream


def _problems(catalog: object) -> Iterator[str]:
    """The problems of a configured catalog, each as the rest of a sentence about its file."""
    streams = catalog.get("streams") if isinstance(catalog, dict) else None
    if not isinstance(streams, list):
        yield f"is no configured catalog: it has no list `streams`. {EXPECTED[KIND]}"
        return
    for number, configured in enumerate(streams, 1):
        name = _name_of(configured)
        if name is None:
            yield f"is no configured catalog: its stream number {number} has no `stream.name`. {EXPECTED[KIND]}"
            continue
        yield from (
            f"is wrong in its stream `{quote_input(name)}`: {problem}" for problem in _field_problems(configured)
        )


def _name_of(configured: object) -> str | None:
    stream = configured.get("stream") if isinstance(configured, dict) else None
    name = stream.get("name") if isinstance(stream, dict) else None
    return name if isinstance(name, str) and name else None


def _field_problems(configured: Mapping[str, Any]) -> Iterator[str]:
    for field, choices in CHOICES.items():
        listed = " or ".join(f"`{choice}`" for choice in choices)
        if field not in configured:
            typed = next((key for key in configured if key not in STREAM_FIELDS and did_you_mean(key, [field])), None)
            instead = f" It has `{quote_input(typed)}` instead." if typed else ""
            yield f"`{field}` is missing; it has to be {listed}.{instead}"
        elif configured[field] not in choices:
            value = "null" if configured[field] is None else configured[field]
            suggestion = did_you_mean(value, choices) if isinstance(value, str) else ""
            yield f"`{field}` is `{quote_input(value)}`; it has to be {listed}.{suggestion}"
