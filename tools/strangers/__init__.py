"""The simulated tenant before strangers: Auth0's OpenAPI document, its Python and Node clients, its deploy CLI."""
