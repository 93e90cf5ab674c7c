"""What a stream is read for: rows of other streams, elements of a list in one, names of a fixed set."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from source_auth0.manifest.assembly import load_manifest

PARTITIONS, PARENTS = "#/definitions/partitions/", "#/definitions/parents/"


@dataclass(frozen=True)
class FixedNames:
    """A list is read for each of these names; `column` is the query parameter or the part of the path that they are."""

    column: str
    names: tuple[str, ...]
    is_parameter: bool = False

    @property
    def words(self) -> tuple[str, ...]:
        """As docs/streams.md has it."""
        return (f"of {len(self.names)} kinds",) if len(self.names) > 1 else ()


@dataclass(frozen=True)
class ParentRows:
    """A list is read for each row of `stream`, whose `key` is the column `column` of the list.

    where: the values of a parent's fields with which it can have such a list. of_roles: whether the roles of
    organizations count only where the config asks for them. elements_of: the parent's list whose elements are meant, in
    place of its key. renamed: what keys of the parent's own parents are called here.
    """

    stream: str
    key: str
    column: str
    where: Mapping[str, list[Any]] = field(default_factory=dict)
    of_roles: bool = False
    elements_of: str = ""
    renamed: Mapping[str, str] = field(default_factory=dict)

    @property
    def words(self) -> tuple[str, ...]:
        """As docs/streams.md has it."""
        if self.elements_of:
            return (f"of the tenant's `{self.elements_of}`",)
        return (f"row of `{self.stream}`" + (" that can have any" if self.where or self.of_roles else ""),)


Factor = FixedNames | ParentRows


def partitions_of(stream: Mapping[str, Any]) -> list[Factor]:
    """What a stream is read for; with several factors, for every combination. Empty for a list of the tenant's."""
    router = stream["retriever"].get("partition_router")
    return list(_factors(router)) if router else []


def parents_of(stream: Mapping[str, Any]) -> list[str]:
    """The same in words."""
    return [word for factor in partitions_of(stream) for word in factor.words]


def _factors(router: Mapping[str, Any]) -> Iterator[Factor]:
    if str(reference := router.get("$ref", "")).startswith(PARTITIONS):
        router = load_manifest()["definitions"]["partitions"][reference.removeprefix(PARTITIONS)]
    if router["type"] == "ListPartitionRouter":
        yield FixedNames(router["cursor_field"], tuple(router["values"]), "request_option" in router)
        return
    for part in router.get("stream_slicers", ()):
        yield from _factors(part)
    for parent in router.get("parent_stream_configs", ()):
        yield ParentRows(
            parent["stream"]["$ref"].removeprefix(PARENTS),
            parent["parent_key"],
            parent["partition_field"],
            router.get("where", {}),
            str(router.get("class_name")).endswith(".RoleRouter"),
            router.get("elements_of", ""),
            router.get("renamed", {}),
        )
