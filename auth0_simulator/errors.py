"""How the Management API fails: Auth0's envelope and its own words.

The bodies are those that public recordings and threads show, see `docs/simulator.md`; the rest follows their pattern.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any


@dataclass(eq=False)
class Refusal(Exception):  # noqa: N818 - "error" is a field of the body
    """An answer other than 200, as `{"statusCode", "error", "message", "errorCode"?}`."""

    status: int
    message: str
    code: str | None = None
    attributes: dict[str, str] | None = None
    headers: dict[str, str] = field(default_factory=dict)

    def body(self) -> dict[str, Any]:
        """The envelope; `errorCode` is absent where Auth0 leaves it out."""
        body: dict[str, Any] = {
            "statusCode": self.status,
            "error": HTTPStatus(self.status).phrase,
            "message": self.message,
        }
        if self.code is not None:
            body["errorCode"] = self.code
        if self.attributes is not None:
            body["attributes"] = self.attributes
        return body


def not_found(message: str = "Not Found", code: str | None = None) -> Refusal:
    """404: no such route, or no such resource."""
    return Refusal(404, message, code)


def method_not_allowed() -> Refusal:
    """405: the path is known, the method is not."""
    return Refusal(405, "Method Not Allowed")


def unauthorized(message: str) -> Refusal:
    """401, whose message is repeated under `attributes`."""
    return Refusal(401, message, attributes={"error": message})


def bad_authorization_header() -> Refusal:
    """400: an Authorization header that is not `Bearer <token>`."""
    return Refusal(400, "Bad HTTP authentication header format", "Bearer")


def insufficient_scope(scopes: tuple[str, ...], *, all_of: bool) -> Refusal:
    """403 that names the scopes that would do."""
    quantity = "all of" if all_of else "any of"
    return Refusal(403, f"Insufficient scope, expected {quantity}: {', '.join(scopes)}", "insufficient_scope")


def unreadable_fields() -> Refusal:
    """403: `fields` names what the token's scopes do not open."""
    message = "Some fields cannot be read with the permissions granted by the bearer token scopes."
    return Refusal(403, message, "insufficient_scope")


def invalid_query(message: str) -> Refusal:
    """400: the query string as a whole, with the message as it is."""
    return Refusal(400, message, "invalid_query_string")


def unknown_parameters(names: list[str]) -> Refusal:
    """400: parameters that the endpoint does not have."""
    return invalid_query(f"Query validation error: 'Additional properties not allowed: {','.join(names)}'.")


def invalid_parameter(problem: str, name: str, description: str) -> Refusal:
    """400: a parameter's value; the message ends with the parameter's description, as Auth0's does."""
    return invalid_query(f"Query validation error: '{problem}' on property {name} ({description}).")


def invalid_search(problem: str) -> Refusal:
    """400: a Lucene query that the search engine cannot run."""
    return invalid_query(f"The search query string has an error: {problem}")


def invalid_paging(message: str) -> Refusal:
    """400: a page beyond the first 1,000 records."""
    return Refusal(400, message, "invalid_paging")


def query_timeout() -> Refusal:
    """503: the search took longer than about two seconds."""
    return Refusal(
        503,
        "The query exceeded the timeout. Please try refining your search criteria. "
        "See https://auth0.com/docs/best-practices/search-best-practices.",
    )
