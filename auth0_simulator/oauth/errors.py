"""Errors of the token endpoint."""

from __future__ import annotations

from dataclasses import dataclass, field


class InvalidAssertionError(Exception):
    """A client assertion is invalid; the message gives the reason."""


@dataclass(eq=False)
class OAuthError(Exception):
    """An error response of the token endpoint: `{"error", "error_description"}`."""

    status: int
    error: str
    description: str
    extra: dict[str, str] = field(default_factory=dict)
