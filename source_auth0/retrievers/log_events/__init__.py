"""What a single event of the tenant's log says: its place, its API write, its deleted user."""
