"""Rows, pages of rows, page sizes, and the parent keys that become columns."""

from collections.abc import Mapping
from typing import Any

#: Rows in a page: the most that Auth0 allows, and what it sends when a request names no size.
PAGE_SIZE, DEFAULT_PAGE_SIZE = 100, 50
#: The column of values that are not what their own column's schema says, by the column's name.
UNCONFORMING = "unconforming"


def partition_columns(partition: Mapping[str, Any]) -> dict[str, Any]:
    """The keys of a partition and of its parents' partitions, flattened into columns of its rows."""
    parent = partition.get("parent_slice")
    inherited = partition_columns(parent) if isinstance(parent, Mapping) else {}
    return {**inherited, **{key: value for key, value in partition.items() if key != "parent_slice"}}


Row = dict[str, Any]
Page = list[Row]
