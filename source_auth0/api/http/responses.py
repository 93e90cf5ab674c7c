"""Response classification: rows, nothing to read, a retry, or an error that says what to change."""

import re
from dataclasses import dataclass, replace
from typing import Any

import orjson
import requests
from airbyte_cdk.sources.streams.http.error_handlers.response_models import ResponseAction
from airbyte_cdk.utils.traced_exception import AirbyteTracedException

from source_auth0.api.http.bodies import BodyTooLargeError, excerpt, parse_json
from source_auth0.api.http.response_errors import (
    RequestContext,
    busy_error,
    denied_error,
    error_code_and_message,
    refused_error,
    scope_error,
    too_large_error,
    unauthorized_error,
)
from source_auth0.errors import ParentRefusedError, QueryTimeoutError, RequestRefusedError, transient_error

#: `errorCode`s of 400 and 403 responses about a feature that the tenant's plan or settings lack.
FEATURE_CODES = frozenset(
    {"feature_not_enabled", "insufficient_entitlement", "hooks_not_allowed", "operation_not_supported"}
)
#: The same by message, since some features have the `errorCode` of a missing scope.
FEATURE_WORDS = re.compile(
    r"upgrade your subscription|feature is not enabled|feature not enabled|not enabled for this tenant|not entitled"
    r"|deprecated feature|not available for this connection|does not support inbound|not enabled on the connection"
    r"|setup is incomplete|not available on this plan|does not have Advanced Customizations|verified credit card"
    r"|no-code not enabled"
    r"|account is not allowed to perform this operation|at least one custom domain"
    r"|endpoint is disabled for your tenant|entity-bound trigger",
    re.IGNORECASE,
)
#: Those of them that tell what one connection or trigger is like, and nothing of the next.
ONE_PARENT_WORDS = re.compile(
    r"for this connection|does not support inbound|on the connection|entity-bound trigger", re.IGNORECASE
)
ONE_PARENT_CODES = frozenset({"operation_not_supported"})
#: A 400 about one user of many (https://auth0.com/docs/api/management/v2/users/get-authentication-methods).
TOO_MANY_IDENTIFIERS = "number of user identifiers associated with a user exceeds the maximum"
#: `errorCode`s of 404 responses for a single resource that is not configured.
UNCONFIGURED_CODES = re.compile(r"^(inexistent_|theme_not_found$)")
UNCONFIGURED_WORDS = re.compile(r"configuration not found|^No .* found for this tenant", re.IGNORECASE)
#: A 400 about a name of a fixed list, such as a prompt's, that this tenant does not have.
UNKNOWN_NAME = re.compile(r"^Path validation error: 'Invalid value ")
#: Statuses that say by themselves, without a word, that there is nothing to read.
WORDLESS_STATUSES = frozenset(
    {requests.codes.no_content, requests.codes.payment_required, requests.codes.gone, requests.codes.not_implemented}
)
TIMEOUT_WORDS = re.compile(r"^The query exceeded the timeout")
#: A 400 about how a list is asked for, which holds for every parent.
QUERY_REFUSED = re.compile(
    r"Additional properties not allowed|on property (?:per_page|take|page|from)\b|greater than max"
)


@dataclass(frozen=True)
class Classification:
    """What one response means, with its parsed body, warning or error.

    refusal: why one parent has nothing, where others may tell whether they have.
    is_doubtful: it may be an accident, or come from a proxy in between, and is worth a second request.
    may_lack_route: a 404 of a whole route, which a private cloud's release may lack; `warning` is for that case.
    """

    action: ResponseAction
    body: Any = None
    warning: str = ""
    error: AirbyteTracedException | None = None
    refusal: str = ""
    is_doubtful: bool = False
    may_lack_route: bool = False


