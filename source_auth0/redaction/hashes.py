"""SHA-256 in the place of secrets, and beside source code."""

import hashlib
from typing import Any

import orjson


class HashedText(str):
    """The hash of a value; a type of its own, so that it is neither hashed again nor taken for a secret."""

    __slots__ = ()


def hash_leaves(value: Any) -> Any:
    """The same shape with `sha256:<hex>` for each leaf; nulls and hashes stay as they are."""
    return _hashed(value, "sha256:")


def sha256_leaves(value: Any) -> Any:
    """The same shape with the hexadecimal SHA-256 of each leaf; nulls stay as they are."""
    return _hashed(value, "")


def _hashed(value: Any, prefix: str) -> Any:
    if isinstance(value, dict):
        return {key: _hashed(child, prefix) for key, child in value.items()}
    if isinstance(value, list):
        return [_hashed(child, prefix) for child in value]
    if value is None or isinstance(value, HashedText):
        return value
    text = value.encode() if isinstance(value, str) else orjson.dumps(value)
    return HashedText(f"{prefix}{hashlib.sha256(text).hexdigest()}")
