"""Millions of rows in one process, and many syncs in one: memory, threads, files and speed over time."""
