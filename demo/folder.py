"""Where everything that the demo writes is: below the checkout, out of version control."""

from pathlib import Path

ROOT = Path(__file__).parents[1]
#: The DuckDB files, the reports, and what PyAirbyte and dbt leave behind.
FOLDER = ROOT / "build" / "demo"
