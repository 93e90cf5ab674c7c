"""Query parameters: validated and converted, or rejected with Auth0's message."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from auth0_simulator.wire.errors import invalid_parameter, unknown_parameters

Matches = Callable[[dict[str, Any], Any], bool]


@dataclass(frozen=True)
class QueryParameter:
    """One query parameter; with `matches(row, value)` it filters the rows of a collection."""

    name: str
    type: Literal["string", "integer", "boolean", "list"] = "string"
    description: str = ""
    minimum: int | None = None
    maximum: int | None = None
    pattern: str | None = None
    choices: tuple[str, ...] = ()
    matches: Matches | None = None

    def read(self, raw: list[str]) -> Any:
        """Validate and convert the values of the parameter; only a list may be repeated."""
        if self.type == "list":
            return raw
        if len(raw) > 1:
            raise self._invalid(f"Expected type {self.type} but found type array")
        text = raw[0]
        if self.type == "boolean":
            if text not in {"true", "false"}:
                raise self._invalid("Expected type boolean but found type string")
            return text == "true"
        if self.type == "integer":
            return self._integer(text)
        if self.choices and text not in self.choices:
            raise self._invalid(f"No enum match for: {text}")
        if self.pattern and not re.fullmatch(self.pattern, text):
            raise self._invalid(f"String does not match pattern: {text}")
        return text

    def _integer(self, text: str) -> int:
        if not re.fullmatch(r"-?\d{1,15}", text):
            raise self._invalid("Expected type integer but found type string")
        number = int(text)
        if self.minimum is not None and number < self.minimum:
            raise self._invalid(f"Value {number} is less than minimum {self.minimum}")
        if self.maximum is not None and number > self.maximum:
            raise self._invalid(f"Value {number} is greater than maximum {self.maximum}")
        return number

    def _invalid(self, problem: str) -> Exception:
        return invalid_parameter(problem, self.name, self.description)


def equals(column: str) -> Matches:
    """A filter: the column equals the parameter."""
    return lambda row, value: bool(row.get(column) == value)


def one_of(column: str) -> Matches:
    """A filter: the column equals one of the parameter's values."""
    return lambda row, values: row.get(column) in values


FIELDS_PARAMETERS = (
    QueryParameter("fields", description="Comma-separated list of fields to include or exclude in the result"),
    QueryParameter(
        "include_fields", "boolean", "Whether specified fields are to be included (true) or excluded (false)"
    ),
)


def read_query(allowed: Iterable[QueryParameter], query: Mapping[str, list[str]]) -> dict[str, Any]:
    """Validate and convert a request's query; raises an error for a parameter that the endpoint does not have."""
    known = {param.name: param for param in allowed}
    unknown = [name for name in query if name not in known]
    if unknown:
        raise unknown_parameters(unknown)
    return {name: known[name].read(raw) for name, raw in query.items()}
