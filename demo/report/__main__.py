"""`python -m demo.report DATABASE PAGE`: write the report of a DuckDB file in which the models of `dbt/` were built."""

import argparse
import sys
from pathlib import Path
from typing import Any

import duckdb  # type: ignore[import-not-found, unused-ignore] # of the environment that the demo has

from demo.report.page import page


def main() -> int:
    """Write the page and print where it is."""
    parser = argparse.ArgumentParser(prog="python -m demo.report", description=__doc__)
    parser.add_argument("database", type=Path, help="DuckDB file with the models")
    parser.add_argument("page", type=Path, help="file to write")
    parser.add_argument("--schema", default="analytics", help="of the models (default: analytics)")
    parser.add_argument("--tenant", default="Auth0 tenant", help="its name, as the heading shows it")
    options = parser.parse_args()
    with duckdb.connect(str(options.database), read_only=True) as connection:
        connection.execute(f'set schema = "{options.schema}"')

        def ask(sql: str) -> list[dict[str, Any]]:
            found = connection.execute(sql)
            names = [column[0] for column in found.description]
            return [dict(zip(names, row, strict=True)) for row in found.fetchall()]

        options.page.write_text(page(ask, options.tenant), encoding="utf-8")
    print(options.page)
    return 0


if __name__ == "__main__":
    sys.exit(main())
