"""Tallies as a table, and in docs/reliability.md."""

import re
from collections.abc import Sequence
from pathlib import Path

from soak.tally import Tally

PAGE = Path(__file__).parents[1] / "docs" / "reliability.md"
HEAD = "| tried | runs | records checked | losses | hangs | leaks | |\n|---|--:|--:|--:|--:|--:|---|"


def table(tallies: Sequence[Tally]) -> str:
    """A Markdown table with a row for each tally."""
    rows = [
        f"| {tally.tried} | "
        + " | ".join(f"{count:,}" for count in (tally.runs, tally.records, tally.losses, tally.hangs, tally.leaks))
        + f" | {tally.more} |"
        for tally in tallies
    ]
    return "\n".join([HEAD, *rows])


def write(suite: str, tallies: Sequence[Tally], seed: int, minutes: float, page: Path = PAGE) -> None:
    """Put a suite's table into the page."""
    put(suite, f"{table(tallies)}\n\nSeed {seed}, {minutes:.0f} minutes.\n", page)


def put(suite: str, content: str, page: Path = PAGE) -> None:
    """Replace the text between a suite's two marks in the page."""
    marked = re.compile(rf"(?<=<!-- {suite} -->\n).*(?=<!-- end of {suite} -->)", re.DOTALL)
    text = page.read_text()
    if not marked.search(text):
        raise ValueError(f"{page.name} has no marks for the suite {suite!r}")
    page.write_text(marked.sub(lambda _: content, text))
