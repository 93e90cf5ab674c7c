"""The Management API: one client for all streams, and what it needs to be let in."""
