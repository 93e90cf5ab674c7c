"""The declarative manifest: its YAML files, and how they are assembled for the framework."""
