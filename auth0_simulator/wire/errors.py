"""Errors of the Management API: Auth0's error envelope and messages.

The bodies are those of public recordings and threads, see `docs/simulator.md`; the rest follows their pattern.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

FROM_DESCRIPTION = "Optional Id from which to start selection"


@dataclass(eq=False)
class ApiError(Exception):
    """An error response of the API: `{"statusCode", "error", "message", "errorCode"?}`."""

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


def not_found(message: str = "Not Found", code: str | None = None) -> ApiError:
    """404: no such path, or no such resource."""
    return ApiError(404, message, code)


def method_not_allowed() -> ApiError:
    """405: the path exists, but not with this method."""
    return ApiError(405, "Method Not Allowed")


def unauthorized(message: str) -> ApiError:
    """401; the message is repeated under `attributes`."""
    return ApiError(401, message, attributes={"error": message})


def bad_authorization_header() -> ApiError:
    """400: an Authorization header that is not `Bearer <token>`."""
    return ApiError(400, "Bad HTTP authentication header format", "Bearer")


def insufficient_scope(scopes: tuple[str, ...], *, all_of: bool) -> ApiError:
    """403: the token lacks a scope; the message names the required ones."""
    quantity = "all of" if all_of else "any of"
    return ApiError(403, f"Insufficient scope, expected {quantity}: {', '.join(scopes)}", "insufficient_scope")


def unreadable_fields() -> ApiError:
    """403: `fields` names a column that the token's scopes do not allow to read."""
    message = "Some fields cannot be read with the permissions granted by the bearer token scopes."
    return ApiError(403, message, "insufficient_scope")


def invalid_query(message: str) -> ApiError:
    """400: the query string is invalid; any message."""
    return ApiError(400, message, "invalid_query_string")


def unknown_parameters(names: list[str]) -> ApiError:
    """400: query parameters that the endpoint does not have."""
    return invalid_query(f"Query validation error: 'Additional properties not allowed: {','.join(names)}'.")


def invalid_parameter(problem: str, name: str, description: str) -> ApiError:
    """400: the value of a query parameter; the message ends with the parameter's description, as Auth0's does."""
    return invalid_query(f"Query validation error: '{problem}' on property {name} ({description}).")


def invalid_search(problem: str) -> ApiError:
    """400: a Lucene query that is invalid or not supported."""
    return invalid_query(f"The search query string has an error: {problem}")


def invalid_paging(message: str) -> ApiError:
    """400: a page beyond the records that offset pagination reaches."""
    return ApiError(400, message, "invalid_paging")


def invalid_checkpoint(problem: str) -> ApiError:
    """400: an invalid or expired checkpoint in `from`; the wording is a guess."""
    return invalid_parameter(problem, "from", FROM_DESCRIPTION)


def query_timeout() -> ApiError:
    """503: the search took longer than about two seconds."""
    return ApiError(
        503,
        "The query exceeded the timeout. Please try refining your search criteria. "
        "See https://auth0.com/docs/best-practices/search-best-practices.",
    )
