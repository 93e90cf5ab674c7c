"""`source-auth0 catalog`: prints a configured catalog, which `read` takes."""

import argparse
import json
from collections.abc import Iterator, Mapping
from typing import Any

from source_auth0.manifest.assembly import load_stream, primary_key
from source_auth0.manifest.files import stream_files
from source_auth0.spelling import did_you_mean


def print_catalog(words: list[str]) -> None:
    """Print the configured catalog of the streams that the arguments name; ends with exit code 2 for unknown names."""
    parser = _parser()
    arguments = parser.parse_args(words)
    try:
        names = list(_selected(arguments))
    except ValueError as error:
        parser.error(str(error))
    configured = [_configured(load_stream(name), full_refresh=arguments.full_refresh) for name in names]
    print(json.dumps({"streams": configured}, indent=2))  # noqa: T201 - what the command is for


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "source-auth0 catalog",
        description="Prints a configured catalog for `read`: incremental where a stream offers it.",
        epilog="Example: source-auth0 catalog --streams users,logs > catalog.json",
    )
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--streams", metavar="NAME,NAME", help="these streams; docs/streams.md lists all")
    which.add_argument("--family", metavar="NAME,NAME", help="all streams of these families, such as organizations")
    which.add_argument("--all", action="store_true", help="every stream; those without their scope fail")
    parser.add_argument("--full-refresh", action="store_true", help="read everything in every sync")
    return parser


def _selected(arguments: argparse.Namespace) -> Iterator[str]:
    """The names that are selected, in the order of docs/streams.md; raises ValueError for one that does not exist."""
    families = {name: path.parent.name for name, path in stream_files().items()}
    streams = _known(arguments.streams, "stream", families) if arguments.streams is not None else set()
    wanted = (
        _known(arguments.family, "family", dict.fromkeys(families.values())) if arguments.family is not None else set()
    )
    for name, family in families.items():
        if arguments.all or name in streams or family in wanted:
            yield name


def _known(typed: str, kind: str, known: Mapping[str, Any]) -> set[str]:
    names = {name.strip() for name in typed.split(",")} - {""}
    if not names:
        raise ValueError(f"no {kind} is named; write one such as `{next(iter(known))}`")
    for name in sorted(names):
        if name not in known:
            raise ValueError(
                f"there is no {kind} `{name}`.{did_you_mean(name, known)} docs/streams.md lists what there is; "
                f"families are {', '.join(known)}."
                if kind == "family"
                else f"there is no stream `{name}`.{did_you_mean(name, known)} docs/streams.md lists all streams."
            )
    return names


def _configured(definition: dict[str, Any], *, full_refresh: bool) -> dict[str, Any]:
    cursor_field = definition.get("cursor_field")
    modes = ["full_refresh", "incremental"] if cursor_field else ["full_refresh"]
    is_incremental = bool(cursor_field) and not full_refresh
    keys = [[key] for key in primary_key(definition)]
    stream = {"name": definition["name"], "json_schema": {}, "supported_sync_modes": modes}
    configured = {
        "stream": {**stream, "source_defined_primary_key": keys},
        "sync_mode": "incremental" if is_incremental else "full_refresh",
        "destination_sync_mode": "append_dedup" if is_incremental else "overwrite",
        "primary_key": keys,
    }
    return {**configured, "cursor_field": [cursor_field]} if is_incremental else configured
