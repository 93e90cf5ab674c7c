"""Runs in the demo's environment: loads rows into DuckDB and asks each question. JSON on standard input and output.

A job has `tables` (name to `columns`, a type by name, and `rows`) and `questions` (name to SQL); the output has the
rows that each question finds.
"""

import json
import sys
from typing import Any

import duckdb


def main() -> None:
    """Run the job."""
    job = json.load(sys.stdin)
    with duckdb.connect() as database:
        for name, table in job["tables"].items():
            columns = ", ".join(f'"{column}" {kind}' for column, kind in table["columns"].items())
            database.execute(f'CREATE TABLE "{name}" ({columns})')
            places = ", ".join("?" for _ in table["columns"])
            rows = [[_cell(row.get(column)) for column in table["columns"]] for row in table["rows"]]
            if rows:
                database.executemany(f'INSERT INTO "{name}" VALUES ({places})', rows)
        answers = {name: database.execute(sql).fetchall() for name, sql in job["questions"].items()}
    json.dump(answers, sys.stdout, default=str)


def _cell(value: Any) -> Any:
    return json.dumps(value) if isinstance(value, dict | list) else value


if __name__ == "__main__":
    main()
