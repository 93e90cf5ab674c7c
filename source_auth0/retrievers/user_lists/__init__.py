"""Streams of single users' lists, read again for users who changed."""
