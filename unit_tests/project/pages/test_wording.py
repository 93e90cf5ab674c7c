"""README, docs, CHANGELOG, spec and messages are in plain words: none of those that puzzled readers."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from source_auth0.manifest.assembly import assemble

ROOT = Path(__file__).parents[3]
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md")), ROOT / "dbt/README.md"]
MODULES = sorted(path for folder in ("source_auth0", "demo") for path in (ROOT / folder).rglob("*.py"))
#: What is rejected, as a pattern of whole words, to what to write instead.
REJECTED = {
    r"whoever": "who, or anyone who",
    r"amid(st)?": "in, or during",
    r"anew": "again",
    r"in vain": "without success",
    r"heed(s|ed)?": "follow, or respect",
    r"lest": "so that … not",
    r"whilst": "while",
    r"there(of|in|upon)|here(of|in|upon)|wherein|whereof": "of it, in it, then",
    r"for ever": "without end",
    r"to speak of": "little, with a number",
    r"(be|is|are|get) rid of": "remove",
    r"in the place of": "instead of",
    r"(put|puts) up with": "wait for, or accept",
    r"(go|goes|going|gone|went) on": "continue; of a sync: resume",
    r"(tell|tells|told) of": "report, or show",
    r"tells(?! (\w+ )?apart)|told(?! apart)": "say, show, report, or have",
    r"costs? (its|that|those|them|one) (stream|streams|row|rows)": "leaves out, or fails",
    r"hence|thus|moreover|upon|albeit": "so, also, on, although",
    r"wont to|needs must|by dint of|for want of|as it were": "a plain word",
    r"(hear|hears|heard) of": "learn, or find",
    r"(hand|hands|handed) on": "send, or emit",
    r"(end|ends|ended|ending) well": "succeed",
    r"if ever": "if",
    r"will do": "is enough",
    r"none where": "none if",
    r"The same\. \|": "what to do, in full",
    r"manieth|patience|stands? aside": "a plain word",
    r"in its turn|by turns": "one after another",
    r"of no use|no avail": "useless, or has no effect",
    r"cannot be had": "is not available",
    r"so many": "a number, or this many",
    r"nought|naught|aught|betwixt|ere|oft": "nothing, anything, between, before, often",
}
PATTERN = {re.compile(rf"(?<![\w`])(?:{words})(?![\w`])", re.IGNORECASE): plain for words, plain in REJECTED.items()}


def rejected(text: str) -> list[str]:
    """What a text has to change: the words with what is around them, and what to write instead."""
    prose = re.sub(r"```.*?```|`[^`\n]+`", "`…`", text, flags=re.DOTALL)
    prose = re.sub(r"\s+", " ", prose)
    return [
        f"«{prose[max(0, match.start() - 40) : match.end() + 20]}»: {plain}"
        for pattern, plain in PATTERN.items()
        for match in pattern.finditer(prose)
    ]


def texts(node: Any) -> Iterator[str]:
    """The titles and descriptions of a spec."""
    if isinstance(node, dict):
        yield from (node[key] for key in ("title", "description") if isinstance(node.get(key), str))
        for value in node.values():
            yield from texts(value)
    if isinstance(node, list):
        for value in node:
            yield from texts(value)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_page_has_none_of_the_words_that_puzzle_readers(page: Path) -> None:
    assert [] == rejected(page.read_text(encoding="utf-8"))


def test_the_spec_has_none_of_them() -> None:
    found = list(texts(assemble([])["spec"]["connection_specification"]))
    assert len(found) > 40
    assert [] == [problem for text in found for problem in rejected(text)]


def messages(module: Path) -> Iterator[str]:
    """The texts of a module that are sentences, or parts of one: all but docstrings; … stands for a value."""
    tree = ast.parse(module.read_text(encoding="utf-8"))
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    bodies = [node.body[0] for node in ast.walk(tree) if isinstance(node, documented) and node.body]
    docstrings = {id(first.value) for first in bodies if isinstance(first, ast.Expr)}
    for node in ast.walk(tree):
        if id(node) in docstrings:
            continue
        if isinstance(node, ast.JoinedStr):
            yield "".join(str(part.value) if isinstance(part, ast.Constant) else "…" for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


@pytest.mark.parametrize("module", MODULES, ids=lambda module: str(module.relative_to(ROOT)))
def test_the_messages_of_a_module_have_none_of_them(module: Path) -> None:
    assert [] == [problem for text in messages(module) if " " in text for problem in rejected(text)]


def test_messages_are_found_across_their_lines_and_docstrings_are_none(tmp_path: Path) -> None:
    module = tmp_path / "module.py"
    module.write_text('"""Whoever."""\nraise Error(f"it goes "\n    f"on {here}")\n')
    assert "it goes on …" in list(messages(module))
    assert not any("Whoever" in text for text in messages(module))


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("The next sync goes\non from there.", 1),
        ("Whoever asks is told of it, in vain.", 4),
        ("| message | The same. |", 1),
        ("`whoever` is a name, and ```\nwhoever\n``` is code.", 0),
        ("The next sync resumes from the last state.", 0),
    ],
)
def test_the_words_are_found_across_lines_and_not_in_code(text: str, count: int) -> None:
    assert count == len(rejected(text))
