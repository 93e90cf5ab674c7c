"""The config: normalization, validation, options."""
