"""Redaction of secrets in rows, and masking of secrets in messages."""
