"""Three questions to the models, and their answers as tables on the terminal."""

from datetime import datetime
from pathlib import Path
from typing import Any

from rich.table import Table

from demo.folder import ROOT
from demo.progress import console, say
from demo.report.contents import Ask, Rows, rows_of
from demo.report.synced import Synced

QUESTIONS = Path(__file__).with_name("questions")
#: The streams that the question whose file begins with this number cannot do without.
NEEDS = {
    "1": ("users",),
    "2": ("organizations", "organization_members|user_organizations", "organization_member_roles"),
    "3": ("clients",),
}
SHOWN = 10


def show_answers(ask: Ask) -> None:
    """Ask each question, and print what is found or what is missing."""
    synced = Synced.told_by(rows_of(ask, "streams.sql"))
    for file in sorted(QUESTIONS.glob("*.sql")):
        number, _, words = file.stem.partition("-")
        title = words.replace("-", " ").capitalize() + "?"
        console.print()
        if why := synced.not_known(NEEDS[number]):
            say(f"{title}\n{why}")
        else:
            console.print(_table(title, str(file.relative_to(ROOT)), ask(file.read_text(encoding="utf-8"))))


def _table(title: str, caption: str, rows: Rows) -> Table:
    table = Table(title=title, title_justify="left", caption=caption, caption_justify="left")
    for column in rows[0] if rows else ("nobody and nothing",):
        table.add_column(column)
    for row in rows[:SHOWN]:
        table.add_row(*map(_cell, row.values()))
    if len(rows) > SHOWN:
        table.add_row(f"… and {len(rows) - SHOWN:,} more")
    return table


def _cell(value: Any) -> str:
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d}"
    return "" if value is None else str(value)
