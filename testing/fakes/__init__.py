"""Stand-ins for the clock, the requesters and Auth0's responses, for tests without a network."""
