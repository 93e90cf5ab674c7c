"""Redaction of secrets in rows: by the `x-secret` marks of stream files, and by field name in free-form objects."""

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson
from airbyte_cdk.sources.declarative.transformations import RecordTransformation

#: The schema keyword of a secret property; its value for a free-form object, which is redacted by field name; and that
#: for an object each of whose values is a secret, whose keys are kept.
SECRET_MARK, FREE_FORM_MARK, VALUES_MARK = "x-secret", "net", "values"
#: Names of secrets inside free-form objects, in lower case without `_` and `-` (`apiKey` equals `api_key`).
SECRET_NAMES = re.compile(
    r"secret|passw(or)?d|passphrase|passcode|token|credential|authorization|assertion|bearer|connectionstring|customheaders"
    r"|^(key|skey|ikey|pfx|jwk|pem|pwd)$|(?<!by)pass$|pwd$|signature$|(^|twilio)sid$"
    r"|(private|primary|secondary|signing|encryption|decryption|api|access|write|master|shared|sas|hmac|integration"
    r"|subscription|account|license|datadog)key"
)
#: Names that `SECRET_NAMES` matches although their value is only about a secret.
HARMLESS_NAMES = re.compile(
    r"(url|uri|endpoint|lifetime|type|algs?|algorithms?|policy|methods?|supported|enabled|required|strength|history|format"
    r"|nopersonalinfo|dictionary|options|expiresin|inseconds|keyid|keyname|iss|sub)$"
)
#: Source code of custom databases, kept as it is: docs/behavior.md says what it may hold.
SOURCE_CODE_NAMES = {"customscripts", "scripts"}
#: Names of secrets that may hold an object of settings, whose fields are redacted by name instead.
SETTINGS_NAMES = {"password"}
#: Keys of the name and the value in lists of pairs, such as HTTP headers.
PAIR_NAME_KEYS, PAIR_VALUE_KEY = ("header", "name", "key"), "value"
#: The step of a path that stands for each key of an object.
ANY_KEY = "*"
Path = tuple[str, ...]


class HashedText(str):
    """The hash of a secret; a type of its own, so that it is not hashed again."""

    __slots__ = ()


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


@dataclass
class RedactSecretsTransformation(RecordTransformation):
    """Removes the marked secrets from a row, or replaces them with their hashes.

    It follows paths by plain loops: the framework's RemoveFields with a glob makes the whole read 4.6 times slower.
    """

    config: dict[str, Any] = field(repr=False)
    paths: list[list[str]] = field(default_factory=list)
    free_form: list[list[str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._is_hashing = is_hashing_secrets(self.config)
        #: Names of secrets by the path of their parent object, so that each path is followed once a row.
        self._names_by_parent: dict[Path, list[str]] = {}
        for *parent, name in self.paths:
            self._names_by_parent.setdefault(tuple(parent), []).append(name)

    def transform(  # noqa: D102 - the framework's contract
        self,
        record: dict[str, Any],
        config: Mapping[str, Any] | None = None,  # noqa: ARG002
        stream_state: Mapping[str, Any] | None = None,  # noqa: ARG002
        stream_slice: Mapping[str, Any] | None = None,  # noqa: ARG002
    ) -> None:
        for path, names in self._names_by_parent.items():
            for parent in _values_at(record, path):
                if isinstance(parent, dict):
                    for name in names:
                        if name == ANY_KEY:
                            self._redact_values(parent)
                        elif name in parent:
                            self._redact(parent, name)
        for free_form_path in self.free_form:
            for value in _values_at(record, free_form_path):
                self._redact_by_name(value)

    def _redact_by_name(self, value: Any) -> None:
        if isinstance(value, list):
            for element in value:
                self._redact_by_name(element)
        elif isinstance(value, dict):
            is_secret_pair = _is_secret_pair(value)
            for name in list(value):
                if is_secret_pair is not None and name in PAIR_NAME_KEYS and isinstance(value[name], str):
                    continue
                if _is_secret(name, value[name]) or (is_secret_pair and name == PAIR_VALUE_KEY):
                    self._redact(value, name)
                elif _normalize_name(name) not in SOURCE_CODE_NAMES:
                    self._redact_by_name(value[name])

    def _redact_values(self, parent: dict[str, Any]) -> None:
        """Keep the keys, which say what is configured; their values become null, or hashes."""
        for name, value in parent.items():
            parent[name] = hash_leaves(value) if self._is_hashing else None

    def _redact(self, parent: dict[str, Any], name: str) -> None:
        if self._is_hashing:
            parent[name] = hash_leaves(parent[name])
        else:
            del parent[name]


def is_hashing_secrets(config: Mapping[str, Any]) -> bool:
    """Whether secrets are replaced with their hashes rather than removed."""
    return config.get("secrets") == "hash"


def is_secret_name(name: str) -> bool:
    """Whether a key of a free-form object is the name of a secret."""
    normalized = _normalize_name(name)
    return bool(SECRET_NAMES.search(normalized)) and not HARMLESS_NAMES.search(normalized)


def _normalize_name(name: str) -> str:
    return name.lower().replace("_", "").replace("-", "")


def _is_secret(name: str, value: Any) -> bool:
    """Whether a field is a secret by its name; flags, numbers and objects of settings are not."""
    is_settings = isinstance(value, dict) and _normalize_name(name) in SETTINGS_NAMES
    return is_secret_name(name) and not is_settings and _has_text(value)


def _is_secret_pair(value: Mapping[str, Any]) -> bool | None:
    """Whether a name-value pair, such as an HTTP header, has the name of a secret; None where it is no such pair."""
    names = [value[key] for key in PAIR_NAME_KEYS if isinstance(value.get(key), str)]
    if PAIR_VALUE_KEY not in value or not names:
        return None
    return any(map(is_secret_name, names))


def _has_text(value: Any) -> bool:
    if isinstance(value, (dict, list)):
        return any(map(_has_text, value.values() if isinstance(value, dict) else value))
    return isinstance(value, str)


def hash_leaves(value: Any) -> Any:
    """The same shape with `sha256:<hex>` for each leaf; nulls and hashes stay as they are."""
    if isinstance(value, dict):
        return {key: hash_leaves(child) for key, child in value.items()}
    if isinstance(value, list):
        return [hash_leaves(child) for child in value]
    if value is None or isinstance(value, HashedText):
        return value
    text = value.encode() if isinstance(value, str) else orjson.dumps(value)
    return HashedText(f"sha256:{hashlib.sha256(text).hexdigest()}")


def _values_at(value: Any, path: Iterable[str]) -> list[Any]:
    values = [value]
    for step in path:
        if step == "[]":
            values = [element for parent in values if isinstance(parent, list) for element in parent]
        else:
            values = [parent[step] for parent in values if isinstance(parent, dict) and step in parent]
    return values
