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
    hashed: list[Any] = [None]
    pending: list[tuple[Any, Any, Any]] = [(hashed, 0, value)]  # no recursion: values may be nested deeper than calls
    while pending:
        parent, key, child = pending.pop()
        if isinstance(child, dict):
            parent[key] = dict.fromkeys(child)
            pending += [(parent[key], name, leaf) for name, leaf in child.items()]
        elif isinstance(child, list):
            parent[key] = [None] * len(child)
            pending += [(parent[key], number, leaf) for number, leaf in enumerate(child)]
        else:
            parent[key] = _hash(child, prefix)
    return hashed[0]


def _hash(leaf: Any, prefix: str) -> Any:
    if leaf is None or isinstance(leaf, HashedText):
        return leaf
    text = leaf.encode() if isinstance(leaf, str) else orjson.dumps(leaf)
    return HashedText(f"{prefix}{hashlib.sha256(text).hexdigest()}")
