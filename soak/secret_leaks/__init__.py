"""Secrets that are planted, things that go wrong, and a search through all that comes out."""
