from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from airbyte_cdk.sources.declarative.transformations import RecordTransformation
from airbyte_cdk.utils.traced_exception import AirbyteTracedException

from source_auth0.api.tenant import Tenant
from source_auth0.errors import QueryTimeoutError
from source_auth0.records import Page
from source_auth0.retrievers.cursors.work_items import slice_with
from source_auth0.retrievers.user_search.keyset import KeysetReader
from source_auth0.retrievers.user_search.time_slices import TimeSlice
from source_auth0.retrievers.users.cursor import UsersWorkItem
from source_auth0.retrievers.users.work import OtherUsers, UserWork
from testing.fakes.times import MIDNIGHT
from testing.fakes.user_search import UserDirectory, ids, user_retriever, users_at

END = MIDNIGHT + 86_399_000


class WorkReader:
    """Reads one work item, by default a time slice, and records what its cursor sees of that."""

    def __init__(self, directory: Any, work: UserWork | None = None) -> None:
        self.stream = user_retriever(directory)
        self.work = TimeSlice("created_at", 0, END) if work is None else work
        self.calls: list[int | str] = []

    def pages_of(self, work: UserWork) -> Iterator[Page]:
        """As UserCursor does it: a page counts as handed on when the next one is asked for."""
        assert work is self.work
        try:
            is_time = isinstance(work, TimeSlice)
            for page in KeysetReader(self.stream.search, work).pages() if is_time else work.read():
                yield page
                self.calls.append(len(page))
        finally:
            self.calls.append("left")

    def rows(self) -> Any:
        return self.stream.read_records({}, slice_with(UsersWorkItem(self.work, self)))


class FailingTransformation(RecordTransformation):
    def transform(self, *_: Any, **__: Any) -> None:
        raise KeyError("an accident")


def test_a_failing_transformation_releases_the_slice_while_the_error_is_held():
    """As the framework holds it; the thread that splits slices would wait for this one for ever."""
    reader = WorkReader(UserDirectory(users_at(1)))
    reader.stream.transformations.append(FailingTransformation())
    with pytest.raises(KeyError) as held:
        list(reader.rows())
    assert (["left"], "an accident") == (reader.calls, held.value.args[0])


def test_a_page_is_reported_to_the_cursor_once_its_rows_are_handed_on():
    reader = WorkReader(UserDirectory(users_at(*range(150))))
    rows = reader.rows()
    assert [100, 50] == [len([next(rows) for _ in range(100)]), len(list(rows))]
    assert [100, 50, "left"] == reader.calls


def test_a_page_is_not_reported_before_its_rows_are_handed_on():
    reader = WorkReader(UserDirectory(users_at(*range(150))))
    rows = reader.rows()
    next(rows)
    assert [] == reader.calls
    rows.close()
    assert ["left"] == reader.calls


def test_a_failed_slice_is_released():
    reader = WorkReader(UserDirectory(users_at(1), slow=0))
    with pytest.raises(QueryTimeoutError):
        list(reader.rows())
    assert {0, "left"} == set(reader.calls)
    assert "left" == reader.calls[-1]


@pytest.mark.parametrize("body", [None, [], {"users": []}, {"users": [], "total": 0}, {"users": [], "total": "5"}])
def test_an_empty_response_yields_no_rows(body: Any):
    assert [] == list(WorkReader(SimpleNamespace(get=lambda *_: body, tenant=Tenant({}), name="users")).rows())


def test_a_response_without_users_is_an_error():
    reader = WorkReader(SimpleNamespace(get=lambda *_: {"results": []}, tenant=Tenant({}), name="users"))
    with pytest.raises(AirbyteTracedException, match="where a list of rows was due"):
        list(reader.rows())


class CountingTransformation(RecordTransformation):
    def transform(self, record: dict[str, Any], config=None, stream_state=None, stream_slice=None) -> None:
        record["marked"] = record.get("marked", 0) + 1


def test_rows_are_transformed_once():
    reader = WorkReader(UserDirectory(users_at(*range(150))))
    reader.stream.transformations.append(CountingTransformation())
    assert [1] * 150 == [row["marked"] for row in reader.rows()]


def test_other_users_are_read_instead_of_time_slices():
    """Those of an export, or tombstones."""
    reader = WorkReader(
        UserDirectory([]), OtherUsers("export", lambda: iter([[{"user_id": "a"}], [], [{"user_id": "b"}]]))
    )
    reader.stream.transformations.append(CountingTransformation())
    assert [{"user_id": "a", "marked": 1}, {"user_id": "b", "marked": 1}] == list(reader.rows())
    assert [1, 0, 1, "left"] == reader.calls


def test_excluded_fields_are_neither_asked_for_nor_handed_on():
    """Not even where Auth0 sends them all the same."""
    directory = UserDirectory(users_at(1, 2), users_excluded_fields=["identities"])
    rows = list(WorkReader(directory).rows())
    assert [{"user_id", "created_at", "updated_at"}] * 2 == [set(row) for row in rows]
    assert ids(directory.users) == ids(rows)
    assert {("identities", "false")} == {(query["fields"], query["include_fields"]) for query in directory.queries}


def test_a_reader_may_name_its_columns_instead():
    """A reader whose requester selects some fields excludes none."""
    directory = UserDirectory(users_at(1, 2), users_excluded_fields=["identities"])
    list(user_retriever(directory, columns={}).search.newest_indexed(0))
    assert "fields" not in directory.queries[0]


def test_the_cursor_reads_by_the_retriever_s_search_and_export():
    cursor = SimpleNamespace()
    stream = user_retriever(UserDirectory([]), cursor=cursor)
    assert (stream.search, stream.export) == (cursor.search, cursor.export)
