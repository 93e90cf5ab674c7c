from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from airbyte_cdk.sources.declarative.partition_routers.list_partition_router import ListPartitionRouter
from airbyte_cdk.sources.declarative.partition_routers.substream_partition_router import ParentStreamConfig
from airbyte_cdk.sources.types import Record, StreamSlice

from source_auth0.records import partition_columns
from source_auth0.retrievers.lists.partition_routers import (
    CartesianProductRouter,
    OrganizationRouter,
    ParentElementsRouter,
    ParentFilterRouter,
    ParentKeyRenamingRouter,
    RoleRouter,
    parent_streams,
)
from testing.threads import in_threads

Build = Callable[..., Any]


@pytest.mark.parametrize(
    ("partition", "expected"),
    [
        ({}, {}),
        ({"a": 1, "parent_slice": {}}, {"a": 1}),
        ({"a": 1, "parent_slice": {"b": 2, "parent_slice": {"c": 3}}}, {"c": 3, "b": 2, "a": 1}),
        ({"a": 1, "parent_slice": {"a": 2}}, {"a": 1}),
        ({"a": 1, "parent_slice": None}, {"a": 1}),
    ],
)
def test_partition_columns_are_the_keys_of_all_parents(partition: dict[str, Any], expected: dict[str, Any]):
    """The nearest parent's key wins."""
    before = str(partition)
    assert expected == partition_columns(partition)
    assert before == str(partition)


class Parent:
    """A parent stream with one partition."""

    name = "parents"

    def __init__(self, *rows: dict[str, Any], parent_partition: dict[str, Any] | None = None) -> None:
        self.rows = rows
        self.parent_partition = StreamSlice(partition=parent_partition or {}, cursor_slice={})
        self.cursor = SimpleNamespace(
            close_partition=lambda _: None, ensure_at_least_one_state_emitted=lambda: None, observe=lambda _: None
        )

    def generate_partitions(self) -> list[Any]:
        records = [Record(data=row, stream_name=self.name, associated_slice=self.parent_partition) for row in self.rows]
        return [SimpleNamespace(read=lambda: iter(records), to_slice=lambda: self.parent_partition)]


@pytest.fixture
def build() -> Build:
    def build(kind: type[Any], *rows: dict[str, Any], extra: str, parent_partition: Any = None, **changes: Any) -> Any:
        config = ParentStreamConfig(
            stream=Parent(*rows, parent_partition=parent_partition),  # type: ignore[arg-type]
            parent_key="id",
            partition_field="thing",
            config={},
            parameters={},
            extra_fields=[[extra]],
        )
        return kind(parent_stream_configs=[config], config={}, parameters={}, **changes)

    return build


def test_only_matching_parents_become_partitions(build: Build):
    rows = [{"id": n, "strategy": strategy} for n, strategy in enumerate(["okta", "auth0", "oidc", None])]
    router = build(ParentFilterRouter, *rows, {"id": 9}, extra="strategy", where={"strategy": ["okta", "oidc"]})
    assert [0, 2] == [part.partition["thing"] for part in router.stream_slices()]


@pytest.mark.parametrize("warns", [False, True])
def test_parents_that_are_left_out_are_told_of_if_wanted(build: Build, caplog: pytest.LogCaptureFixture, warns: bool):
    """Not those that one of their rows lets in."""
    statuses = [("old", "DEPRECATED"), ("login", "CURRENT"), ("login", "DEPRECATED"), *((n, None) for n in range(11))]
    rows = [{"id": name, "status": status} for name, status in statuses]
    router = build(ParentFilterRouter, *rows, extra="status", where={"status": ["CURRENT"]}, warns=warns)
    assert ["login"] == [part.partition["thing"] for part in router.stream_slices()]
    told = "which do not have `status` CURRENT: old, 0, 1, 2, 3, 4, 5, 6, 7, 8 and 2 more."
    assert [told] * warns == [message.partition("`parents`, ")[2] for message in caplog.messages]


def test_within_one_organization_there_is_no_other_for_the_thread_that_says_so(build: Build):
    router = build(OrganizationRouter, {"id": 1}, {"id": 2}, extra="name")
    one = StreamSlice(partition={"thing": 2, "parent_slice": {}}, cursor_slice={})
    with router.only(one):
        assert [one] == list(router.stream_slices())
        elsewhere = in_threads(1, lambda _: [each.partition["thing"] for each in router.stream_slices()])
    assert [[1, 2]] == elsewhere
    assert [1, 2] == [each.partition["thing"] for each in router.stream_slices()]


@pytest.mark.parametrize("odd", [7, True, {}, ["okta"]])
def test_a_parent_whose_value_is_of_another_type_is_asked_for(build: Build, odd: Any):
    router = build(ParentFilterRouter, {"id": 1, "strategy": odd}, extra="strategy", where={"strategy": ["okta"]})
    assert [1] == [part.partition["thing"] for part in router.stream_slices()]


