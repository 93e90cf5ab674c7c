"""Airbyte source for the Auth0 Management API."""

from source_auth0.source import SourceAuth0

__all__ = ["SourceAuth0"]
