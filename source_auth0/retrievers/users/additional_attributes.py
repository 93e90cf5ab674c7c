"""Attributes outside the schema: identity providers and custom databases add their own at the root of a user."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from airbyte_cdk.sources.declarative.transformations import RecordTransformation

COLUMN = "additional_attributes"


@dataclass
class AdditionalAttributesTransformation(RecordTransformation):
    """Copies attributes without a column of their own into one object column: a typed destination would drop them."""

    declared: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._declared = frozenset(self.declared)

    def transform(  # noqa: D102 - the framework's contract
        self,
        record: dict[str, Any],
        config: Mapping[str, Any] | None = None,  # noqa: ARG002
        stream_state: Mapping[str, Any] | None = None,  # noqa: ARG002
        stream_slice: Mapping[str, Any] | None = None,  # noqa: ARG002
    ) -> None:
        if not self._declared.issuperset(record):
            record[COLUMN] = {name: value for name, value in record.items() if name not in self._declared}