@pytest.mark.parametrize(("sources", "is_asked"), [([], False), (["direct"], False), ([{}], True), ("groups", True)])
def test_a_list_that_is_not_of_texts_tells_nothing_of_a_parent(build: Build, sources: Any, is_asked: bool):
    where = {"sources": [["groups"], ["direct", "groups"]]}
    router = build(ParentFilterRouter, {"id": 1, "sources": sources}, extra="sources", where=where)
    assert is_asked == bool(list(router.stream_slices()))


@pytest.mark.parametrize(("config", "expected"), [({}, [1, 2, 5]), ({"organization_roles": True}, [1, 2, 3, 4, 5])])
def test_roles_of_organizations_become_partitions_if_wanted(build: Build, config: dict[str, Any], expected: list[int]):
    """Either column tells them; a tenant without such roles has neither."""
    owners = [{"id": 1}, {"id": 2, "owner_id": None}, {"id": 3, "owner_id": "org_1"}, {"id": 5, "owner_id": "auth0"}]
    router = build(RoleRouter, *owners, extra="owner_id")
    router.config = config
    typed = build(RoleRouter, {"id": 4, "type": "organization"}, extra="type")
    typed.config = config
    parts = [*router.stream_slices(), *typed.stream_slices()]
    assert expected == sorted(part.partition["thing"] for part in parts)


def test_a_missing_field_may_match(build: Build):
    router = build(
        ParentFilterRouter, {"id": 1}, {"id": 2, "usage": "deny"}, extra="usage", where={"usage": ["allow", None]}
    )
    assert [1] == [part.partition["thing"] for part in router.stream_slices()]


def test_without_a_filter_every_parent_is_a_partition(build: Build):
    assert 2 == len(list(build(ParentFilterRouter, {"id": 1}, {"id": 2}, extra="usage").stream_slices()))


@pytest.mark.parametrize(("locales", "expected"), [(["en", "de"], ["en", "de"]), ([], []), (None, []), (..., [])])
def test_each_element_of_a_list_in_the_parents_row_is_a_partition(
    build: Build, caplog: pytest.LogCaptureFixture, locales: Any, expected: list[str]
):
    """An empty list is a warning."""
    row = {"id": 1} if locales is ... else {"id": 1, "locales": locales}
    router = build(ParentElementsRouter, row, extra="locales", elements_of="locales")
    parts = list(router.stream_slices())
    assert [{"thing": locale} for locale in expected] == [part.partition for part in parts]
    assert all(part.cursor_slice == {} for part in parts)
    expected_text = "`parents` has no `locales` in this tenant, so that what is read for each of them is empty."
    assert ([] if expected else [expected_text]) == caplog.messages


@pytest.mark.parametrize("odd", ["en", 7, {"en": "de"}, True, [7, {}, ["en"]]])
def test_what_is_no_list_of_texts_has_no_element(build: Build, caplog: pytest.LogCaptureFixture, odd: Any):
    router = build(ParentElementsRouter, {"id": 1, "locales": odd}, extra="locales", elements_of="locales")
    assert [] == list(router.stream_slices())
    expected_text = "`parents` has no `locales` in this tenant, so that what is read for each of them is empty."
    assert [expected_text] == caplog.messages


def test_an_element_that_is_no_text_costs_no_other(build: Build, caplog: pytest.LogCaptureFixture):
    row = {"id": 1, "locales": ["en", None, {"a": 1}, "de"]}
    router = build(ParentElementsRouter, row, extra="locales", elements_of="locales")
    assert ["en", "de"] == [part.partition["thing"] for part in router.stream_slices()]
    assert ["Some of `locales` are no texts; nothing is read for them."] == caplog.messages


def test_a_parent_key_may_be_renamed(build: Build):
    parent_partition = {"org_id": "org_1", "parent_slice": {"tenant": "acme", "parent_slice": {}}}
    router = build(
        ParentKeyRenamingRouter,
        {"id": 1, "usage": 5},
        extra="usage",
        parent_partition=parent_partition,
        renamed={"org_id": "organization_id"},
    )
    (part,) = router.stream_slices()
    assert {"organization_id": "org_1", "tenant": "acme", "thing": 1} == part.partition
    assert {"usage": 5} == part.extra_fields


def test_a_product_is_every_combination_and_warns_of_nothing(build: Build, caplog: pytest.LogCaptureFixture):
    pages = ListPartitionRouter(values=["a", "b"], cursor_field="page", config={}, parameters={})
    parents = build(ParentFilterRouter, {"id": 1}, {"id": 2}, extra="usage")
    parts = list(CartesianProductRouter(stream_slicers=[parents, pages], parameters={}).stream_slices())
    expected = [(thing, page) for thing in (1, 2) for page in "ab"]
    assert expected == [(part.partition["thing"], part.partition["page"]) for part in parts]
    assert [] == caplog.records


def test_a_router_tells_the_streams_whose_rows_it_makes_slices_of(build: Build):
    """Those of all that it combines; a fixed list has none."""
    roles, values = build(RoleRouter, extra="type"), ListPartitionRouter(["a"], "letter", {}, {})
    combined = CartesianProductRouter(stream_slicers=[roles, values, roles], parameters={})
    assert ["parents"] == parent_streams(roles)
    assert ["parents", "parents"] == parent_streams(combined)
    assert [] == parent_streams(values) == parent_streams(None)
