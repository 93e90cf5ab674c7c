"""Work items: what a cursor has a worker read next, an object of its family's own type, put on a slice and taken off.

The framework hands a slice from a cursor to a retriever and leaves its `extra_fields` alone, where partition routers
put columns of a parent's row by name.
"""

from collections.abc import Mapping
from typing import Any, TypeVar

from airbyte_cdk.sources.types import StreamSlice

from source_auth0.errors import config_error

#: Where a slice carries its work item; no column of a parent has this name.
WORK_ITEM = "source_auth0 work item"
ItemT = TypeVar("ItemT")


def slice_with(
    item: object, *, partition: Mapping[str, Any] | None = None, cursor_slice: Mapping[str, Any] | None = None
) -> StreamSlice:
    """The framework's slice for a work item; `partition` and `cursor_slice` are what logs and rows show of it."""
    return StreamSlice(partition=partition or {}, cursor_slice=cursor_slice or {}, extra_fields={WORK_ITEM: item})


def work_item(kind: type[ItemT], stream_slice: StreamSlice, stream: str) -> ItemT:
    """The work item of a slice; raises a config error where the slice has none of this kind, so that nothing is read.

    Such slices come from the framework's own component factory, which knows no cursor of ours. Taken as they are, a
    list of single users would be requested without a user, and end well with no rows.
    """
    if (item := optional_work_item(kind, stream_slice)) is None:
        raise config_error(
            f"`{stream}` was not read: this program builds streams from the manifest alone, without the connector's "
            "own cursors, which plan what is read. Run the connector itself: its image, or the command `source-auth0`."
        )
    return item


def optional_work_item(kind: type[ItemT], stream_slice: StreamSlice) -> ItemT | None:
    """The same; None where the slice has none of this kind."""
    item = stream_slice.extra_fields.get(WORK_ITEM)
    return item if isinstance(item, kind) else None
