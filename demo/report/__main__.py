"""`python -m demo.report DATABASE PAGE`: write the report of a DuckDB file in which the models of `dbt/` were built."""

import argparse
import sys
from pathlib import Path

from demo.report.marts import SCHEMA, marts
from demo.report.page import page


def main() -> int:
    """Write the page and print where it is."""
    parser = argparse.ArgumentParser(prog="python -m demo.report", description=__doc__)
    parser.add_argument("database", type=Path, help="DuckDB file with the models")
    parser.add_argument("page", type=Path, help="file to write")
    parser.add_argument("--schema", default=SCHEMA, help=f"of the models (default: {SCHEMA})")
    parser.add_argument("--tenant", default="Auth0 tenant", help="its name, as the heading shows it")
    options = parser.parse_args()
    with marts(options.database, options.schema) as ask:
        options.page.write_text(page(ask, options.tenant), encoding="utf-8")
    print(options.page)
    return 0


if __name__ == "__main__":
    sys.exit(main())
