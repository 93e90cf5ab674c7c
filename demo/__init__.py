"""A tenant, this connector, PyAirbyte and a DuckDB file, with three questions to it: `make demo`."""
