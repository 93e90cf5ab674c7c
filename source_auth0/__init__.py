"""Airbyte source for the Auth0 Management API."""

import sys

if sys.version_info < (3, 10):  # noqa: UP036 - where pip was not asked, what follows fails in the framework's syntax
    sys.exit(
        f"source-auth0 needs Python 3.10 to 3.14, and {sys.executable} is Python {sys.version_info[0]}."
        f"{sys.version_info[1]}. Run it with another one: python3.12 -m source_auth0 ..."
    )

from source_auth0.source import SourceAuth0

__all__ = ["SourceAuth0"]
