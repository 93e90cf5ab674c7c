"""Organizations, groups and roles."""
