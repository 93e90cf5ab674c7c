"""Mutations of states that syncs saved."""

import copy
import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from hypothesis import strategies as st

DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d")
JUNK: list[Any] = [
    *(None, True, False, 0, -1, 7, 1.5, 1e308, float("nan"), float("inf"), 10**30, -(10**400)),
    *("", " ", "\0", "\ud800", "\N{PILE OF POO}", "x" * 100_000, "../..", "null", "9999-12-31T23:59:59.999Z"),
    *("0001-01-01T00:00:00Z", "2026-02-30T00:00:00Z", "1e9", "%00", "a\r\nb"),
    *([], {}, [[]], [None], {"": ""}, [["a", "b"]], {"log_id": "9", "date": "2026-01-01T00:00:00Z"}),
]
NAMES = ("updated_at", "log_id", "date", "open", "until", "missed", "asked", "left", "offset", "time", "event")
SECONDS = [1, 60, 3600, 86_400, 86_400 * 40, 86_400 * 400, 86_400 * 36_500]


@st.composite
def mutated_states(draw: st.DrawFn, bases: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """A state with one to three mutations."""
    state = copy.deepcopy(dict(draw(st.sampled_from(bases))))
    for _ in range(draw(st.integers(1, 3))):
        _mutate(draw, state)
    return state


def _mutate(draw: st.DrawFn, state: dict[str, Any]) -> None:
    containers = _containers(state)
    container = draw(st.sampled_from(containers)) if containers else state
    keys: list[Any] = list(container) if isinstance(container, dict) else list(range(len(container)))
    if not keys:
        state[draw(st.sampled_from(NAMES))] = copy.deepcopy(draw(st.sampled_from(JUNK)))
        return
    key = draw(st.sampled_from(keys))
    match draw(st.sampled_from(["drop", "rename", "junk", "swap", "twist", "twist", "double", "add"])):
        case "drop":
            del container[key]
        case "rename" if isinstance(container, dict):
            container[draw(st.sampled_from([*NAMES, f"{key}_", str(key).upper()]))] = container.pop(key)
        case "junk":
            container[key] = copy.deepcopy(draw(st.sampled_from(JUNK)))
        case "swap":
            other = draw(st.sampled_from(keys))
            container[key], container[other] = container[other], container[key]
        case "double" if isinstance(container, list):
            container.insert(key, copy.deepcopy(container[key]))
        case "add" if isinstance(container, dict):
            container[draw(st.sampled_from([*NAMES, "version"]))] = copy.deepcopy(draw(st.sampled_from(JUNK)))
        case _:
            container[key] = _altered(draw, container[key])


def _containers(value: Any) -> list[Any]:
    """Every non-empty object and list in a state."""
    inner = list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else []
    nested = [found for one in inner for found in _containers(one)]
    return [value, *nested] if inner else nested


def _altered(draw: st.DrawFn, value: Any) -> Any:
    """Another value of the same kind."""
    if isinstance(value, list):
        return draw(st.permutations(value))
    if not isinstance(value, str) or not value:
        return [value]
    if DATE.match(value) and draw(st.booleans()):
        return _shifted(value, draw(st.sampled_from(SECONDS)) * draw(st.sampled_from([-1, 1])))
    position = draw(st.integers(0, len(value) - 1))
    with_insertion = value[:position] + draw(st.sampled_from("0189aZ \n\0|-é")) + value[position:]
    with_deletion = value[:position] + value[position + 1 :]
    return draw(
        st.sampled_from(
            [with_insertion, with_deletion, value[::-1], value[:position], value * 2, value.lower(), f" {value}"]
        )
    )


def _shifted(value: str, seconds: int) -> str:
    """A timestamp shifted by `seconds`; unchanged if it is no longer valid."""
    try:
        return f"{(datetime.fromisoformat(value[:19]) + timedelta(seconds=seconds)).isoformat()}.500Z"
    except (ValueError, OverflowError):
        return value
