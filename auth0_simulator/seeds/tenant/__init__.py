"""The tenant's settings and custom domains."""
