"""The figures as tables, as a chart, and in docs/benchmarks.md."""

import os
import platform
import re
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from xml.sax.saxutils import escape

from benchmarks.comparison.implementations import CONNECTOR, FLOOR, STOCK
from benchmarks.comparison.results import Case, Result
from benchmarks.comparison.startup import StartupFigure

DOCS = Path(__file__).parents[2] / "docs"
FIGURES = re.compile(r"(?<=<!-- figures -->\n).*(?=<!-- end of figures -->)", re.DOTALL)
WIDTH, BAR, LEFT = 640, 26, 150


def case_table(case: Case, results: Sequence[Result]) -> str:
    """A case's table: records per second and CPU time, also as ratios to the stock manifest and to the floor."""
    by_name = {result.who: result for result in results}
    lines = [
        f"### {case.users:,} users, {case.name}\n",
        "| | records/s | × stock | × floor | CPU µs/record | × stock | seconds | requests | 429s | MB | users read |",
        "|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for one in results:
        read = f"{one.distinct:,}" if one.distinct == case.users else f"{one.distinct:,} of {case.users:,}"
        figures = [
            f"{one.per_second:,.0f}",
            _ratio(one.per_second, by_name.get(STOCK), "per_second"),
            _ratio(one.per_second, by_name.get(FLOOR), "per_second"),
            f"{one.cpu:.1f}",
            _ratio(one.cpu, by_name.get(STOCK), "cpu"),
            f"{one.seconds:.2f}",
            f"{one.requests:,}",
            f"{one.refused:,}",
            f"{one.peak:.0f}",
            read if one.complete else f"{read}, failed",
        ]
        lines.append(f"| {one.who} | {' | '.join(figures)} |")
    return "\n".join(lines) + "\n"


def start_table(starts: Sequence[StartupFigure]) -> str:
    """The start-up and memory figures, with their limits."""
    lines = ["### Start and memory\n", "| | | × import | at most |", "|---|--:|--:|--:|"]
    for start in starts:
        shown = f"{start.value:.2f} s" if start.unit == "s" else f"{start.value:.0f} {start.unit}"
        limit = f"{start.at_most:g}" if start.ratio is not None else f"{start.at_most:g} {start.unit}"
        ratio = "" if start.ratio is None else f"{start.ratio:.2f}"
        lines.append(f"| {start.what} | {shown} | {ratio} | {limit} |")
    return "\n".join(lines) + "\n"


def write(tables: Sequence[str], shown: Sequence[Result]) -> None:
    """Write the tables into the page, and the chart of one case beside it."""
    machine = (
        f"{os.cpu_count()} cores ({platform.machine()}), {platform.system()}, Python {platform.python_version()}, "
        f"airbyte-cdk {version('airbyte-cdk')}; the tenant runs on the same machine.\n"
    )
    page = DOCS / "benchmarks.md"
    figures = "\n".join([machine, *tables])
    page.write_text(FIGURES.sub(lambda _: figures, page.read_text()))
    (DOCS / "benchmarks.svg").write_text(chart(shown))


def chart(results: Sequence[Result]) -> str:
    """An SVG with two groups of bars: records per second, and CPU time per record."""
    groups = (
        ("records a second (more is better)", [(one.who, one.per_second, f"{one.per_second:,.0f}") for one in results]),
        ("processor time a record, µs (less is better)", [(one.who, one.cpu, f"{one.cpu:.1f}") for one in results]),
    )
    parts, top = [], 10
    for title, bars in groups:
        parts.append(f'<text x="10" y="{top + 14}" font-weight="bold">{escape(title)}</text>')
        top += 24
        widest = max((value for _, value, _ in bars), default=1.0) or 1.0
        for name, value, label in bars:
            parts += _bar(name, value / widest, label, top)
            top += BAR
        top += 16
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {top}" font-family="sans-serif" font-size="13">'
    )
    return "\n".join([head, f'<rect width="{WIDTH}" height="{top}" fill="#fff"/>', *parts, "</svg>", ""])


def _bar(name: str, share: float, label: str, top: int) -> list[str]:
    width = round(share * (WIDTH - LEFT - 90))
    colour = "#eb5424" if name.startswith(CONNECTOR) else "#8a94a6"
    return [
        f'<text x="{LEFT - 8}" y="{top + 16}" text-anchor="end">{escape(name)}</text>',
        f'<rect x="{LEFT}" y="{top + 3}" width="{width}" height="{BAR - 8}" fill="{colour}"/>',
        f'<text x="{LEFT + width + 6}" y="{top + 16}">{escape(label)}</text>',
    ]


def _ratio(value: float, other: Result | None, attribute: str) -> str:
    against = getattr(other, attribute) if other is not None else 0
    return f"{value / against:.2f}" if against else ""
