"""The fault matrix: each stream archetype under each fault, on each of its routes."""
