"""Rows held against rows: which are missing, which nobody has, and which have other values."""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Row = Mapping[str, Any]
#: Columns that say when a sync ran, not what the tenant holds.
OF_THE_SYNC = frozenset({"read_at"})


@dataclass(frozen=True)
class Difference:
    """One row that is not as the tenant has it.

    kind: "missing" (the tenant has it), "invented" (only the sync has it) or "altered" (the columns differ). row: the
    tenant's row, or the sync's where the tenant has none. found: the sync's row, if there is one.
    """

    kind: str
    row: Row
    key: tuple[str, ...]
    columns: frozenset[str] = frozenset()
    found: Row | None = None

    def __str__(self) -> str:
        columns = f" in {', '.join(map(repr, sorted(self.columns)))[:200]}" if self.columns else ""
        return f"{self.kind} row {', '.join(self.key)[:200]}{columns}"


def differences(expected: Iterable[Row], rows: Iterable[Row], key_columns: Collection[str]) -> Iterator[Difference]:
    """All differences between what the tenant holds and what came; of rows with the same key the last one counts."""
    by_key = {key_of(row, key_columns): row for row in rows}
    expected_by_key = {key_of(row, key_columns): row for row in expected}
    for key, row in expected_by_key.items():
        if key not in by_key:
            yield Difference("missing", row, key)
        elif columns := _altered_columns(row, by_key[key]):
            yield Difference("altered", row, key, columns, by_key[key])
    for key, row in by_key.items():
        if key not in expected_by_key:
            yield Difference("invented", row, key, found=row)


def key_of(row: Row, key_columns: Collection[str]) -> tuple[str, ...]:
    """A row's key, as texts that can be compared whatever the values are."""
    return tuple(text_of(row.get(column)) for column in key_columns)


def text_of(value: Any) -> str:
    """A value as a text that only an equal value of the same type has; half of a surrogate pair equals U+FFFD."""
    try:
        text = json.dumps(value, sort_keys=True, ensure_ascii=False)
    except RecursionError:
        return "nested too deeply"
    return whole(text)


def whole(text: str) -> str:
    """A text as the connector sends it: with U+FFFD for half of a surrogate pair."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _altered_columns(expected: Row, row: Row) -> frozenset[str]:
    columns = (expected.keys() | row.keys()) - OF_THE_SYNC
    missing = object()
    return frozenset(
        column
        for column in columns
        if (expected.get(column, missing) is missing) != (row.get(column, missing) is missing)
        or text_of(expected.get(column)) != text_of(row.get(column))
    )
