"""Streams below organizations, roles, connections and applications, read for the parents that the log says changed."""