def classify_response(response: requests.Response, context: RequestContext) -> Classification:
    """Classify a response for the stream that sent the request."""
    status = response.status_code
    if context.only_status and status == requests.codes.ok:
        # Only the status counts, unless HTML shows that a proxy sent it.
        is_html = response.content.lstrip().startswith(b"<")
        return _classify_non_json(response, context) if is_html else Classification(ResponseAction.SUCCESS, body=True)
    if context.only_status and status == requests.codes.not_found:
        return Classification(ResponseAction.SUCCESS, body=False)
    if status in {requests.codes.ok, requests.codes.created}:
        return _classify_body(response, context)
    if status == requests.codes.too_many_requests:
        return Classification(ResponseAction.RATE_LIMITED, error=busy_error(response, context))
    if status == requests.codes.unauthorized or (
        status == requests.codes.bad_request and error_code_and_message(response)[0] == "Bearer"
    ):
        return Classification(ResponseAction.REFRESH_TOKEN_THEN_RETRY, error=unauthorized_error(response, context))
    return _classify_nothing_to_read(response, context) or _classify_failure(response, context)


def _classify_body(response: requests.Response, context: RequestContext) -> Classification:
    try:
        body = parse_json(response.content)
    except orjson.JSONDecodeError:
        body = None
    except BodyTooLargeError:
        return Classification(ResponseAction.FAIL, error=too_large_error(context))
    return (
        Classification(ResponseAction.SUCCESS, body=body) if body is not None else _classify_non_json(response, context)
    )


def _classify_non_json(response: requests.Response, context: RequestContext) -> Classification:
    """RETRY for a success status with a body that is not JSON."""
    content_type = excerpt(response.headers.get("content-type")) or "no content type"
    error = transient_error(
        f"Auth0 answered `{context.stream}` with something that is no JSON ({content_type}, "
        f"{len(response.content)} bytes). A proxy in between may have answered in its place.",
    )
    return Classification(ResponseAction.RETRY, error=error)


def _classify_nothing_to_read(response: requests.Response, context: RequestContext) -> Classification | None:
    """IGNORE for a response that explains why there are no rows, RETRY where that cannot be; None for any other."""
    nothing, status = _nothing_to_read(response, context), response.status_code
    if nothing is None:
        return None
    is_gone = status == requests.codes.not_found and context.below_parent
    if context.cannot_lack_it and not is_gone:
        return Classification(ResponseAction.RETRY, error=denied_error(response, context))
    is_doubtful = nothing.is_doubtful or status in WORDLESS_STATUSES or context.known_to_exist
    if context.has_alternative:
        error = refused_error(response, *error_code_and_message(response), context)
        return Classification(ResponseAction.FAIL, error=error, is_doubtful=is_doubtful)
    if nothing.refusal:
        return _refusing_parent(response, context, nothing.refusal)
    return replace(nothing, is_doubtful=is_doubtful)


def _refusing_parent(response: requests.Response, context: RequestContext, reason: str = "") -> Classification:
    """FAIL for an answer that refuses one parent, if it comes twice; `reason`: how it says that there is nothing."""
    status, (code, message) = response.status_code, error_code_and_message(response)
    told = (
        reason or " ".join(text for text in (code, message or excerpt(response.reason)) if text) or f"status {status}"
    )
    error = ParentRefusedError(context.stream, status, told, lacks_feature=bool(reason))
    return Classification(ResponseAction.FAIL, error=error, is_doubtful=True)


def _nothing_to_read(response: requests.Response, context: RequestContext) -> Classification | None:
    status, (code, message) = response.status_code, error_code_and_message(response)
    if status == requests.codes.forbidden and scope_error(message, context):
        return None
    if _lacks_feature(status, code, message):
        return _lacking_feature(code, message or f"status {status}", context)
    warning = None
    if status == requests.codes.no_content:
        warning = f"`{context.stream}`: Auth0 answered with status 204, nothing at all"
        refusal = "nothing at all" if context.below_parent else ""
        return Classification(ResponseAction.IGNORE, warning=warning, refusal=refusal)
    if context.has_ended and status in {requests.codes.forbidden, requests.codes.not_found}:
        reason = message or f"status {status}"
        warning = (
            f"`{context.stream}` is empty: Auth0 has ended this feature, and its tenants have it no more ({reason})"
        )
        return Classification(ResponseAction.IGNORE, warning=warning)
    if status == requests.codes.bad_request and context.below_parent:
        warning = _unreadable_parent_warning(message, context)
    elif status == requests.codes.not_found:
        return _classify_absence(code, message, context)
    return None if warning is None else Classification(ResponseAction.IGNORE, warning=warning)


