"""The tenant's log: the store, the seeded events, the shapes of events by type, and the search index."""
