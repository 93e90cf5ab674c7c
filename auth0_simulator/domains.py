"""The addresses that a tenant answers at: its canonical domain and, where it has one, its custom domain.

https://auth0.com/docs/customize/custom-domains
Each issues tokens in its own name, and takes no others.
"""

from __future__ import annotations

from urllib.parse import urlsplit


class Domains:
    """Where the tenant is served, once it is."""

    def __init__(self) -> None:
        self.serve("", "")

    def serve(self, canonical: str, custom: str) -> None:
        """Answer at these addresses; `custom` is empty without a custom domain."""
        self.canonical, self.custom = canonical, custom

    def issuer(self, host: str | None) -> str:
        """In whose name the domain speaks that a request's `Host` names; the canonical one for any other host."""
        named = bool(self.custom) and host == urlsplit(self.custom).netloc
        return f"{self.custom if named else self.canonical}/"
