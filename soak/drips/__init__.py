"""Drips: answers that never end, a byte now and then, at every route that streams ask."""
