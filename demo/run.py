"""Sync a simulated tenant twice, or a real one, into a DuckDB file by PyAirbyte, build models, and write a report."""

import sys
import time
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from demo.answers import show_answers
from demo.arguments import Arguments, parse_arguments
from demo.folder import FOLDER, ROOT
from demo.models import NotBuiltError, build
from demo.progress import bar, say, seconds_since
from demo.report.marts import marts
from demo.report.page import page
from demo.streams import NotSyncedError, Selection, is_read_by_user, readable
from demo.tenant import ACTIVITY, simulated_tenant
from demo.warehouse import LOG, Connector, PyAirbyteError, Warehouse

#: How many names or scopes a sentence has at most.
NAMED = 12


def main() -> int:
    """The exit code: 1 when a sync or dbt failed, 2 for arguments that make no sense."""
    arguments = parse_arguments(str(__doc__))
    database = FOLDER / f"{arguments.file_name}.duckdb"
    try:
        if arguments.config is None:
            _sync_simulated(database, arguments.streams)
        else:
            _sync_real(database, arguments, arguments.config)
        _build(database)
    except NotSyncedError as failure:
        say(f"\nThe sync failed. {failure}", style="red")
        return 1
    except PyAirbyteError as failure:
        say(f"\nThe sync failed. {failure.get_message()} {LOG.relative_to(ROOT)} has more.", style="red")
        return 1
    except NotBuiltError as failure:
        say(f"\nThe models were not built. {failure}", style="red")
        return 1
    report = database.with_suffix(".html")
    with marts(database) as ask:
        report.write_text(page(ask, arguments.tenant), encoding="utf-8")
        show_answers(ask)
    _farewell(database, report)
    return 0


def _sync_simulated(database: Path, streams: Collection[str]) -> None:
    database.unlink(missing_ok=True)  # every simulated tenant begins anew, and with it the file
    warehouse = Warehouse(database)
    with simulated_tenant() as tenant:
        _sync(warehouse, tenant.config, streams, "First sync of a simulated tenant")
        first = warehouse.latest("users") if "users" in streams else None
        tenant.let_an_hour_pass()
        _sync(warehouse, tenant.config, streams, "Second sync, an hour later")
    if first:
        happened = ", ".join(f"{count} {what}" for what, count in ACTIVITY.items())
        moved, held = warehouse.moved_since(first, "users"), warehouse.held("users")
        say(f"In between: {happened}. The second sync moved {moved} of {held:,} users.")
    warehouse.close()


def _sync_real(database: Path, arguments: Arguments, config: Mapping[str, Any]) -> None:
    selection = readable(arguments.streams, config)
    _say_what_is_read(selection, chosen=arguments.chosen)
    if database.exists():
        say(f"Resuming from what is in {database.relative_to(ROOT)}.")
    warehouse = Warehouse(database)
    _sync(warehouse, config, selection.streams, f"Sync of {arguments.tenant}")
    warehouse.close()


def _say_what_is_read(selection: Selection, *, chosen: bool) -> None:
    if selection.lacking:
        scopes = sorted({scope for found in selection.lacking.values() for scope in found})
        say(
            f"{len(selection.lacking)} streams are left out, whose scopes the token lacks: {_some(scopes)}. The report "
            "names those that it misses.",
            style="yellow",
        )
    by_user = [name for name in selection.streams if is_read_by_user(name)]
    if by_user and not chosen:
        say(
            f"{len(by_user)} of {len(selection.streams)} streams take a request for each user, and are read last. "
            "If that takes too long, stop it, and name the streams you want: make demo CONFIG=… STREAMS=users,logs"
        )


def _sync(warehouse: Warehouse, config: Mapping[str, Any], streams: Collection[str], title: str) -> None:
    began = time.monotonic()
    with bar(title, len(streams)) as shown:

        def watch(connector: Connector) -> None:
            done = connector.completed | connector.failed.keys()
            shown.done(len(done), note=f"{connector.rows.total():,} rows")

        synced = warehouse.sync(config, streams, watch)
    say(f"{title}: {synced.rows:,} rows of {synced.streams} streams in {seconds_since(began)}.")
    for stream, reason in synced.failed.items():
        say(f"{stream} failed, and is left out. {reason}", style="yellow")


def _build(database: Path) -> None:
    began = time.monotonic()
    with bar("Models", 0) as shown:
        built = build(database, shown.done)
    say(f"Models: {built} built in {seconds_since(began)}.")


def _farewell(database: Path, report: Path) -> None:
    shown = database.relative_to(ROOT)
    say(f"\nThe report: {report.relative_to(ROOT)} (one file; open it in a browser)", style="bold")
    say(f"The tables are in {shown}, the models in its schema analytics. Another question:")
    sql = "SELECT finding, count(*) FROM analytics.auth0__privileged_access_review GROUP BY ALL"
    python = Path(sys.executable).relative_to(ROOT)
    say(f"""  {python} -c 'import duckdb; duckdb.connect("{shown}").sql("{sql}").show()'""")


def _some(words: Collection[str]) -> str:
    shown = list(words)[:NAMED]
    more = f" and {len(words) - NAMED} more" if len(words) > NAMED else ""
    return ", ".join(shown) + more
