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

from source_auth0.components.problems import (
    MissingScope,
    QueryTimeout,
    config_error,
    system_error,
    transient_error,
)

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
#: `errorCode`s of 404 answers for a single resource that nobody has configured.
UNCONFIGURED_CODES = re.compile(r"^(inexistent_|theme_not_found$)")
UNCONFIGURED_WORDS = re.compile(r"configuration not found|^No .* found for this tenant", re.IGNORECASE)
#: A name of a fixed list, such as a prompt's, that this tenant does not have.
UNKNOWN_NAME = re.compile(r"^Path validation error: 'Invalid value ")
SCOPE_WORDS = re.compile(r"^Insufficient scope(?:, expected(?: (any|all) of)?: (.+))?$")
FIELD_WORDS = re.compile(r"^Some fields cannot be read with the permissions granted")
TIMEOUT_WORDS = re.compile(r"^The query exceeded the timeout")
TOO_DEEP = "invalid_paging"
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
    """The meaning of one answer, with the parsed body, the warning or the error that goes with it."""

    meaning: Meaning
    body: Any = None
    warning: str = ""
    error: AirbyteTracedException | None = None


@dataclass(frozen=True)
class Reader:
    """Who asks: the stream's name, the scopes it declares, and what it expects of a 404 or an empty body.

    below_parent: it reads something below a parent's row, which may be gone by now.
    may_be_missing: its route is new, and a private cloud's release may lack it.
    only_status: the status is all that it asks for.
    """

    stream: str
    scopes: tuple[str, ...] = ()
    below_parent: bool = False
    may_be_missing: bool = False
    only_status: bool = False


def judge(answer: requests.Response, reader: Reader) -> Verdict:
    """Tell what an answer means for the stream that asked."""
    status = answer.status_code
    if reader.only_status and status == requests.codes.ok:
        return Verdict(Meaning.ROWS, body=True)
    if status == requests.codes.no_content:
        return Verdict(Meaning.NOTHING)
    if status in {requests.codes.ok, requests.codes.created}:
        return _rows(answer, reader)
    if status == requests.codes.too_many_requests:
        return Verdict(Meaning.WAIT, error=_busy(answer, reader))
    if status == requests.codes.unauthorized or (status == requests.codes.bad_request and _said(answer)[0] == "Bearer"):
        return Verdict(Meaning.RENEW, error=_unauthorized(answer, reader))
    return _nothing(answer, reader) or _failure(answer, reader)


def wait_seconds(headers: Mapping[str, str], attempt: int) -> float:
    """Seconds until a rate limit admits another request, by the server's own clock; growing where it does not say."""
    for told in (_retry_after, reset_in):
        with contextlib.suppress(KeyError, ValueError, TypeError):
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


def json_object(answer: requests.Response) -> dict[str, Any]:
    """The JSON object in an answer, such as Auth0's error envelope; empty where something else came."""
    try:
        body = orjson.loads(answer.content)
    except orjson.JSONDecodeError:
        return {}
    return body if isinstance(body, dict) else {}


def _rows(answer: requests.Response, reader: Reader) -> Verdict:
    try:
        body = orjson.loads(answer.content)
    except orjson.JSONDecodeError:
        body = None
    if body is None:
        kind = answer.headers.get("content-type", "no content type")
        error = transient_error(
            f"Auth0 answered `{reader.stream}` with something that is no JSON ({kind}, {len(answer.content)} bytes). "
            "A proxy in between may have answered in its place.",
        )
        return Verdict(Meaning.AGAIN, error=error)
    return Verdict(Meaning.ROWS, body=body)


def _nothing(answer: requests.Response, reader: Reader) -> Verdict | None:
    """The verdict on an answer that explains why there are no rows, if it is one."""
    status, (code, message) = answer.status_code, _said(answer)
    if status == requests.codes.forbidden and _scope_error(message, reader):
        return None
    if _lacks_feature(status, code, message):
        reason = message or f"status {status}"
        return Verdict(Meaning.NOTHING, warning=f"`{reader.stream}` is empty: the tenant lacks the feature ({reason})")
    if status == requests.codes.bad_request and reader.below_parent and UNKNOWN_NAME.match(message):
        return Verdict(Meaning.NOTHING, warning=f"`{reader.stream}`: this tenant does not know some names ({message})")
    if status == requests.codes.not_found and (absence := _absence(code, message, reader)) is not None:
        return Verdict(Meaning.NOTHING, warning=absence)
    return None


def _failure(answer: requests.Response, reader: Reader) -> Verdict:
    status, (code, message) = answer.status_code, _said(answer)
    if status == requests.codes.unavailable and TIMEOUT_WORDS.match(message):
        return Verdict(Meaning.FAIL, error=QueryTimeout(reader.stream))
    if status >= requests.codes.server_error or status == requests.codes.request_timeout:
        return Verdict(Meaning.AGAIN, error=_busy(answer, reader))
    missing = _scope_error(message, reader) if status == requests.codes.forbidden else None
    return Verdict(Meaning.FAIL, error=missing or _refusal(answer, code, message, reader))


def _said(answer: requests.Response) -> tuple[str, str]:
    body = json_object(answer)
    return str(body.get("errorCode") or ""), str(body.get("message") or "")


def _scope_error(message: str, reader: Reader) -> AirbyteTracedException | None:
    if match := SCOPE_WORDS.match(message):
        named = tuple(re.findall(r"[a-z]+:[a-z_]+", match.group(2) or "")) or reader.scopes
        declared = tuple(scope for scope in named if scope in reader.scopes)
        return MissingScope(reader.stream, named if match.group(1) == "all" else (declared or named)[:1])
    if FIELD_WORDS.match(message):
        return MissingScope(reader.stream, reader.scopes, names_fields=True)
    return None


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


def _busy(answer: requests.Response, reader: Reader) -> AirbyteTracedException:
    message = json_object(answer).get("message") or answer.reason or "no reason given"
    return transient_error(
        f"Auth0 kept answering `{reader.stream}` with status {answer.status_code} ({message}). What was read is kept; "
        "the next sync goes on from there.",
    )


def _unauthorized(answer: requests.Response, reader: Reader) -> AirbyteTracedException:
    message = json_object(answer).get("message") or "no reason given"
    return config_error(
        f"Auth0 does not accept the access token for `{reader.stream}` ({message}). It has to be issued by this very "
        "tenant for the Management API: check the Base URL and the Audience, or create a new token.",
    )


def _refusal(answer: requests.Response, code: str, message: str, reader: Reader) -> AirbyteTracedException:
    status, said = answer.status_code, message or answer.reason or "no reason given"
    if code == TOO_DEEP or "exceeds the allowed maximum of 1000 records" in message:
        return system_error(
            f"`{reader.stream}` has more rows than Auth0 lets anyone page through by number ({said}). Nothing was left "
            "out silently: the stream fails. Please report it, since this list needs another way of paging.",
        )
    if status == requests.codes.not_found:
        return config_error(
            f"Auth0 has nothing at the address of `{reader.stream}` (404 {said}). Check that the Base URL is the "
            "tenant's domain and nothing else answers there.",
        )
    if 300 <= status < 400:  # noqa: PLR2004 - redirects are never followed with the token
        return config_error(
            f"The Base URL redirects `{reader.stream}` elsewhere (status {status}), where the token must not go. Enter "
            "the domain that answers itself.",
        )
    return system_error(f"Auth0 refused `{reader.stream}` ({status} {code} {said}).")
