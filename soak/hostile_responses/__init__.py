"""Malformed and malicious responses, and how the connector handles them."""
