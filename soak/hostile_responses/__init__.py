"""Answers that no server should give, and what the connector makes of them."""
