"""Millions of rows in one process, and many syncs in one: what memory, threads, files and speed do."""
