"""Writes the generated part of `dbt/` from the stream files."""
