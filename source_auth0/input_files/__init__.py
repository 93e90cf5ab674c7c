"""The files that a command is given, config, catalog and state: each read once, in the forms that people have."""
