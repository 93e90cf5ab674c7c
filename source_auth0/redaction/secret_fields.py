"""Redaction of secrets in rows: by the `x-secret` marks of stream files, and by field name in free-form objects."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson
from airbyte_cdk.sources.declarative.transformations import RecordTransformation

from source_auth0.json_values import loads, objects_in
from source_auth0.redaction.hashes import HashedText, hash_leaves, sha256_leaves
from source_auth0.redaction.secret_names import (
    PAIR_NAME_KEYS,
    PAIR_VALUE_KEY,
    SETTINGS_NAMES,
    SOURCE_CODE_NAMES,
    is_secret_field,
    is_secret_name,
    is_secret_pair,
    normalize_name,
)

#: The schema keyword of a secret property; its value for a free-form object, which is redacted by field name; that for
#: an object each of whose values is a secret, whose keys are kept; and that for source code, which is replaced with its
#: SHA-256 unless the config asks for it.
SECRET_MARK, FREE_FORM_MARK, VALUES_MARK, SOURCE_CODE_MARK = "x-secret", "net", "values", "source_code"
#: The step of a path that stands for each key of an object.
ANY_KEY = "*"
#: First characters of a text that may be JSON with names in it.
JSON_STARTS = ("{", "[")
Path = tuple[str, ...]


def marked_paths(schema: Mapping[str, Any], mark: object, path: Path = ()) -> Iterator[Path]:
    """The paths of a schema's properties that have a mark.

    `[]` stands for each element of an array, `*` for each key of an object whose values are secrets.
    """
    for name, declared in (schema.get("properties") or {}).items():
        if declared.get(SECRET_MARK) == mark:
            yield (*path, name)
        elif declared.get(SECRET_MARK) == VALUES_MARK:
            yield from [(*path, name, ANY_KEY)] if mark is True else []
        else:
            yield from marked_paths(declared, mark, (*path, name))
    if isinstance(items := schema.get("items"), dict):
        if items.get(SECRET_MARK) == mark:
            yield path
        else:
            yield from marked_paths(items, mark, (*path, "[]"))


class SecretPaths:
    """The paths of secrets and of source code in one kind of object, and their removal.

    It follows paths by plain loops: the framework's RemoveFields with a glob makes the whole read 4.6 times slower.
    """

    def __init__(
        self, paths: Iterable[Iterable[str]], source_code: Iterable[Iterable[str]], config: Mapping[str, Any]
    ) -> None:
        self._is_hashing, self._keeps_code = is_hashing_secrets(config), is_keeping_source_code(config)
        #: Names by the path of their parent object, so that each path is followed once a row.
        self._secrets, self._source_code = _by_parent(paths), _by_parent(source_code)

    def redact(self, record: Any) -> None:
        """Remove or hash the secrets, and put its SHA-256 beside source code, or in its place."""
        # One loop in the other, and not generators: they would take as long as all the rest.
        for path, names in self._secrets.items():
            for parent in _values_at(record, path):
                for name in names if isinstance(parent, dict) else ():
                    if name == ANY_KEY:
                        redact_values(parent, is_hashing=self._is_hashing)
                    elif name in parent:
                        redact_field(parent, name, is_hashing=self._is_hashing)
        for path, names in self._source_code.items():
            for parent in _values_at(record, path):
                for name in names if isinstance(parent, dict) else ():
                    if name in parent:
                        self._replace_source_code(parent, name)

    def _replace_source_code(self, parent: dict[str, Any], name: str) -> None:
        parent[sha256_name(name)] = sha256_leaves(parent[name])
        if not self._keeps_code:
            del parent[name]


@dataclass
class RedactSecretsTransformation(RecordTransformation):
    """Removes the marked secrets from a row, or replaces them with their hashes."""

    config: dict[str, Any] = field(repr=False)
    paths: list[list[str]] = field(default_factory=list)
    free_form: list[list[str]] = field(default_factory=list)
    source_code: list[list[str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._is_hashing = is_hashing_secrets(self.config)
        self._marked = SecretPaths(self.paths, self.source_code, self.config)

    def transform(  # noqa: D102 - the framework's contract
        self,
        record: dict[str, Any],
        config: Mapping[str, Any] | None = None,  # noqa: ARG002
        stream_state: Mapping[str, Any] | None = None,  # noqa: ARG002
        stream_slice: Mapping[str, Any] | None = None,  # noqa: ARG002
    ) -> None:
        self._marked.redact(record)
        for free_form_path in self.free_form:
            for value in _values_at(record, free_form_path):
                redact_by_name(value, is_hashing=self._is_hashing)


#: A field: its parent, its name, and whether it lies inside an object that is named like a secret.
Field = tuple[dict[str, Any], str, bool]


def redact_by_name(value: Any, *, is_hashing: bool, inside: bool = False) -> None:
    """Redact the fields of an object of unknown keys that are secrets by name; `inside` one that is named like one."""
    _redact_fields(_fields_in(value, is_hashing=is_hashing, inside=inside), is_hashing=is_hashing)


def redact_named_field(parent: dict[str, Any], name: str, *, is_hashing: bool, inside: bool = False) -> None:
    """Redact a field that is a secret by its name and value, or what is one below it."""
    _redact_fields([(parent, name, inside)], is_hashing=is_hashing)


def _fields_in(value: Any, *, is_hashing: bool, inside: bool) -> list[Field]:
    """The fields of an object, or of a list's objects, but for a pair whose name says that its value is a secret."""
    fields: list[Field] = []
    pending = [value]
    while pending:
        value = pending.pop()
        if isinstance(value, list):
            pending += value
        elif isinstance(value, dict):
            is_pair = is_secret_pair(value)
            for name in list(value):
                if is_pair is not None and name in PAIR_NAME_KEYS and isinstance(value[name], str):
                    continue
                if is_pair and name == PAIR_VALUE_KEY:
                    redact_field(value, name, is_hashing=is_hashing)
                else:
                    fields.append((value, name, inside))
    return fields


