from dataclasses import dataclass
from typing import Any

import pytest
from airbyte_cdk.models import FailureType
from airbyte_cdk.sources.types import StreamSlice
from airbyte_cdk.utils.traced_exception import AirbyteTracedException

from source_auth0.retrievers.cursors.work_items import optional_work_item, slice_with, work_item

REFUSAL = (
    "`things` was not read: this program builds streams from the manifest alone, without the connector's own cursors, "
    "which plan what is read. Run the connector itself: its image, or the command `source-auth0`."
)


@dataclass(frozen=True)
class Work:
    name: str


@dataclass(frozen=True)
class OtherWork:
    name: str


def test_a_retriever_takes_off_the_very_object_that_its_cursor_put_on():
    item = Work("a")
    assert item is work_item(Work, slice_with(item), "things")


def test_a_slice_shows_its_partition_and_range_and_hides_its_work():
    """What it shows becomes columns of rows, and part of the keys of shared pages."""
    shown = slice_with(Work("a"), partition={"user_id": "u"}, cursor_slice={"start": "1"})
    assert ({"user_id": "u"}, {"start": "1"}) == (shown.partition, shown.cursor_slice)
    assert {"user_id": "u", "start": "1"} == dict(shown)
    hidden = slice_with(Work("a"))
    assert ({}, {}, {}) == (hidden.partition, hidden.cursor_slice, dict(hidden))


@pytest.mark.parametrize(
    "given",
    [
        StreamSlice(partition={}, cursor_slice={}),
        StreamSlice(partition={"user_id": "u"}, cursor_slice={"start": "1"}, extra_fields={"name": "a"}),
        slice_with(OtherWork("a")),
        slice_with(None),
    ],
    ids=["bare", "with a parent's columns", "of another family", "empty"],
)
def test_a_slice_of_another_maker_is_refused_in_a_sentence(given: Any):
    with pytest.raises(AirbyteTracedException) as refused:
        work_item(Work, given, "things")
    assert (REFUSAL, FailureType.config_error) == (refused.value.message, refused.value.failure_type)
    assert None is optional_work_item(Work, given)


def test_an_optional_item_is_taken_off_where_it_is():
    item = Work("a")
    assert item is optional_work_item(Work, slice_with(item))
