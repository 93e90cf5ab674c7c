"""Auth0's own clients: scripts that run in environments of their own, and what these need."""
