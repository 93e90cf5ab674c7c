"""Retrievers of lists and single objects, their pagination, and partition routers for their parents."""
