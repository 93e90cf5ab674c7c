"""Rows as a loader leaves them: tables in DuckDB, named as PyAirbyte does, or in PostgreSQL, as Airbyte does.

A script of its own, for the environment that has dbt and the drivers: `python landing.py DATABASE FILE`.
"""

import json
import re
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

#: By stream the JSON Schema of its rows, and the rows.
Streams = Mapping[str, Mapping[str, Any]]
EXTRACTED = "_airbyte_extracted_at"
SCHEMA = "auth0"
#: Types of a loader by JSON Schema type; what has several types, or is a list or an object, is JSON.
TYPES = {"string": "text", "boolean": "boolean", "integer": "bigint", "number": "double precision"}


def land(database: str, streams: Streams) -> None:
    """Replace the tables of these streams.

    database: the path of a DuckDB file, or `postgresql://…`.
    """
    (_land_postgres if database.startswith("postgresql:") else _land_duckdb)(database, streams)


def pyairbyte_name(column: str) -> str:
    """A column's name as PyAirbyte makes it for DuckDB."""
    return re.sub(r"[^a-z0-9_]", "_", column.lower())


def airbyte_name(column: str) -> str:
    """A column's name as Airbyte's destination for PostgreSQL makes it: the case stays."""
    return re.sub(r"[^A-Za-z0-9_]", "_", column)


def columns_of(stream: Mapping[str, Any], named: Callable[[str], str]) -> dict[str, tuple[str, str]]:
    """By a stream's column its name in the table, and its type: one of `TYPES`, `timestamp` or `json`."""
    properties = stream["schema"]["properties"]
    return {column: (named(column), _type(declared)) for column, declared in properties.items()}


def _type(declared: Mapping[str, Any]) -> str:
    kinds = declared["type"] if isinstance(declared["type"], list) else [declared["type"]]
    only = [kind for kind in kinds if kind != "null"]
    if declared.get("format") == "date-time":
        return "timestamp"
    return TYPES.get(only[0], "json") if len(only) == 1 else "json"


def _values(row: Mapping[str, Any], columns: Mapping[str, tuple[str, str]]) -> list[Any]:
    """A row's values, JSON as text."""
    pairs = [(row.get(column), kind) for column, (_, kind) in columns.items()]
    return [json.dumps(value) if kind == "json" and value is not None else value for value, kind in pairs]


def _land_duckdb(database: str, streams: Streams) -> None:
    import duckdb  # type: ignore[import-not-found] # noqa: PLC0415 - only one of the drivers has to be there

    with duckdb.connect(database) as connection, tempfile.TemporaryDirectory() as folder:
        connection.execute(f"create schema if not exists {SCHEMA}")
        for name, stream in streams.items():
            columns = columns_of(stream, pyairbyte_name)
            types = dict(columns.values()) | {EXTRACTED: "timestamp"}
            declared = ", ".join(f'"{called}" {kind}' for called, kind in types.items())
            connection.execute(f"create or replace table {SCHEMA}.{name} ({declared})")
            file = Path(folder, name)
            with file.open("w", encoding="utf-8") as lines:
                for row in stream["rows"]:
                    values = [*_values(row, columns), row.get(EXTRACTED, "2026-01-01T00:00:00Z")]
                    lines.write(json.dumps(dict(zip(types, values, strict=True))) + "\n")
            if stream["rows"]:
                texts = ", ".join(f"'{called}': 'text'" for called in types)
                cast = ", ".join(f'cast("{called}" as {kind})' for called, kind in types.items())
                found = f"read_json('{file}', format = 'newline_delimited', columns = {{{texts}}})"
                connection.execute(f"insert into {SCHEMA}.{name} select {cast} from {found}")  # noqa: S608 - names of streams


def _land_postgres(database: str, streams: Streams) -> None:
    import psycopg2  # type: ignore[import-not-found, import-untyped, unused-ignore] # noqa: PLC0415 - as above
    from psycopg2.extras import execute_values  # type: ignore[import-not-found, import-untyped, unused-ignore] # noqa: PLC0415

    kinds = {"timestamp": "timestamptz", "json": "jsonb"}
    with psycopg2.connect(database) as connection, connection.cursor() as cursor:
        cursor.execute(f"create schema if not exists {SCHEMA}")
        for name, stream in streams.items():
            columns = columns_of(stream, airbyte_name)
            types = {called: kinds.get(kind, kind) for called, kind in columns.values()} | {EXTRACTED: "timestamptz"}
            declared = ", ".join(f'"{called}" {kind}' for called, kind in types.items())
            cursor.execute(f"drop table if exists {SCHEMA}.{name}")
            cursor.execute(f"create table {SCHEMA}.{name} ({declared})")
            found = map(_without_zero_characters, stream["rows"])
            rows = [[*_values(row, columns), row.get(EXTRACTED, "2026-01-01T00:00:00Z")] for row in found]
            execute_values(cursor, f"insert into {SCHEMA}.{name} values %s", rows, page_size=1000)  # noqa: S608 - as above


def _without_zero_characters(value: Any) -> Any:
    """A value that PostgreSQL stores: none of its texts has room for U+0000, which loaders leave out."""
    if isinstance(value, dict):
        return {name: _without_zero_characters(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_without_zero_characters(inner) for inner in value]
    return value.replace("\0", "") if isinstance(value, str) else value


if __name__ == "__main__":
    land(sys.argv[1], json.loads(Path(sys.argv[2]).read_text(encoding="utf-8")))
