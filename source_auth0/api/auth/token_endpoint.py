"""The token endpoint: how it is asked, and what each of its answers tells a person to change."""

import re
import time
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

import requests
from airbyte_cdk.models import FailureType
from airbyte_cdk.utils.traced_exception import AirbyteTracedException

from source_auth0.api.http.bodies import BodyTooLargeError, excerpt
from source_auth0.api.http.connection_errors import CONNECTION_ERRORS, connection_error
from source_auth0.api.http.response_errors import json_object
from source_auth0.api.http.session import PooledSession, no_auth
from source_auth0.errors import GRANT_PATH, config_error, transient_error
from source_auth0.redaction.log_masking import MASK, mask_secret_like, quote_input

#: Connect and read timeouts of one attempt, and what all attempts together may take: a check answers within 30 s, and
#: one attempt that gets no answer leaves time for another.
TIMEOUT_SECONDS = (5, 10)
FIRST_SIGN_IN_SECONDS = 28
#: The same amid a sync, which would lose hours of work; and the longest wait between two attempts.
RENEWAL_SECONDS = 300
MAX_SIGN_IN_BACKOFF_SECONDS = 30.0
#: Seconds waited by which an odd answer of an endpoint that has never given a token is no accident.
MAX_UNKNOWN_ANSWER_SECONDS = 4.0
SETTINGS_PATH = "Applications › your application › Settings"
#: Visible ASCII, as in a header, and no longer than one may be.
TOKEN_PATTERN = re.compile(r"[\x21-\x7e]{1,32768}")


TokenForm = Mapping[str, str]


class NotAnAuth0TenantError(AirbyteTracedException):
    """Something answered that does not speak as Auth0 does."""

    def __init__(self, host: str, status: int | None = None) -> None:
        self.status = status
        what = "an answer without an end" if status is None else f"status {status}"
        message = (
            f"{host} does not answer like an Auth0 tenant ({what} for /oauth/token). Check the Base URL: it is the "
            f"Domain shown under {SETTINGS_PATH}."
        )
        super().__init__(message=message, internal_message=message, failure_type=FailureType.config_error)


def request_token(
    base_url: str,
    make_form: Callable[[], TokenForm],
    observe_date: Callable[[str | None], None],
    *,
    seconds: float = FIRST_SIGN_IN_SECONDS,
    known: bool = False,
) -> dict[str, Any]:
    """Ask for a token, again for so many seconds while the endpoint is only busy.

    Each attempt has a form of its own, since a client assertion is good once; `observe_date` is told the `Date` of
    each answer. `known`: it has given a token before, so that something in between must have answered what makes no
    sense. The answer has `access_token`, and mostly `expires_in` (seconds) and `scope` (separated by spaces).

    Raises a config error that names what to change, or a transient one when the endpoint stays out of reach.
    """
    began, wait = time.monotonic(), 1.0
    while True:
        try:
            return _attempt(base_url, make_form(), observe_date)
        except AirbyteTracedException as error:
            is_late = time.monotonic() - began + wait + sum(TIMEOUT_SECONDS) > seconds
            if is_late or not _is_retryable(error, wait, known=known):
                raise
        time.sleep(wait)
        wait = min(2 * wait, MAX_SIGN_IN_BACKOFF_SECONDS)


def _is_retryable(error: AirbyteTracedException, wait: float, *, known: bool) -> bool:
    """Whether another attempt may fare better."""
    if isinstance(error, NotAnAuth0TenantError):
        return known or (error.status == requests.codes.ok and wait < MAX_UNKNOWN_ANSWER_SECONDS)
    return bool(error.failure_type == FailureType.transient_error)


def _attempt(base_url: str, form: TokenForm, observe_date: Callable[[str | None], None]) -> dict[str, Any]:
    try:
        with PooledSession() as session:
            answer = session.post(
                f"{base_url}/oauth/token", data=form, timeout=TIMEOUT_SECONDS, allow_redirects=False, auth=no_auth
            )
    except CONNECTION_ERRORS as error:
        raise connection_error(base_url, error) from None
    except BodyTooLargeError:
        raise NotAnAuth0TenantError(urlsplit(base_url).netloc) from None
    observe_date(answer.headers.get("date"))
    body = json_object(answer)
    token = body.get("access_token")
    if answer.status_code == requests.codes.ok and isinstance(token, str) and TOKEN_PATTERN.fullmatch(token):
        return body
    raise _refused_error(base_url, form, answer, body)


def _refused_error(
    base_url: str, form: TokenForm, answer: requests.Response, body: Mapping[str, Any]
) -> AirbyteTracedException:
    host = urlsplit(base_url).netloc
    error, said = _masked_excerpt(body, "error", form), _masked_excerpt(body, "error_description", form)
    if answer.status_code == requests.codes.too_many_requests or answer.status_code >= requests.codes.server_error:
        return transient_error(
            f"{host} could not give an access token just now ({answer.status_code} {said or excerpt(answer.reason)}). "
            "Try again later."
        )
    if not error:
        return NotAnAuth0TenantError(host, answer.status_code)
    return config_error(
        _advice(error, said, form, host)
        or f"{host} refused to give an access token ({answer.status_code} {error}: {said})."
    )


def _masked_excerpt(body: Mapping[str, Any], name: str, form: TokenForm) -> str:
    """A text of an answer, which may repeat what was sent."""
    text = body.get(name)
    if not isinstance(text, str):
        return ""
    for secret in (form.get("client_secret"), form.get("client_assertion")):
        text = text.replace(secret, MASK) if secret else text
    return excerpt(mask_secret_like(text))


def _advice(error: str, said: str, form: TokenForm, host: str) -> str | None:
    """What to change for a refusal, told apart as Auth0 words them."""
    if error == "unauthorized_client" and "Grant type" in said:
        return (
            f"The application may not use the Client Credentials grant. Switch it on in {host} under {SETTINGS_PATH} › "
            "Advanced Settings › Grant Types; the application has to be of the type Machine to Machine."
        )
    if said.startswith(("Service not found", "Service not enabled")):
        return (
            f"Audience `{quote_input(form['audience'])}` is not an API of {host}. Enter the Identifier shown under "
            "Applications › APIs › Auth0 Management API: `https://YOUR_TENANT/api/v2/`, even where a custom domain is "
            "used."
        )
    if "is not authorized to access" in said or "has not been granted scopes" in said:
        return (
            f"The application is not authorized for the Management API of {host}. Authorize it under {GRANT_PATH}, and "
            "grant it the read scopes of what you want to sync."
        )
    if "Non-global clients" in said:
        return (
            f"Audience is missing. Enter the Identifier of the Auth0 Management API, such as `https://{host}/api/v2/`."
        )
    return _wrong_credentials_advice(form, host) if error in {"access_denied", "invalid_client"} else None


def _wrong_credentials_advice(form: TokenForm, host: str) -> str:
    if "client_assertion" in form:
        return (
            f"{host} refused the Client ID or the Private Key. Under Applications › your application › Credentials, "
            "the authentication method has to be Private Key JWT, with the public key that belongs to yours and the "
            "same algorithm. Check too that the Base URL is that tenant's, and that this machine's clock is right."
        )
    return (
        f"{host} refused the Client ID or the Client Secret. Copy both again from {SETTINGS_PATH}, and check that the "
        "Base URL is that tenant's."
    )
