"""The state of a tenant: its clock, users, identifiers and application."""
