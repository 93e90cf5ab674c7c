"""`source-auth0 estimate`: how much a sync will read and how long it takes, asked of the tenant beforehand."""
