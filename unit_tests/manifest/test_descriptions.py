"""Every stream says what one of its rows is, in its file and in the catalog, and columns say what they hold."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from source_auth0.manifest.assembly import json_schema, load_stream
from source_auth0.manifest.files import stream_files

NAMES = list(stream_files())

each_stream = pytest.mark.parametrize("name", NAMES)


def description(name: str) -> str:
    return str(load_stream(name)["schema_loader"]["schema"]["description"])


@each_stream
def test_every_stream_says_in_plain_words_what_a_row_is(name: str) -> None:
    """One or two sentences for people who pick streams or read tables, without names of columns and without code."""
    text = description(name)
    assert 30 <= len(text) <= 300
    assert re.fullmatch(r"[A-Z][^.]*\.( [A-Z][^.]*\.)?", text)
    assert name != text.split()[0].strip(",;:.").lower()
    assert not re.search(r"[_`{}<>|$\\]|[a-z][A-Z]|\b(null|true|false|endpoint|boolean|string)\b", text)


@each_stream
def test_the_catalog_has_the_description(name: str) -> None:
    assert description(name) == json_schema(load_stream(name))["description"]


def test_no_two_streams_have_one_description() -> None:
    assert len(NAMES) == len({description(name) for name in NAMES})


def descriptions(declared: dict[str, Any]) -> Iterator[str]:
    """The descriptions within a schema, of columns and of what is inside them."""
    yield declared.get("description", "")
    for inner in [*declared.get("properties", {}).values(), declared.get("items", {})]:
        if inner:
            yield from descriptions(inner)


@each_stream
def test_descriptions_are_in_the_english_of_today(name: str) -> None:
    """Words like these puzzle readers and translators."""
    odd = re.compile(r"\b(whoever|amid|tells? of|if ever|anew|whilst|thereof|in vain|lest)\b", re.IGNORECASE)
    assert [] == [text for text in descriptions(load_stream(name)["schema_loader"]["schema"]) if odd.search(text)]
