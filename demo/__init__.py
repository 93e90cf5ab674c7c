"""A tenant, this connector, PyAirbyte, a DuckDB file, models of it, a report, and three answers: `make demo`."""
