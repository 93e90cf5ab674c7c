"""The errors that answers of the Management API become: what failed, and what to change."""

import re
from dataclasses import dataclass
from typing import Any

import orjson
import requests
from airbyte_cdk.models import FailureType
from airbyte_cdk.utils.traced_exception import AirbyteTracedException

from source_auth0.components.bodies import parsed, words
from source_auth0.components.problems import MissingScope, Refusal, config_error, system_error, transient_error

SCOPE_WORDS = re.compile(r"^Insufficient scope(?:, expected(?: (any|all) of)?: (.+))?$")
FIELD_WORDS = re.compile(r"^Some fields cannot be read with the permissions granted")
TOO_DEEP = "invalid_paging"


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


def json_object(answer: requests.Response) -> dict[str, Any]:
    """The JSON object in an answer, such as Auth0's error envelope; empty where something else came."""
    try:
        body = parsed(answer.content)
    except orjson.JSONDecodeError:
        return {}
    return body if isinstance(body, dict) else {}


def said_in(answer: requests.Response) -> tuple[str, str]:
    """The `errorCode` and the message of Auth0's error envelope, "" for what is not there."""
    body = json_object(answer)
    return words(body.get("errorCode")), words(body.get("message"))


def scope_error(message: str, reader: Reader) -> AirbyteTracedException | None:
    """The error of a 403 that tells of a missing scope; None for any other."""
    if match := SCOPE_WORDS.match(message):
        named = tuple(re.findall(r"[a-z]+:[a-z_]+", match.group(2) or "")) or reader.scopes
        declared = tuple(scope for scope in named if scope in reader.scopes)
        return MissingScope(reader.stream, named if match.group(1) == "all" else (declared or named)[:1])
    if FIELD_WORDS.match(message):
        return MissingScope(reader.stream, reader.scopes, names_fields=True)
    return None


def busy(answer: requests.Response, reader: Reader) -> AirbyteTracedException:
    """The error that several answers in vain become."""
    message = said_in(answer)[1] or words(answer.reason) or "no reason given"
    return transient_error(
        f"Auth0 kept answering `{reader.stream}` with status {answer.status_code} ({message}). What was read is kept; "
        "the next sync goes on from there.",
    )


def unauthorized(answer: requests.Response, reader: Reader) -> AirbyteTracedException:
    """The error of a token that is not accepted."""
    message = said_in(answer)[1] or "no reason given"
    return config_error(
        f"Auth0 does not accept the access token for `{reader.stream}` ({message}). It has to be issued by this very "
        "tenant, through this very domain, for the Management API: check the Base URL and the Audience, or create a "
        "new token.",
    )


def refusal(answer: requests.Response, code: str, message: str, reader: Reader) -> AirbyteTracedException:
    """The error of any other answer."""
    status, said = answer.status_code, message or words(answer.reason) or "no reason given"
    if code == TOO_DEEP or "exceeds the allowed maximum of 1000 records" in message:
        return system_error(
            f"`{reader.stream}` has more rows than Auth0 lets anyone page through by number ({said}). Nothing was left "
            "out silently: the stream fails. Please report it, since this list needs another way of paging.",
        )
    if status == requests.codes.not_found:
        return Refusal(
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
    return Refusal(status, f"Auth0 refused `{reader.stream}` ({status} {code} {said}).", FailureType.system_error)