def _redact_fields(pending: list[Field], *, is_hashing: bool) -> None:
    """Redact fields and what is below them; no recursion, as values may be nested deeper than calls."""
    inner: list[tuple[dict[str, Any], str]] = []
    while pending:
        parent, name, inside = pending.pop()
        value, normalized = parent[name], normalize_name(name)
        is_container = isinstance(value, (dict, list))
        is_text = isinstance(value, str) and not isinstance(value, HashedText)
        if not (is_container or is_text) or normalized in SOURCE_CODE_NAMES:
            continue
        is_json = is_text and value.lstrip()[:1] in JSON_STARTS
        if is_secret_field(name, value, inside=inside) or (is_json and _holds_secret_json(value)):
            redact_field(parent, name, is_hashing=is_hashing)
        elif is_container and value:
            is_settings = isinstance(value, dict) and normalized in SETTINGS_NAMES
            is_inside = inside or (is_secret_name(name) and not is_settings)
            pending += _fields_in(value, is_hashing=is_hashing, inside=is_inside)
            if is_inside:
                inner.append((parent, name))
    for parent, name in reversed(inner):
        if _is_emptied(parent[name]):
            del parent[name]


def redact_field(parent: dict[str, Any], name: str, *, is_hashing: bool) -> None:
    """Remove a field, or replace it with its hash."""
    if is_hashing:
        parent[name] = hash_leaves(parent[name])
    else:
        del parent[name]


def redact_values(parent: dict[str, Any], *, is_hashing: bool) -> None:
    """Keep the keys, which say what is configured; their values become null, or hashes."""
    for name, value in parent.items():
        parent[name] = hash_leaves(value) if is_hashing else None


def is_hashing_secrets(config: Mapping[str, Any]) -> bool:
    """Whether secrets are replaced with their hashes rather than removed."""
    return config.get("secrets") == "hash"


def is_keeping_source_code(config: Mapping[str, Any]) -> bool:
    """Whether source code is kept beside its SHA-256."""
    return config.get("source_code") == "keep"


def sha256_name(name: str) -> str:
    """The name of the column with the SHA-256 of source code: `custom_scripts_sha256` for `customScripts`."""
    return f"{re.sub('(?<=[a-z])(?=[A-Z])', '_', name).lower()}_sha256"


def _holds_secret_json(text: str) -> bool:
    """Whether a text is JSON with a secret in it, as settings of old connections are."""
    try:
        parsed = loads(text.encode(errors="replace"))
    except orjson.JSONDecodeError:
        return False
    before = _count_fields(parsed)
    redact_by_name(parsed, is_hashing=False)
    return _count_fields(parsed) < before


def _count_fields(value: Any) -> int:
    """The fields of a value at any depth. Values that are nested deeper than calls cannot be compared."""
    return sum(map(len, objects_in(value)))


def _is_emptied(value: Any) -> bool:
    """Whether nothing is left of an object, or of the objects of a list."""
    return not value or (isinstance(value, list) and all(element == {} for element in value))


def _by_parent(paths: Iterable[Iterable[str]]) -> dict[Path, list[str]]:
    names: dict[Path, list[str]] = {}
    for *parent, name in paths:
        names.setdefault(tuple(parent), []).append(name)
    return names


def _values_at(value: Any, path: Iterable[str]) -> list[Any]:
    values = [value]
    for step in path:
        if len(values) == 1:  # as mostly: a third of the time that it takes below
            (only,) = values
            if step == "[]":
                values = only if isinstance(only, list) else []
            else:
                values = [only[step]] if isinstance(only, dict) and step in only else []
        elif step == "[]":
            values = [element for parent in values if isinstance(parent, list) for element in parent]
        else:
            values = [parent[step] for parent in values if isinstance(parent, dict) and step in parent]
    return values
