"""What an answer of the Management API means: rows, nothing to read, another attempt, or an error with advice."""

import re
from dataclasses import dataclass
from typing import Any

import orjson
import requests
from airbyte_cdk.sources.streams.http.error_handlers.response_models import ResponseAction
from airbyte_cdk.utils.traced_exception import AirbyteTracedException

from source_auth0.api.http.bodies import excerpt, parse_json
from source_auth0.api.http.response_errors import (
    RequestContext,
    busy_error,
    error_code_and_message,
    refused_error,
    scope_error,
    unauthorized_error,
)
from source_auth0.errors import QueryTimeoutError, transient_error

#: `errorCode`s of 400 and 403 answers for a feature that the tenant's plan or settings lack.
FEATURE_CODES = frozenset(
    {"feature_not_enabled", "insufficient_entitlement", "hooks_not_allowed", "operation_not_supported"}
)
#: The same in words, since some features answer with the `errorCode` of a missing scope.
FEATURE_WORDS = re.compile(
    r"upgrade your subscription|feature is not enabled|feature not enabled|not enabled for this tenant|not entitled"
    r"|deprecated feature|not available for this connection|does not support inbound|not enabled on the connection"
    r"|setup is incomplete|not available on this plan|does not have Advanced Customizations|verified credit card"
    r"|no-code not enabled"
    r"|account is not allowed to perform this operation|at least one custom domain",
    re.IGNORECASE,
)
#: Those of them that may hold for one connection, and not for the next.
ONE_PARENT_WORDS = re.compile(r"for this connection|does not support inbound|on the connection", re.IGNORECASE)
ONE_PARENT_CODES = frozenset({"operation_not_supported"})
#: A 400 about one user of many (https://auth0.com/docs/api/management/v2/users/get-authentication-methods).
TOO_MANY_IDENTIFIERS = "number of user identifiers associated with a user exceeds the maximum"
#: `errorCode`s of 404 answers for a single resource that nobody has configured.
UNCONFIGURED_CODES = re.compile(r"^(inexistent_|theme_not_found$)")
UNCONFIGURED_WORDS = re.compile(r"configuration not found|^No .* found for this tenant", re.IGNORECASE)
#: A name of a fixed list, such as a prompt's, that this tenant does not have.
UNKNOWN_NAME = re.compile(r"^Path validation error: 'Invalid value ")
TIMEOUT_WORDS = re.compile(r"^The query exceeded the timeout")


@dataclass(frozen=True)
class Classification:
    """The meaning of one answer, with the parsed body, the warning or the error that goes with it.

    for_all_parents: no other parent's rows are to be had either.
    """

    action: ResponseAction
    body: Any = None
    warning: str = ""
    error: AirbyteTracedException | None = None
    for_all_parents: bool = False


def classify_response(answer: requests.Response, reader: RequestContext) -> Classification:
    """Tell what an answer means for the stream that asked."""
    status = answer.status_code
    if reader.only_status and status == requests.codes.ok:
        # A status comes without a body; a page of HTML is a proxy's.
        is_page = answer.content.lstrip().startswith(b"<")
        return _classify_non_json(answer, reader) if is_page else Classification(ResponseAction.SUCCESS, body=True)
    if status == requests.codes.no_content:
        return Classification(ResponseAction.IGNORE)
    if status in {requests.codes.ok, requests.codes.created}:
        return _classify_body(answer, reader)
    if status == requests.codes.too_many_requests:
        return Classification(ResponseAction.RATE_LIMITED, error=busy_error(answer, reader))
    if status == requests.codes.unauthorized or (
        status == requests.codes.bad_request and error_code_and_message(answer)[0] == "Bearer"
    ):
        return Classification(ResponseAction.REFRESH_TOKEN_THEN_RETRY, error=unauthorized_error(answer, reader))
    return _classify_nothing_to_read(answer, reader) or _classify_failure(answer, reader)


def _classify_body(answer: requests.Response, reader: RequestContext) -> Classification:
    try:
        body = parse_json(answer.content)
    except orjson.JSONDecodeError:
        body = None
    return Classification(ResponseAction.SUCCESS, body=body) if body is not None else _classify_non_json(answer, reader)


def _classify_non_json(answer: requests.Response, reader: RequestContext) -> Classification:
    """The verdict on a good status with something else than Auth0 sends."""
    kind = excerpt(answer.headers.get("content-type")) or "no content type"
    error = transient_error(
        f"Auth0 answered `{reader.stream}` with something that is no JSON ({kind}, {len(answer.content)} bytes). "
        "A proxy in between may have answered in its place.",
    )
    return Classification(ResponseAction.RETRY, error=error)


def _classify_nothing_to_read(answer: requests.Response, reader: RequestContext) -> Classification | None:
    """The verdict on an answer that explains why there are no rows, if it is one."""
    status, (code, message) = answer.status_code, error_code_and_message(answer)
    if status == requests.codes.forbidden and scope_error(message, reader):
        return None
    if _lacks_feature(status, code, message):
        warning = f"`{reader.stream}` is empty: the tenant lacks the feature ({message or f'status {status}'})"
        of_one = code in ONE_PARENT_CODES or ONE_PARENT_WORDS.search(message)
        return Classification(
            ResponseAction.IGNORE, warning=warning, for_all_parents=reader.below_parent and not of_one
        )
    if status == requests.codes.bad_request and reader.below_parent and TOO_MANY_IDENTIFIERS in message:
        return Classification(
            ResponseAction.IGNORE, warning=f"`{reader.stream}` lacks some users' rows: the {TOO_MANY_IDENTIFIERS}"
        )
    if status == requests.codes.bad_request and reader.below_parent and UNKNOWN_NAME.match(message):
        return Classification(
            ResponseAction.IGNORE, warning=f"`{reader.stream}`: this tenant does not know some names ({message})"
        )
    if status == requests.codes.not_found and (absence := _absence_warning(code, message, reader)) is not None:
        return Classification(ResponseAction.IGNORE, warning=absence)
    return None


def _classify_failure(answer: requests.Response, reader: RequestContext) -> Classification:
    status, (code, message) = answer.status_code, error_code_and_message(answer)
    if status == requests.codes.unavailable and TIMEOUT_WORDS.match(message):
        return Classification(ResponseAction.FAIL, error=QueryTimeoutError(reader.stream))
    if status >= requests.codes.server_error or status == requests.codes.request_timeout:
        return Classification(ResponseAction.RETRY, error=busy_error(answer, reader))
    missing = scope_error(message, reader) if status == requests.codes.forbidden else None
    return Classification(ResponseAction.FAIL, error=missing or refused_error(answer, code, message, reader))


def _lacks_feature(status: int, code: str, message: str) -> bool:
    if status in {requests.codes.payment_required, requests.codes.not_implemented, requests.codes.gone}:
        return True
    refused = status in {requests.codes.bad_request, requests.codes.forbidden}
    return refused and (code in FEATURE_CODES or bool(FEATURE_WORDS.search(message)))


def _absence_warning(code: str, message: str, reader: RequestContext) -> str | None:
    """Why a 404 is no error: the parent vanished while the sync ran, or nobody configured the resource."""
    if reader.only_status:
        return ""
    if reader.below_parent:
        return f"`{reader.stream}`: nothing is there for some of what it is read for ({message or 'status 404'})"
    if UNCONFIGURED_CODES.match(code) or UNCONFIGURED_WORDS.search(message):
        return f"`{reader.stream}` is empty: nothing is configured ({message})"
    if reader.may_be_missing:
        return (
            f"`{reader.stream}` is empty: this tenant's release of Auth0 does not have it ({message or 'status 404'})"
        )
    return None
