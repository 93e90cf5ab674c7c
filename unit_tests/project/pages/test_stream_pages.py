"""The pages of the streams: nothing is missing, nothing is stale, and every question can be asked."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from source_auth0.manifest.assembly import load_stream
from source_auth0.manifest.files import stream_files
from tools.pages.columns import fields, type_words
from tools.pages.streams import DOCS, QUESTIONS, families, pages

NAMES = list(stream_files())


def page_of(name: str) -> str:
    """The part of its family's page that a stream has."""
    text = (DOCS / "streams" / f"{stream_files()[name].parent.name}.md").read_text(encoding="utf-8")
    return text.partition(f"\n## `{name}`\n")[2].partition("\n## ")[0]


def properties(schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Everything declared in a schema, columns and what is inside them, counted without the generator."""
    for declared in schema.get("properties", {}).values():
        yield declared
        yield from properties(declared)
        yield from properties(declared.get("items", {}))


def test_the_pages_are_up_to_date_with_the_stream_files() -> None:
    """Otherwise: `make docs`."""
    expected = pages()
    assert {DOCS / "streams.md", *(DOCS / "streams").iterdir()} == set(expected)
    assert [] == [path.name for path, text in expected.items() if path.read_text(encoding="utf-8") != text]


@pytest.mark.parametrize("name", NAMES)
def test_every_column_of_every_stream_is_on_a_page_with_type_and_description(name: str) -> None:
    schema = load_stream(name)["schema_loader"]["schema"]
    page = page_of(name).replace("\\|", "|")
    rows = re.findall(r"^\| \*{0,2}`(.+?)`.*? \| (.+?) \| (.+) \|$", page, re.MULTILINE)
    assert len(list(properties(schema))) == len(rows)
    shown = {path: (kind, text) for path, kind, text in rows}
    for column, declared in schema["properties"].items():
        kind, text = shown[column]
        assert type_words(declared) == kind
        assert text.startswith(declared["description"])
    assert schema["description"] in page


@pytest.mark.parametrize("name", NAMES)
def test_a_stream_has_its_key_scopes_and_requests_on_its_page(name: str) -> None:
    facts = dict(re.findall(r"^- \*\*(.+?):\*\* (.+)$", page_of(name), re.MULTILINE))
    assert {"Primary key", "Sync modes", "Scopes", "Endpoint", "Requests", "Auth0's reference"} <= set(facts)
    assert ("Cursor" in facts) == ("incremental" in facts["Sync modes"]) == ("cursor_field" in load_stream(name))
    for scope in load_stream(name)["$parameters"]["required_scopes"]:
        assert f"`{scope}`" in facts["Scopes"]


def test_descriptions_are_shown_as_they_are() -> None:
    """No character that Markdown would take for markup, but a bar, which the generator marks."""
    declared = (value for name in NAMES for value in properties(load_stream(name)["schema_loader"]["schema"]))
    assert [] == [value["description"] for value in declared if re.search(r"[<>*\\\n]", value["description"])]


def test_fields_inside_columns_have_paths() -> None:
    inner = {"type": "object", "properties": {"id": {"type": "string"}}}
    schema = {"properties": {"one": inner, "many": {"type": "array", "items": inner}}}
    assert ["one", "one.id", "many", "many[].id"] == [path for path, _ in fields(schema)]


@pytest.mark.parametrize(
    ("declared", "words"),
    [
        ({"type": "string"}, "string"),
        ({"type": "string", "format": "date-time"}, "timestamp"),
        ({"type": "array", "items": {"type": "string"}}, "array of strings"),
        ({"type": "array", "items": {}}, "array"),
        ({"type": ["object", "array"], "items": {"type": "string"}}, "object or array of strings"),
    ],
)
def test_types_are_words(declared: dict[str, Any], words: str) -> None:
    assert words == type_words(declared)


@pytest.mark.parametrize("family", families())
def test_every_family_has_a_question_about_its_streams(family: str) -> None:
    """`integration_tests/streams/test_questions.py` asks them."""
    text = (QUESTIONS / f"{family}.sql").read_text(encoding="utf-8")
    assert re.match(r"-- [A-Z].*\?", text)
    read = set(re.findall(r"\b(?:FROM|JOIN) (\w+)", text))
    assert read & {stream["name"] for stream in families()[family]}
    assert f"{text.partition('?')[0].removeprefix('-- ')}?" in (DOCS / "streams" / f"{family}.md").read_text()


def test_no_question_is_about_a_family_that_is_gone() -> None:
    assert set(families()) == {path.stem for path in QUESTIONS.iterdir()}
