"""Warehouses for tests of the dbt package: rows landed as loaders do, models built, and asked."""
