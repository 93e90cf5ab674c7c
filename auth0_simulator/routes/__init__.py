"""The routes of the Management API, in a folder for each family."""
