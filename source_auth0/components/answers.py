"""What an answer of the Management API means: rows, nothing to read, another attempt, or an error with advice."""

import contextlib
import email.utils
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

import orjson
import requests
from airbyte_cdk.utils.traced_exception import AirbyteTracedException

from source_auth0.components.bodies import parsed, words
from source_auth0.components.problems import QueryTimeout, transient_error
from source_auth0.components.refusals import Reader, busy, refusal, said_in, scope_error, unauthorized

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
OF_ONE_PARENT = re.compile(r"for this connection|does not support inbound|on the connection", re.IGNORECASE)
CODES_OF_ONE_PARENT = frozenset({"operation_not_supported"})
#: A 400 about one user of many (https://auth0.com/docs/api/management/v2/users/get-authentication-methods).
TOO_MANY_IDENTIFIERS = "number of user identifiers associated with a user exceeds the maximum"
#: `errorCode`s of 404 answers for a single resource that nobody has configured.
UNCONFIGURED_CODES = re.compile(r"^(inexistent_|theme_not_found$)")
UNCONFIGURED_WORDS = re.compile(r"configuration not found|^No .* found for this tenant", re.IGNORECASE)
#: A name of a fixed list, such as a prompt's, that this tenant does not have.
UNKNOWN_NAME = re.compile(r"^Path validation error: 'Invalid value ")
TIMEOUT_WORDS = re.compile(r"^The query exceeded the timeout")
#: Bounds of one wait, in seconds; a reset further away is a broken header or clock.
SHORTEST_WAIT, LONGEST_WAIT = 0.5, 60.0


class Meaning(Enum):
    """What to do with an answer."""

    ROWS = "its body holds rows"
    NOTHING = "there is nothing to read, and that is no error"
    WAIT = "the rate limit was reached"
    AGAIN = "it may work another time"
    RENEW = "the token is no longer good"
    FAIL = "the stream cannot be read"


@dataclass(frozen=True)
class Verdict:
    """The meaning of one answer, with the parsed body, the warning or the error that goes with it.

    for_all_parents: no other parent's rows are to be had either.
    """

    meaning: Meaning
    body: Any = None
    warning: str = ""
    error: AirbyteTracedException | None = None
    for_all_parents: bool = False


def judge(answer: requests.Response, reader: Reader) -> Verdict:
    """Tell what an answer means for the stream that asked."""
    status = answer.status_code
    if reader.only_status and status == requests.codes.ok:
        # A status comes without a body; a page of HTML is a proxy's.
        is_page = answer.content.lstrip().startswith(b"<")
        return _odd(answer, reader) if is_page else Verdict(Meaning.ROWS, body=True)
    if status == requests.codes.no_content:
        return Verdict(Meaning.NOTHING)
    if status in {requests.codes.ok, requests.codes.created}:
        return _rows(answer, reader)
    if status == requests.codes.too_many_requests:
        return Verdict(Meaning.WAIT, error=busy(answer, reader))
    if status == requests.codes.unauthorized or (
        status == requests.codes.bad_request and said_in(answer)[0] == "Bearer"
    ):
        return Verdict(Meaning.RENEW, error=unauthorized(answer, reader))
    return _nothing(answer, reader) or _failure(answer, reader)


def wait_seconds(headers: Mapping[str, str], attempt: int) -> float:
    """Seconds until a rate limit admits another request, by the server's own clock; growing where it does not say."""
    for told in (_retry_after, reset_in):
        with contextlib.suppress(KeyError, ValueError, OverflowError):
            if math.isfinite(wait := told(headers)):
                return min(max(wait, SHORTEST_WAIT), LONGEST_WAIT)
    return growing_wait(attempt)


def _retry_after(headers: Mapping[str, str]) -> float:
    return float(headers["retry-after"])


def reset_in(headers: Mapping[str, str]) -> float:
    """Seconds until a rate limit has one more token, by the server's own clock; raises where it does not say."""
    now = email.utils.parsedate_to_datetime(headers["date"]).timestamp()
    return float(headers["x-ratelimit-reset"]) - now


def growing_wait(attempt: int) -> float:
    """1, 2, 4 … seconds, at most a minute; `attempt` counts from 1."""
    return min(2.0 ** (attempt - 1), LONGEST_WAIT)


def _rows(answer: requests.Response, reader: Reader) -> Verdict:
    try:
        body = parsed(answer.content)
    except orjson.JSONDecodeError:
        body = None
    return Verdict(Meaning.ROWS, body=body) if body is not None else _odd(answer, reader)


def _odd(answer: requests.Response, reader: Reader) -> Verdict:
    """The verdict on a good status with something else than Auth0 sends."""
    kind = words(answer.headers.get("content-type")) or "no content type"
    error = transient_error(
        f"Auth0 answered `{reader.stream}` with something that is no JSON ({kind}, {len(answer.content)} bytes). "
        "A proxy in between may have answered in its place.",
    )
    return Verdict(Meaning.AGAIN, error=error)


def _nothing(answer: requests.Response, reader: Reader) -> Verdict | None:
    """The verdict on an answer that explains why there are no rows, if it is one."""
    status, (code, message) = answer.status_code, said_in(answer)
    if status == requests.codes.forbidden and scope_error(message, reader):
        return None
    if _lacks_feature(status, code, message):
        warning = f"`{reader.stream}` is empty: the tenant lacks the feature ({message or f'status {status}'})"
        of_one = code in CODES_OF_ONE_PARENT or OF_ONE_PARENT.search(message)
        return Verdict(Meaning.NOTHING, warning=warning, for_all_parents=reader.below_parent and not of_one)
    if status == requests.codes.bad_request and reader.below_parent and TOO_MANY_IDENTIFIERS in message:
        return Verdict(Meaning.NOTHING, warning=f"`{reader.stream}` lacks some users' rows: the {TOO_MANY_IDENTIFIERS}")
    if status == requests.codes.bad_request and reader.below_parent and UNKNOWN_NAME.match(message):
        return Verdict(Meaning.NOTHING, warning=f"`{reader.stream}`: this tenant does not know some names ({message})")
    if status == requests.codes.not_found and (absence := _absence(code, message, reader)) is not None:
        return Verdict(Meaning.NOTHING, warning=absence)
    return None


def _failure(answer: requests.Response, reader: Reader) -> Verdict:
    status, (code, message) = answer.status_code, said_in(answer)
    if status == requests.codes.unavailable and TIMEOUT_WORDS.match(message):
        return Verdict(Meaning.FAIL, error=QueryTimeout(reader.stream))
    if status >= requests.codes.server_error or status == requests.codes.request_timeout:
        return Verdict(Meaning.AGAIN, error=busy(answer, reader))
    missing = scope_error(message, reader) if status == requests.codes.forbidden else None
    return Verdict(Meaning.FAIL, error=missing or refusal(answer, code, message, reader))


def _lacks_feature(status: int, code: str, message: str) -> bool:
    if status in {requests.codes.payment_required, requests.codes.not_implemented, requests.codes.gone}:
        return True
    refused = status in {requests.codes.bad_request, requests.codes.forbidden}
    return refused and (code in FEATURE_CODES or bool(FEATURE_WORDS.search(message)))


def _absence(code: str, message: str, reader: Reader) -> str | None:
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
