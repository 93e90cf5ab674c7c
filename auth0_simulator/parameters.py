"""Query parameters: what an endpoint allows, read into values or refused with Auth0's message."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from auth0_simulator.errors import invalid_parameter, unknown_parameters

Matches = Callable[[dict[str, Any], Any], bool]


@dataclass(frozen=True)
class Param:
    """One query parameter; `matches(row, value)` makes it a filter over the rows of a collection."""

    name: str
    type: Literal["string", "integer", "boolean", "list"] = "string"
    description: str = ""
    minimum: int | None = None
    maximum: int | None = None
    pattern: str | None = None
    choices: tuple[str, ...] = ()
    matches: Matches | None = None

    def read(self, raw: list[str]) -> Any:
        """The value; several of a parameter that is no list are refused."""
        if self.type == "list":
            return raw
        if len(raw) > 1:
            raise self._refusal(f"Expected type {self.type} but found type array")
        text = raw[0]
        if self.type == "boolean":
            if text not in {"true", "false"}:
                raise self._refusal("Expected type boolean but found type string")
            return text == "true"
        if self.type == "integer":
            return self._integer(text)
        if self.choices and text not in self.choices:
            raise self._refusal(f"No enum match for: {text}")
        if self.pattern and not re.fullmatch(self.pattern, text):
            raise self._refusal(f"String does not match pattern: {text}")
        return text

    def _integer(self, text: str) -> int:
        if not re.fullmatch(r"-?\d{1,15}", text):
            raise self._refusal("Expected type integer but found type string")
        number = int(text)
        if self.minimum is not None and number < self.minimum:
            raise self._refusal(f"Value {number} is less than minimum {self.minimum}")
        if self.maximum is not None and number > self.maximum:
            raise self._refusal(f"Value {number} is greater than maximum {self.maximum}")
        return number

    def _refusal(self, problem: str) -> Exception:
        return invalid_parameter(problem, self.name, self.description)


def equals(column: str) -> Matches:
    """A filter on a column that holds the parameter's very value."""
    return lambda row, value: bool(row.get(column) == value)


def one_of(column: str) -> Matches:
    """A filter on a column that holds one of the parameter's values."""
    return lambda row, values: row.get(column) in values


FIELDS = (
    Param("fields", description="Comma-separated list of fields to include or exclude in the result"),
    Param("include_fields", "boolean", "Whether specified fields are to be included (true) or excluded (false)"),
)


def read_query(allowed: Iterable[Param], query: Mapping[str, list[str]]) -> dict[str, Any]:
    """The values of a request's parameters; one that the endpoint does not know is refused."""
    known = {param.name: param for param in allowed}
    unknown = [name for name in query if name not in known]
    if unknown:
        raise unknown_parameters(unknown)
    return {name: known[name].read(raw) for name, raw in query.items()}
