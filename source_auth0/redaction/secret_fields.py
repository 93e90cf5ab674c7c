"""Secrets: where a stream file marks them, and how they are kept back."""

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson
from airbyte_cdk.sources.declarative.transformations import RecordTransformation

#: The mark of a property that is a secret, and of an object of unknown keys that the net of names goes through.
MARK, NET = "x-secret", "net"
#: Names of secrets inside free-form objects, in lower case without `_` and `-` (`apiKey` and `api_key` are one).
SECRET_NAMES = re.compile(
    r"secret|passw(or)?d|passphrase|passcode|token|credential|authorization|assertion|bearer|connectionstring|customheaders"
    r"|^(key|skey|ikey|pfx|jwk|pem|pwd)$|(?<!by)pass$|pwd$|signature$|(^|twilio)sid$"
    r"|(private|primary|secondary|signing|encryption|decryption|api|access|write|master|shared|sas|hmac|integration"
    r"|subscription|account|license|datadog)key"
)
#: Names that the net would catch although they tell about a secret without being one.
HARMLESS_NAMES = re.compile(
    r"(url|uri|endpoint|lifetime|type|algs?|algorithms?|policy|methods?|supported|enabled|required|strength|history|format"
    r"|nopersonalinfo|dictionary|options|expiresin|inseconds|keyid|keyname|iss|sub)$"
)
#: Source code of custom databases, kept as it is: docs/behavior.md says what it may hold.
SOURCE_CODE_NAMES = {"customscripts", "scripts"}
#: Objects under the name of a secret that hold settings; the net is cast into them instead.
SETTINGS_NAMES = {"password"}
#: Keys of the name and the value in lists of pairs, such as HTTP headers.
PAIR_NAME_KEYS, PAIR_VALUE_KEY = ("header", "name", "key"), "value"
Path = tuple[str, ...]


class HashedText(str):
    """What stands in a secret's place, told apart from any text so that it is not hashed again."""

    __slots__ = ()


def marked_paths(schema: Mapping[str, Any], mark: object, path: Path = ()) -> Iterator[Path]:
    """The paths of a schema's properties that carry a mark; `[]` stands for each element of an array."""
    for name, declared in (schema.get("properties") or {}).items():
        if declared.get(MARK) == mark:
            yield (*path, name)
        else:
            yield from marked_paths(declared, mark, (*path, name))
    if isinstance(items := schema.get("items"), dict):
        if items.get(MARK) == mark:
            yield path
        else:
            yield from marked_paths(items, mark, (*path, "[]"))


@dataclass
class RedactSecretsTransformation(RecordTransformation):
    """Takes the marked secrets out of a row, or puts their hashes in their place.

    A plain walk: the framework's RemoveFields with a glob makes the whole read 4.6 times slower.
    """

    config: dict[str, Any] = field(repr=False)
    paths: list[list[str]] = field(default_factory=list)
    free_form: list[list[str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._hashed = is_hashing_secrets(self.config)
        #: Secrets by the path of what holds them, so that each path is walked once a row.
        self._names: dict[tuple[str, ...], list[str]] = {}
        for *holder, name in self.paths:
            self._names.setdefault(tuple(holder), []).append(name)

    def transform(  # noqa: D102 - the framework's contract
        self,
        record: dict[str, Any],
        config: Mapping[str, Any] | None = None,  # noqa: ARG002
        stream_state: Mapping[str, Any] | None = None,  # noqa: ARG002
        stream_slice: Mapping[str, Any] | None = None,  # noqa: ARG002
    ) -> None:
        for above, names in self._names.items():
            for holder in _values_at(record, above):
                if isinstance(holder, dict):
                    for name in names:
                        if name in holder:
                            self._replace(holder, name)
        for path in self.free_form:
            for value in _values_at(record, path):
                self._cast_net(value)

    def _cast_net(self, value: Any) -> None:
        if isinstance(value, list):
            for element in value:
                self._cast_net(element)
        elif isinstance(value, dict):
            named = _names_a_secret(value)
            for name in list(value):
                if named is not None and name in PAIR_NAME_KEYS and isinstance(value[name], str):
                    continue
                if _is_secret(name, value[name]) or (named and name == PAIR_VALUE_KEY):
                    self._replace(value, name)
                elif _normalize_name(name) not in SOURCE_CODE_NAMES:
                    self._cast_net(value[name])

    def _replace(self, holder: dict[str, Any], name: str) -> None:
        if self._hashed:
            holder[name] = hash_leaves(holder[name])
        else:
            del holder[name]


def is_hashing_secrets(config: Mapping[str, Any]) -> bool:
    """Whether secrets are replaced by their hashes rather than left out."""
    return config.get("secrets") == "hash"


def is_secret_name(name: str) -> bool:
    """Whether a key inside a free-form object is one under which secrets are kept."""
    plain = _normalize_name(name)
    return bool(SECRET_NAMES.search(plain)) and not HARMLESS_NAMES.search(plain)


def _normalize_name(name: str) -> str:
    return name.lower().replace("_", "").replace("-", "")


def _is_secret(name: str, value: Any) -> bool:
    """Flags and numbers are no secrets, nor are settings of how something signs in, of which the net takes its part."""
    settings = isinstance(value, dict) and _normalize_name(name) in SETTINGS_NAMES
    return is_secret_name(name) and not settings and _has_text(value)


def _names_a_secret(value: Mapping[str, Any]) -> bool | None:
    """Whether a pair, as in a list of HTTP headers, has the name of a secret; None where it is no pair of two texts."""
    names = [value[key] for key in PAIR_NAME_KEYS if isinstance(value.get(key), str)]
    if PAIR_VALUE_KEY not in value or not names:
        return None
    return any(map(is_secret_name, names))


def _has_text(value: Any) -> bool:
    if isinstance(value, (dict, list)):
        return any(map(_has_text, value.values() if isinstance(value, dict) else value))
    return isinstance(value, str)


def hash_leaves(value: Any) -> Any:
    """The same shape with `sha256:<hex>` for each leaf; null stays null, and so does what is hashed already."""
    if isinstance(value, dict):
        return {key: hash_leaves(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [hash_leaves(inner) for inner in value]
    if value is None or isinstance(value, HashedText):
        return value
    text = value.encode() if isinstance(value, str) else orjson.dumps(value)
    return HashedText(f"sha256:{hashlib.sha256(text).hexdigest()}")


def _values_at(value: Any, path: Iterable[str]) -> list[Any]:
    found = [value]
    for step in path:
        if step == "[]":
            found = [element for one in found if isinstance(one, list) for element in one]
        else:
            found = [one[step] for one in found if isinstance(one, dict) and step in one]
    return found
