"""Writes the pages of docs/ that list streams, columns and settings: `make docs`."""
