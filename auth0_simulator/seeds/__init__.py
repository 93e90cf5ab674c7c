"""The rows of a new tenant, in a folder for each family."""
