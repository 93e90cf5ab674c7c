"""Rows, pages of rows, page sizes, and the parent keys that become columns."""

from collections.abc import Iterable, Mapping
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


class OtherStreamPage(list[Row]):
    """A page of rows of another stream than the one that hands it on: they are told in between, and need no request."""

    def __init__(self, stream: str, rows: Iterable[Row]) -> None:
        super().__init__(rows)
        self.stream = stream


def stream_of(page: Page, reader: str) -> str:
    """The stream whose rows a page has: mostly the one that reads it."""
    return page.stream if isinstance(page, OtherStreamPage) else reader
