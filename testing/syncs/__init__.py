"""Syncs to look into: one page by page, or a chain of them an hour apart."""
