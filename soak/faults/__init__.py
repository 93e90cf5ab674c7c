"""The fault matrix: each sort of stream under each fault, at each of its requests."""
