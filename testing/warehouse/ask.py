"""Rows of a database as lines of JSON, for processes that have no driver.

A script of its own, as `landing.py` is: `python testing/warehouse/ask.py DATABASE`, with SQL on standard input.
"""

import json
import sys
from collections.abc import Iterator
from typing import Any


def ask(database: str, sql: str) -> Iterator[dict[str, Any]]:
    """The rows of a query, by column."""
    if database.startswith("postgresql:"):
        import psycopg2  # type: ignore[import-not-found, import-untyped, unused-ignore] # noqa: PLC0415 - only one of the drivers has to be there

        connection = psycopg2.connect(database)
        cursor = connection.cursor()
    else:
        import duckdb  # type: ignore[import-not-found, unused-ignore] # noqa: PLC0415 - as above

        cursor = connection = duckdb.connect(database, read_only=True)
    try:
        cursor.execute(sql)
        names = [column[0] for column in cursor.description]
        for row in cursor.fetchall():
            yield dict(zip(names, row, strict=True))
    finally:
        connection.close()


if __name__ == "__main__":
    for found in ask(sys.argv[1], sys.stdin.read()):
        sys.stdout.write(json.dumps(found, default=str) + "\n")
