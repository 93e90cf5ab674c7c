"""The models in a DuckDB file, asked in SQL."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb  # type: ignore[import-not-found, unused-ignore] # of the environment that the demo has

from demo.report.contents import Ask

SCHEMA = "analytics"


@contextmanager
def marts(database: Path, schema: str = SCHEMA) -> Iterator[Ask]:
    """What runs a query in the schema of the models; the file is only read."""
    with duckdb.connect(str(database), read_only=True) as connection:
        connection.execute(f'set schema = "{schema}"')

        def ask(sql: str) -> list[dict[str, Any]]:
            found = connection.execute(sql)
            names = [column[0] for column in found.description]
            return [dict(zip(names, row, strict=True)) for row in found.fetchall()]

        yield ask
