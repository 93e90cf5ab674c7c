"""Streams of lists below a user (roles, sessions, …), read again only for users who changed."""
