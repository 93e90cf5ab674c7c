"""Servers that misbehave: they drip, or alter what passes through them."""
