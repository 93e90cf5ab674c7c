"""What the manifest cannot say in YAML; one concern a module."""
