"""Tallies as a table, and in docs/reliability.md."""

import re
from collections.abc import Sequence
from pathlib import Path

from soak.tally import Tally

PAGE = Path(__file__).parents[1] / "docs" / "reliability.md"
HEAD = "| tried | runs | records checked | losses | hangs | leaks | |\n|---|--:|--:|--:|--:|--:|---|"


def table(tallies: Sequence[Tally]) -> str:
    """A row a tally."""
    rows = [
        f"| {one.tried} | "
        + " | ".join(f"{count:,}" for count in (one.runs, one.records, one.losses, one.hangs, one.leaks))
        + f" | {one.more} |"
        for one in tallies
    ]
    return "\n".join([HEAD, *rows])


def write(suite: str, tallies: Sequence[Tally], seed: int, minutes: float, page: Path = PAGE) -> None:
    """Put a suite's table into the page."""
    put(suite, f"{table(tallies)}\n\nSeed {seed}, {minutes:.0f} minutes.\n", page)


def put(suite: str, told: str, page: Path = PAGE) -> None:
    """Replace what stands in the page between the marks that bear a suite's name."""
    between = re.compile(rf"(?<=<!-- {suite} -->\n).*(?=<!-- end of {suite} -->)", re.DOTALL)
    text = page.read_text()
    if not between.search(text):
        raise ValueError(f"{page.name} has no marks for the suite {suite!r}")
    page.write_text(between.sub(lambda _: told, text))
