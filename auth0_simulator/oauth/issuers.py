"""The issuers of a tenant: its canonical domain and, where it has one, its custom domain.

https://auth0.com/docs/customize/custom-domains
Each is the issuer of its own tokens, and accepts no others.
"""

from __future__ import annotations

from urllib.parse import urlsplit


class IssuerResolver:
    """Resolves a request's Host header to the issuer; the URLs are set once the servers listen."""

    def __init__(self) -> None:
        self.set_urls("", "")

    def set_urls(self, canonical: str, custom: str) -> None:
        """Set the URLs of the domains; `custom` is empty without a custom domain."""
        self.canonical, self.custom = canonical, custom

    def issuer(self, host: str | None) -> str:
        """The issuer for a request's `Host` header; the canonical domain for any other host."""
        named = bool(self.custom) and host == urlsplit(self.custom).netloc
        return f"{self.custom if named else self.canonical}/"
