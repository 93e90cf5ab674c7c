"""Secrets: taken out of rows, and masked in messages."""
