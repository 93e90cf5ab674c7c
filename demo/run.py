"""Sync a simulated tenant twice, or a real one, into a DuckDB file by PyAirbyte, and answer three questions in SQL."""

import argparse
import json
import re
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from demo.tenant import ACTIVITY, simulated_tenant
from demo.warehouse import FOLDER, PyAirbyteError, Rows, Warehouse

STREAMS = ("users", "organizations", "organization_member_roles", "clients")
QUESTIONS = Path(__file__).with_name("questions")
ROOT = Path(__file__).parents[1]
SHOWN = 10
console = Console()


def main() -> int:
    """The exit code: 1 when a sync failed, 2 for a config that cannot be read."""
    parser = argparse.ArgumentParser(prog="python -m demo", description=__doc__)
    parser.add_argument("--config", type=_config, help="of a real tenant, like docs/example/config.json")
    config = parser.parse_args().config
    try:
        warehouse = _simulated() if config is None else _real(config)
        for file in sorted(QUESTIONS.glob("*.sql")):
            _show(file, warehouse.ask(file.read_text(encoding="utf-8")))
    except PyAirbyteError as failure:
        reason = (failure.context or {}).get("failure_reason") or f"{failure.get_message()} The reason is above."
        console.print(f"\nThe sync failed. {reason}", style="red", soft_wrap=True)
        return 1
    _farewell(warehouse.path)
    return 0


def _simulated() -> Warehouse:
    path = FOLDER / "simulated.duckdb"
    path.unlink(missing_ok=True)  # every simulated tenant begins anew, and with it the file
    warehouse = Warehouse(path)
    with simulated_tenant() as tenant:
        console.rule("First sync of a simulated tenant")
        warehouse.sync(tenant.config, STREAMS)
        first = warehouse.latest("users")
        tenant.let_an_hour_pass()
        console.rule("Second sync, an hour later")
        warehouse.sync(tenant.config, STREAMS)
    happened = ", ".join(f"{count} {what}" for what, count in ACTIVITY.items())
    moved, held = warehouse.moved_since(first, "users"), warehouse.ask("SELECT count(*) AS held FROM users")[0]["held"]
    console.print(f"\nIn between: {happened}. The second sync moved {moved} of {held:,} users.")
    return warehouse


def _real(config: dict[str, Any]) -> Warehouse:
    host = re.sub(r"[^a-z0-9.]+", "-", config["base_url"].lower().rpartition("//")[2].strip("/ "))
    warehouse = Warehouse(FOLDER / f"{host}.duckdb")
    warehouse.sync(config, STREAMS)
    return warehouse


def _config(name: str) -> dict[str, Any]:
    """What a config file holds; the connector itself says what is wrong within."""
    try:
        config = json.loads(Path(name).read_text(encoding="utf-8"))
    except OSError as problem:
        raise argparse.ArgumentTypeError(f"{name} cannot be read: {problem.strerror}") from None
    except ValueError:
        raise argparse.ArgumentTypeError(f"{name} is no JSON") from None
    if not isinstance(config, dict) or not isinstance(config.get("base_url"), str):
        raise argparse.ArgumentTypeError(f"{name} has no `base_url`: docs/example/config.json shows a config")
    return config


def _show(question: Path, rows: Rows) -> None:
    title = question.stem.partition("-")[2].replace("-", " ").capitalize() + "?"
    caption = str(question.relative_to(ROOT))
    table = Table(title=title, title_justify="left", caption=caption, caption_justify="left")
    for column in rows[0] if rows else ("nobody and nothing",):
        table.add_column(column)
    for row in rows[:SHOWN]:
        table.add_row(*map(_cell, row.values()))
    if len(rows) > SHOWN:
        table.add_row(f"… and {len(rows) - SHOWN:,} more")
    console.print()
    console.print(table)


def _cell(value: Any) -> str:
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d}"
    return "" if value is None else str(value)


def _farewell(path: Path) -> None:
    shown = path.relative_to(ROOT)
    console.print(f"\nEverything is in {shown}, a table for each stream. Another question:", soft_wrap=True)
    sql = "SELECT name, count(*) FROM organization_member_roles GROUP BY ALL"
    python = Path(sys.executable).relative_to(ROOT)
    command = f"""{python} -c 'import duckdb; duckdb.connect("{shown}").sql("{sql}").show()'"""
    console.print(f"  {command}", soft_wrap=True, highlight=False)
