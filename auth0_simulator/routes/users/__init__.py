"""Users, what belongs to them, and the jobs that export them."""
