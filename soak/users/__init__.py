"""Users of a large, busy tenant whose search index is late."""
