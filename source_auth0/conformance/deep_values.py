"""Values nested deeper than JSON is written: they become text, so that they stop nobody."""

from typing import Any

import orjson

from source_auth0.json_values import dumps
from source_auth0.records import UNCONFORMING, Page, Row


def without_deep_values(row: Row) -> Row:
    """A row whose fields orjson can write: one that is nested too deep is its JSON, as text, in `unconforming`."""
    aside = row.get(UNCONFORMING) or {}
    if not isinstance(aside, dict):
        aside = {UNCONFORMING: aside}
    deep = {name: value for name, value in row.items() if name != UNCONFORMING and not _is_written({name: value})}
    if not deep and _is_written({UNCONFORMING: aside}):
        return row
    flat = {name: value for name, value in row.items() if name not in deep}
    originals = {
        name: value if _is_written({UNCONFORMING: {name: value}}) else _text(value) for name, value in aside.items()
    }
    return {**flat, UNCONFORMING: {**originals, **{name: _text(value) for name, value in deep.items()}}}


def with_text_for_deep_values(page: Page) -> Page:
    """A page for readers that follow values by recursion, as the framework does in parents: what is deep is text."""
    if _is_written(page):
        return page
    return [
        {name: value if _is_written([{name: value}]) else _text(value) for name, value in row.items()} for row in page
    ]


def _is_written(value: Any) -> bool:
    try:
        orjson.dumps(value)
    except orjson.JSONEncodeError:
        return False
    return True


def _text(value: Any) -> str:
    return dumps(value).decode()
