"""The declarative manifest: its YAML files, and their assembly for the framework."""
