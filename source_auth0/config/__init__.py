"""The config: what people typed, made uniform, checked, and read as options."""