def _lacking_feature(code: str, reason: str, context: RequestContext) -> Classification:
    if context.below_parent and (code in ONE_PARENT_CODES or ONE_PARENT_WORDS.search(reason)):
        warning = f"`{context.stream}` has no rows for some of what it is read for: Auth0 has none there ({reason})"
        return Classification(ResponseAction.IGNORE, warning=warning)
    return Classification(
        ResponseAction.IGNORE,
        warning=f"`{context.stream}` is empty: the tenant lacks the feature ({reason})",
        refusal=reason if context.below_parent else "",
    )


def _classify_failure(response: requests.Response, context: RequestContext) -> Classification:
    status, (code, message) = response.status_code, error_code_and_message(response)
    if status == requests.codes.unavailable and TIMEOUT_WORDS.match(message):
        return Classification(ResponseAction.FAIL, error=QueryTimeoutError(context.stream))
    if status >= requests.codes.server_error or status == requests.codes.request_timeout:
        return Classification(ResponseAction.RETRY, error=busy_error(response, context))
    missing = scope_error(message, context) if status == requests.codes.forbidden else None
    error = missing or refused_error(response, code, message, context)
    is_list_known = context.known_to_exist or QUERY_REFUSED.search(message)
    if context.below_parent and type(error) is RequestRefusedError and not is_list_known:
        return _refusing_parent(response, context)
    if status == requests.codes.not_found and context.may_lack_route:
        warning = _missing_route_warning(message, context)
        return Classification(ResponseAction.FAIL, error=error, warning=warning, may_lack_route=True)
    return Classification(ResponseAction.FAIL, error=error)


def _lacks_feature(status: int, code: str, message: str) -> bool:
    if status in WORDLESS_STATUSES:
        return bool(status != requests.codes.no_content)
    is_refusal = status in {requests.codes.bad_request, requests.codes.forbidden}
    return is_refusal and (code in FEATURE_CODES or bool(FEATURE_WORDS.search(message)))


def _unreadable_parent_warning(message: str, context: RequestContext) -> str | None:
    """The warning for a 400 that tells why one parent has no rows; None where it is an error."""
    if TOO_MANY_IDENTIFIERS in message:
        return f"`{context.stream}` lacks some users' rows: the {TOO_MANY_IDENTIFIERS}"
    if UNKNOWN_NAME.match(message):
        return f"`{context.stream}`: this tenant does not know some names ({message})"
    return None


def _classify_absence(code: str, message: str, context: RequestContext) -> Classification | None:
    """IGNORE for a 404 that is no error: a vanished parent, an unconfigured resource; None where it is one."""
    if context.below_parent:
        warning = f"`{context.stream}`: nothing is there for some of what it is read for ({message or 'status 404'})"
        return Classification(ResponseAction.IGNORE, warning=warning)
    if UNCONFIGURED_CODES.match(code) or UNCONFIGURED_WORDS.search(message):
        warning = f"`{context.stream}` is empty: nothing is configured ({message})"
        return Classification(ResponseAction.IGNORE, warning=warning)
    if context.may_be_missing:
        warning = _missing_route_warning(message, context)
        return Classification(ResponseAction.IGNORE, warning=warning, is_doubtful=True)
    return None


def _missing_route_warning(message: str, context: RequestContext) -> str:
    return f"`{context.stream}` is empty: this tenant's release of Auth0 does not have it ({message or 'status 404'})"
