"""HTTP: the server, parsed requests, encoded responses, and the error envelope of Auth0's API."""
