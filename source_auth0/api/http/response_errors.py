"""Errors for failed responses of the Management API: what failed, and what to change."""

import re
from dataclasses import dataclass
from typing import Any

import orjson
import requests
from airbyte_cdk.models import FailureType
from airbyte_cdk.utils.traced_exception import AirbyteTracedException

from source_auth0.api.http.bodies import MAX_BODY_BYTES, BodyTooLargeError, excerpt, parse_json
from source_auth0.errors import (
    FullListError,
    MissingScopeError,
    RequestRefusedError,
    config_error,
    system_error,
    transient_error,
)

SCOPE_WORDS = re.compile(r"^Insufficient scope(?:, expected(?: (any|all) of)?: (.+))?$")
FIELD_WORDS = re.compile(r"^Some fields cannot be read with the permissions granted")
#: Seconds of a wait as a message tells them: a year, whatever a header says.
MAX_TOLD_SECONDS = 31_536_000.0
PAGING_CAP_CODE = "invalid_paging"


@dataclass(frozen=True)
class RequestContext:
    """The stream that a request is for, the scopes it declares, and how it takes a 404 or an empty body.

    below_parent: it reads below a parent's row, which may have vanished since.
    may_be_missing: its route is new, and a private cloud's release may lack it.
    has_ended: Auth0 has ended the feature, so that any refusal but a missing scope's means that there is nothing.
    only_status: the status is all that it reads.
    on_every_plan: every tenant has it, so that no plan and no release can lack it.
    has_alternative: its reader asks another route where this one has nothing, and so has to know.
    known_to_exist: this very list was answered before, or its row was listed; only a vanished parent can end it.
    """

    stream: str
    scopes: tuple[str, ...] = ()
    below_parent: bool = False
    may_be_missing: bool = False
    only_status: bool = False
    on_every_plan: bool = False
    known_to_exist: bool = False
    has_alternative: bool = False
    has_ended: bool = False

    @property
    def cannot_lack_it(self) -> bool:
        """Whether an answer without rows that blames the plan, or nothing at all, cannot be true."""
        return self.known_to_exist or (self.on_every_plan and not self.below_parent)

    @property
    def may_lack_route(self) -> bool:
        """Whether a 404 may be a private cloud's release that lacks the route: of a whole list or object, the first."""
        certain = self.below_parent or self.on_every_plan or self.known_to_exist
        return not (certain or self.has_alternative or self.only_status)


def json_object(response: requests.Response) -> dict[str, Any]:
    """The JSON object in a response, such as Auth0's error envelope; empty for any other body."""
    try:
        body = parse_json(response.content)
    except (orjson.JSONDecodeError, BodyTooLargeError):
        return {}
    return body if isinstance(body, dict) else {}


def error_code_and_message(response: requests.Response) -> tuple[str, str]:
    """`errorCode` and `message` of Auth0's error envelope, "" where missing."""
    body = json_object(response)
    return excerpt(body.get("errorCode")), excerpt(body.get("message"))


def scope_error(message: str, context: RequestContext) -> AirbyteTracedException | None:
    """The error for the message of a 403 about a missing scope; None for any other message."""
    if match := SCOPE_WORDS.match(message):
        named = tuple(re.findall(r"[a-z]+:[a-z_]+", match.group(2) or "")) or context.scopes
        declared = tuple(scope for scope in named if scope in context.scopes)
        return MissingScopeError(context.stream, named if match.group(1) == "all" else (declared or named)[:1])
    if FIELD_WORDS.match(message):
        return MissingScopeError(context.stream, context.scopes, names_fields=True)
    return None


def busy_error(response: requests.Response, context: RequestContext) -> AirbyteTracedException:
    """The error for a 429, 408 or 5xx once its retries are exhausted."""
    message = error_code_and_message(response)[1] or excerpt(response.reason) or "no reason given"
    return transient_error(
        f"Auth0 kept answering `{context.stream}` with status {response.status_code} ({message}). What was read is "
        "kept; the next sync resumes from there.",
    )


def denied_error(response: requests.Response, context: RequestContext) -> AirbyteTracedException:
    """The error for an answer of nothing that cannot be true, once its retries are exhausted."""
    message = error_code_and_message(response)[1] or excerpt(response.reason) or "no reason given"
    known = "it had answered before" if context.known_to_exist else "every tenant has"
    return transient_error(
        f"Auth0 answered `{context.stream}` with status {response.status_code} ({message}), as if there were "
        f"nothing to read, which {known}. Nothing was left out silently: the stream fails. Sync again; if that does "
        "not help, ask Auth0's support about this status.",
    )


def too_large_error(context: RequestContext) -> AirbyteTracedException:
    """The error for a body that is too large to be read, or whose values are too many to be parsed."""
    return system_error(
        f"Auth0 answered `{context.stream}` with more than {MAX_BODY_BYTES >> 20} megabytes, or with more values than "
        "a page of rows has. Nothing of it was read: something in between may have answered in its place. Please "
        "report it where your tenant's rows are so large."
    )


def long_wait_error(context: RequestContext, seconds: float, patience: float) -> AirbyteTracedException:
    """The error for a 429 whose `Retry-After` asks for more seconds than anything waits for."""
    return transient_error(
        f"Auth0 asks to wait {min(seconds, MAX_TOLD_SECONDS):,.0f} seconds (`Retry-After`) before `{context.stream}` "
        f"is requested again, and at most {patience:,.0f} are waited for. What was read is kept; sync again after that "
        "time.",
    )


def unauthorized_error(response: requests.Response, context: RequestContext) -> AirbyteTracedException:
    """The error for an access token that Auth0 rejects."""
    message = error_code_and_message(response)[1] or "no reason given"
    return config_error(
        f"Auth0 does not accept the access token for `{context.stream}` ({message}). It has to be issued by this very "
        "tenant, through this very domain, for the Management API: check the Base URL and the Audience, or create a "
        "new token.",
    )


def refused_error(
    response: requests.Response, code: str, message: str, context: RequestContext
) -> AirbyteTracedException:
    """The error for any other status."""
    status, reason = response.status_code, message or excerpt(response.reason) or "no reason given"
    if code == PAGING_CAP_CODE or "exceeds the allowed maximum of 1000 records" in message:
        return FullListError(context.stream, reason=reason)
    if status == requests.codes.not_found:
        return RequestRefusedError(
            status,
            f"Auth0 has nothing at the address of `{context.stream}` (404 {reason}). Check that the Base URL is the "
            "tenant's domain and nothing else answers there.",
            FailureType.config_error,
            reason=message,
        )
    if 300 <= status < 400:  # noqa: PLR2004 - redirects are never followed with the token
        return config_error(
            f"The Base URL redirects `{context.stream}` elsewhere (status {status}), where the token must not go. "
            "Enter the domain that answers itself.",
        )
    return RequestRefusedError(
        status,
        f"Auth0 refused `{context.stream}` ({status} {code} {reason}).",
        FailureType.system_error,
        reason=message,
    )
