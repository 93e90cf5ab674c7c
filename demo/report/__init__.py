"""A report of a tenant: one HTML file without scripts, made of the marts, the same bytes from the same data."""
