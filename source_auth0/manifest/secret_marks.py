"""The marks of secrets of all stream files, by what a write is about: a stream, or what no stream reads."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from operator import attrgetter
from typing import Any

from source_auth0.manifest.files import MANIFEST, load_yaml, stream_files
from source_auth0.redaction.secret_fields import SOURCE_CODE_MARK, Path, marked_paths

#: Streams of events, whose marks are places in an event.
NOT_WRITTEN = frozenset(["events", "logs"])


@dataclass(frozen=True)
class EntityMarks:
    """What is known of the secrets of one kind of object.

    secrets, source_code: paths of a stream file's marks. written: paths of secrets that only a write or its answer has,
    where texts are meant. schema: the object's declared properties, marks included; empty where no stream reads it.
    """

    secrets: tuple[Path, ...] = ()
    source_code: tuple[Path, ...] = ()
    written: tuple[Path, ...] = ()
    schema: Mapping[str, Any] = field(default_factory=dict)


#: Properties that only a write has, and that are public whatever their name.
WRITTEN_AND_PUBLIC: Mapping[str, Mapping[str, Any]] = {"client_credentials": {"pem": {"type": "string"}}}
PATHS = (attrgetter("secrets"), attrgetter("source_code"), attrgetter("written"))


@cache
def entity_marks(entity_type: str) -> EntityMarks:
    """The marks of a stream, or of an entity of `written_secrets.yaml`; loaded when a log first names the entity."""
    written = tuple(tuple(path.split(".")) for path in _written_secrets().get(entity_type, ()))
    if entity_type not in stream_files():
        return EntityMarks(written=written)
    schema = load_yaml(stream_files()[entity_type])["schema_loader"]["schema"]
    schema = {"properties": {**schema["properties"], **WRITTEN_AND_PUBLIC.get(entity_type, {})}}
    return EntityMarks(
        tuple(marked_paths(schema, mark=True)), tuple(marked_paths(schema, SOURCE_CODE_MARK)), written, schema
    )


@cache
def marks_of_anything() -> EntityMarks:
    """All paths of two steps and more: the marks of an object of which the path does not tell what it is.

    A name alone would match what is no secret elsewhere, as `value` or `token` do.
    """
    marking = [path.stem for path in stream_files().values() if b"x-secret" in path.read_bytes()]
    marks = [entity_marks(name) for name in {*marking, *_written_secrets()} - NOT_WRITTEN]
    secrets, source_code, written = (
        tuple(sorted({path for one in marks for path in paths_of(one) if len(path) > 1})) for paths_of in PATHS
    )
    return EntityMarks(secrets, source_code, written)


@cache
def _written_secrets() -> dict[str, list[str]]:
    written: dict[str, list[str]] = load_yaml(MANIFEST / "written_secrets.yaml")
    return written
