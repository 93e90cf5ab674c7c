"""States that no sync has left, made of ones that a sync did."""

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
    """A state with one to three things wrong with it."""
    state = copy.deepcopy(dict(draw(st.sampled_from(bases))))
    for _ in range(draw(st.integers(1, 3))):
        _mutate(draw, state)
    return state


def _mutate(draw: st.DrawFn, state: dict[str, Any]) -> None:
    holders = _holders(state)
    holder = draw(st.sampled_from(holders)) if holders else state
    keys: list[Any] = list(holder) if isinstance(holder, dict) else list(range(len(holder)))
    if not keys:
        state[draw(st.sampled_from(NAMES))] = copy.deepcopy(draw(st.sampled_from(JUNK)))
        return
    key = draw(st.sampled_from(keys))
    match draw(st.sampled_from(["drop", "rename", "junk", "swap", "twist", "twist", "double", "add"])):
        case "drop":
            del holder[key]
        case "rename" if isinstance(holder, dict):
            holder[draw(st.sampled_from([*NAMES, f"{key}_", str(key).upper()]))] = holder.pop(key)
        case "junk":
            holder[key] = copy.deepcopy(draw(st.sampled_from(JUNK)))
        case "swap":
            other = draw(st.sampled_from(keys))
            holder[key], holder[other] = holder[other], holder[key]
        case "double" if isinstance(holder, list):
            holder.insert(key, copy.deepcopy(holder[key]))
        case "add" if isinstance(holder, dict):
            holder[draw(st.sampled_from([*NAMES, "version"]))] = copy.deepcopy(draw(st.sampled_from(JUNK)))
        case _:
            holder[key] = _twisted(draw, holder[key])


def _holders(value: Any) -> list[Any]:
    """Everything in a state that holds something."""
    inner = list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else []
    below = [found for one in inner for found in _holders(one)]
    return [value, *below] if inner else below


def _twisted(draw: st.DrawFn, value: Any) -> Any:
    """The same kind of value, and another one."""
    if isinstance(value, list):
        return draw(st.permutations(value))
    if not isinstance(value, str) or not value:
        return [value]
    if DATE.match(value) and draw(st.booleans()):
        return _shifted(value, draw(st.sampled_from(SECONDS)) * draw(st.sampled_from([-1, 1])))
    place = draw(st.integers(0, len(value) - 1))
    with_one = value[:place] + draw(st.sampled_from("0189aZ \n\0|-é")) + value[place:]
    without = value[:place] + value[place + 1 :]
    return draw(st.sampled_from([with_one, without, value[::-1], value[:place], value * 2, value.lower(), f" {value}"]))


def _shifted(value: str, seconds: int) -> str:
    """A date so much later; one that was no date any more stays."""
    try:
        return f"{(datetime.fromisoformat(value[:19]) + timedelta(seconds=seconds)).isoformat()}.500Z"
    except (ValueError, OverflowError):
        return value
