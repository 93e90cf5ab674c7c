"""`python -m tools.warehouse.answers`: put the rows of the questions of `docs/warehouse.md` below them.

The rows are those of the simulated tenant's story, read by the connector, landed as PyAirbyte does, and built by dbt,
which `.venv-dbt` has. A test tells when the page has others.
"""

import logging
import re
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from auth0_simulator import Simulator
from testing.in_process import sync
from testing.tenants import config_of
from testing.warehouse.landing import EXTRACTED
from testing.warehouse.project import PACKAGE, WITHOUT_DBT, Warehouse
from tools.warehouse.models import streams_read

PAGE = Path(__file__).parents[2] / "docs" / "warehouse.md"
#: The tenant of the page: so many users, and what is now in it.
USERS, NOW = 300, datetime(2026, 3, 2, 12, tzinfo=timezone.utc)
#: How many rows of an answer the page shows.
SHOWN = 4
#: A question's SQL in the page, and the table that may stand below it.
ANSWERED = re.compile(
    r"(?P<block>^(?P<indent> *)```sql\n(?P<sql>.*?)\n(?P=indent)```\n)(?:\n(?:(?P=indent)\|[^\n]*\n)+)?",
    re.DOTALL | re.MULTILINE,
)
Rows = list[dict[str, Any]]


def told_warehouse(folder: Path) -> Warehouse:
    """The story in a DuckDB file in this folder, with the models built."""
    with Simulator(users=USERS, organizations=5, story=True, now=NOW) as sim:
        synced = sync(config_of(sim), *sorted(streams_read(PACKAGE / "models")))
    if synced.error:
        raise synced.error
    warehouse = Warehouse(folder, today=f"{NOW:%Y-%m-%d}")
    extracted = {EXTRACTED: f"{NOW:%Y-%m-%dT%H:%M:%SZ}"}
    warehouse.land({name: [row | extracted for row in rows] for name, rows in synced.records.items()})
    warehouse.build(command="run")
    return warehouse


def with_answers(page: str, ask: Callable[[str], Rows]) -> str:
    """The page with the rows that `ask` gives below each question."""

    def answered(found: "re.Match[str]") -> str:
        indent = found["indent"]
        rows = ask(re.sub(r"\b(auth0__\w+)", r"analytics.\1", found["sql"]))
        return found["block"] + "\n" + "".join(f"{indent}{line}\n" for line in _table(rows))

    return ANSWERED.sub(answered, page)


def _table(rows: Rows) -> Iterable[str]:
    """The first rows as Markdown, and how many more there are."""
    if not rows:
        return ["| nothing |", "|---|"]
    lines = [_line(rows[0]), "|" + "---|" * len(rows[0]), *(_line(row.values()) for row in rows[:SHOWN])]
    if len(rows) > SHOWN:
        lines.append(_line([f"… {len(rows) - SHOWN:,} more", *[""] * (len(rows[0]) - 1)]))
    return lines


def _line(values: Iterable[Any] | Mapping[str, Any]) -> str:
    return "| " + " | ".join(map(_cell, values)) + " |"


def _cell(value: Any) -> str:
    """A value as people write it: dates without a time at midnight, numbers with one decimal."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return f"{value:.1f}"
    text = re.sub(r"^(\d{4}-\d\d-\d\d) (\d\d:\d\d):\d\d.*", r"\1 \2", str(value)).removesuffix(" 00:00")
    return text.replace("|", "\\|")


def main() -> int:
    """Write the page, where its rows are others."""
    if WITHOUT_DBT:
        print(WITHOUT_DBT, file=sys.stderr)
        return 1
    logging.getLogger("airbyte").setLevel(logging.WARNING)
    with tempfile.TemporaryDirectory() as folder:
        page = PAGE.read_text(encoding="utf-8")
        PAGE.write_text(with_answers(page, told_warehouse(Path(folder)).ask), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
