"""Retrievers and cursors: how each kind of stream is read, and how it is resumed."""
