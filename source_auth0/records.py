"""Rows, pages of rows, and the keys that parents add to them."""

from collections.abc import Mapping
from typing import Any

PAGE_SIZE, DEFAULT_PAGE_SIZE = 100, 50


def partition_columns(partition: Mapping[str, Any]) -> dict[str, Any]:
    """The keys of a slice and of the slices that its parents were read for, as columns of its rows."""
    above = partition.get("parent_slice")
    inherited = partition_columns(above) if isinstance(above, Mapping) else {}
    return {**inherited, **{key: value for key, value in partition.items() if key != "parent_slice"}}


Row = dict[str, Any]
Page = list[Row]
