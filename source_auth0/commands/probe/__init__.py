"""`source-auth0 probe`: asks a real tenant what Auth0's documents leave open, by reading alone."""
