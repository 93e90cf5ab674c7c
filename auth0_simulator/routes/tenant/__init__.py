"""The tenant's settings, custom domains, log and events."""
