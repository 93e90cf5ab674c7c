"""Sign-in: access tokens, the token endpoint, scopes."""
