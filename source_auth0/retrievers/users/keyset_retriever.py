"""The retriever of `users`: reads what its cursor plans, and finishes the rows."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from airbyte_cdk.sources.types import StreamSlice

from source_auth0.config.excluded_fields import ExcludedFields
from source_auth0.records import Page
from source_auth0.retrievers.cursors.work_items import work_item
from source_auth0.retrievers.lists.lists import ListRetriever
from source_auth0.retrievers.user_search.queries import UserSearch
from source_auth0.retrievers.users.cursor import UserCursor, UsersWorkItem
from source_auth0.retrievers.users.export_job import EXPORTABLE_FIELDS, NOT_EXPORTABLE_FIELDS, UserExport


@dataclass
class KeysetUserRetriever(ListRetriever):
    """Reads the work items of a UserCursor: time slices in ascending order, an export's file, tombstones.

    `columns` replaces the query parameters that exclude fields, for a reader whose requester selects some fields only.
    """

    columns: dict[str, str] | None = None
    cursor: UserCursor | None = None
    cursor_class: ClassVar[type[UserCursor]] = UserCursor

    def __post_init__(self) -> None:
        super().__post_init__()
        self.export = UserExport(self.requester)
        self.excluded = ExcludedFields.of(self.config)
        self.excluded.warn_of_unknown({*EXPORTABLE_FIELDS, *NOT_EXPORTABLE_FIELDS}, self.tenant.first_time)
        columns = self.excluded.query if self.columns is None else self.columns
        self.search = UserSearch(self.requester, self.rows_of, columns)
        if self.cursor is not None:
            self.cursor.search, self.cursor.export = self.search, self.export

    def read_pages(self, stream_slice: StreamSlice) -> Iterator[Page]:
        """The users of one time slice, of an export, or tombstones of deleted ones."""
        item = work_item(UsersWorkItem, stream_slice, self.name)
        # Close the generator even if a row fails: the thread that splits slices waits for those being read.
        with contextlib.closing(item.cursor.pages_of(item.work)) as pages:
            for page in pages:
                yield self.finished(self.excluded.without(page), stream_slice)
