"""Which streams the demo syncs: those that somebody names, or all; less what the token may not read."""

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from airbyte_cdk.utils.airbyte_secrets_utils import filter_secrets
from airbyte_cdk.utils.traced_exception import AirbyteTracedException

from source_auth0.check import check_tenant
from source_auth0.errors import GRANT_PATH
from source_auth0.manifest.assembly import load_stream
from source_auth0.manifest.files import stream_files
from source_auth0.source import SourceAuth0
from source_auth0.spelling import did_you_mean


class NotSyncedError(Exception):
    """Nothing can be synced; the text says why, and what to do."""


@dataclass(frozen=True)
class Selection:
    """What is synced.

    streams: their names.
    lacking: streams that were left out, with the scopes that they lack.
    """

    streams: list[str]
    lacking: Mapping[str, list[str]]


def families() -> dict[str, str]:
    """The family of each stream."""
    return {name: path.parent.name for name, path in stream_files().items()}


def named(streams: str = "", family: str = "") -> list[str]:
    """The streams of a list with commas, in which a family may stand for its streams, and those of these families.

    A name that a stream and a family have, such as `users`, is the stream's in the first list. All streams where both
    lists are empty. Raises ValueError, with a sentence, for a name that nothing has.
    """
    of, known = families(), {*families().values()}
    wanted, wanted_families = _words(streams), _words(family)
    for word in sorted(wanted - of.keys() - known):
        raise ValueError(f"there is no stream `{word}`.{did_you_mean(word, of)} docs/streams.md lists all streams.")
    for word in sorted(wanted_families - known):
        raise ValueError(f"there is no family `{word}`. There are {', '.join(sorted(known))}.")
    wanted_families |= wanted - of.keys()
    everything = not wanted and not wanted_families
    return [name for name in of if everything or name in wanted or of[name] in wanted_families]


def readable(streams: Iterable[str], config: Mapping[str, Any]) -> Selection:
    """Those of the streams that the token of a config may read, after a sign-in; all, where the token does not tell.

    Raises NotSyncedError where signing in fails, or nothing is left.
    """
    granted = _granted_scopes(config)
    needed = {name: list(load_stream(name)["$parameters"]["required_scopes"]) for name in streams}
    missing = {name: [s for s in scopes if granted is not None and s not in granted] for name, scopes in needed.items()}
    lacking = {name: scopes for name, scopes in missing.items() if scopes}
    if len(lacking) == len(needed):
        scopes = " ".join(sorted({scope for found in lacking.values() for scope in found}))
        raise NotSyncedError(f"The application may read none of these streams. Grant under {GRANT_PATH}: {scopes}")
    return Selection([name for name in needed if name not in lacking], lacking)


def is_read_by_user(stream: str) -> bool:
    """Whether a stream takes a request for each user."""
    return (load_stream(stream).get("incremental_sync") or {}).get("cursor_field") == "read_at"


def _words(text: str) -> set[str]:
    return {word.strip() for word in text.split(",")} - {""}


def _granted_scopes(config: Mapping[str, Any]) -> frozenset[str] | None:
    """What a check of the connection finds granted; None where the token does not tell."""
    definitions = {name: load_stream(name) for name in stream_files()}
    logger = logging.getLogger("demo")
    logger.addHandler(logging.NullHandler())
    try:
        tenant, authenticator, url = SourceAuth0(config=config).api_of(config)
        check_tenant(tenant, authenticator, url, definitions, families(), logger)
    except AirbyteTracedException as error:
        raise NotSyncedError(filter_secrets(error.message or "The connection check failed.")) from None
    return authenticator.scopes
