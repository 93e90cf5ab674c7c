"""OAuth 2.0: the token endpoint, access tokens, client assertions and issuers."""
