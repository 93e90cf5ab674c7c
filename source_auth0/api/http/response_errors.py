"""The errors that answers of the Management API become: what failed, and what to change."""

import re
from dataclasses import dataclass
from typing import Any

import orjson
import requests
from airbyte_cdk.models import FailureType
from airbyte_cdk.utils.traced_exception import AirbyteTracedException

from source_auth0.api.http.bodies import excerpt, parse_json
from source_auth0.errors import MissingScopeError, RequestRefusedError, config_error, system_error, transient_error

SCOPE_WORDS = re.compile(r"^Insufficient scope(?:, expected(?: (any|all) of)?: (.+))?$")
FIELD_WORDS = re.compile(r"^Some fields cannot be read with the permissions granted")
PAGING_CAP_CODE = "invalid_paging"


@dataclass(frozen=True)
class RequestContext:
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


def json_object(answer: requests.Response) -> dict[str, Any]:
    """The JSON object in an answer, such as Auth0's error envelope; empty where something else came."""
    try:
        body = parse_json(answer.content)
    except orjson.JSONDecodeError:
        return {}
    return body if isinstance(body, dict) else {}


def error_code_and_message(answer: requests.Response) -> tuple[str, str]:
    """The `errorCode` and the message of Auth0's error envelope, "" for what is not there."""
    body = json_object(answer)
    return excerpt(body.get("errorCode")), excerpt(body.get("message"))


def scope_error(message: str, reader: RequestContext) -> AirbyteTracedException | None:
    """The error of a 403 that tells of a missing scope; None for any other."""
    if match := SCOPE_WORDS.match(message):
        named = tuple(re.findall(r"[a-z]+:[a-z_]+", match.group(2) or "")) or reader.scopes
        declared = tuple(scope for scope in named if scope in reader.scopes)
        return MissingScopeError(reader.stream, named if match.group(1) == "all" else (declared or named)[:1])
    if FIELD_WORDS.match(message):
        return MissingScopeError(reader.stream, reader.scopes, names_fields=True)
    return None


def busy_error(answer: requests.Response, reader: RequestContext) -> AirbyteTracedException:
    """The error that several answers in vain become."""
    message = error_code_and_message(answer)[1] or excerpt(answer.reason) or "no reason given"
    return transient_error(
        f"Auth0 kept answering `{reader.stream}` with status {answer.status_code} ({message}). What was read is kept; "
        "the next sync goes on from there.",
    )


def unauthorized_error(answer: requests.Response, reader: RequestContext) -> AirbyteTracedException:
    """The error of a token that is not accepted."""
    message = error_code_and_message(answer)[1] or "no reason given"
    return config_error(
        f"Auth0 does not accept the access token for `{reader.stream}` ({message}). It has to be issued by this very "
        "tenant, through this very domain, for the Management API: check the Base URL and the Audience, or create a "
        "new token.",
    )


def refused_error(answer: requests.Response, code: str, message: str, reader: RequestContext) -> AirbyteTracedException:
    """The error of any other answer."""
    status, said = answer.status_code, message or excerpt(answer.reason) or "no reason given"
    if code == PAGING_CAP_CODE or "exceeds the allowed maximum of 1000 records" in message:
        return system_error(
            f"`{reader.stream}` has more rows than Auth0 lets anyone page through by number ({said}). Nothing was left "
            "out silently: the stream fails. Please report it, since this list needs another way of paging.",
        )
    if status == requests.codes.not_found:
        return RequestRefusedError(
            status,
            f"Auth0 has nothing at the address of `{reader.stream}` (404 {said}). Check that the Base URL is the "
            "tenant's domain and nothing else answers there.",
            FailureType.config_error,
        )
    if 300 <= status < 400:  # noqa: PLR2004 - redirects are never followed with the token
        return config_error(
            f"The Base URL redirects `{reader.stream}` elsewhere (status {status}), where the token must not go. Enter "
            "the domain that answers itself.",
        )
    return RequestRefusedError(
        status, f"Auth0 refused `{reader.stream}` ({status} {code} {said}).", FailureType.system_error
    )
